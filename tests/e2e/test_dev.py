"""`proxiedapp dev`: each proxy once, with different servers; reload; and what is left behind, which is nothing."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.support.browser import PATIENCE, QUIET, find_chromium
from tests.support.dev import Dev, get, rewrite, running
from tests.support.required import skipped_without

APPS = Path(__file__).parent / "dev_apps"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the app outside the repository."""
    copy = tmp_path / "app"
    shutil.copytree(APPS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.parametrize(
    ("proxy", "server", "scheme"),
    [("traefik", "uvicorn", "http"), ("nginx", "hypercorn", "https"), ("caddy", "gunicorn-asgi", "https")],
)
def test_app_is_right_behind_each_proxy(tmp_path: Path, folder: Path, proxy: str, server: str, scheme: str) -> None:
    flags = ("--proxy", proxy, "--server", server, "--prefix", "/api/v1", *(["--https"] if scheme == "https" else []))
    with running(tmp_path / "run", "main:app", *flags, folder=folder) as dev:
        ready = dev.wait_for("ready")
        url = ready["url"].removesuffix("/")
        assert url.startswith(f"{scheme}://")
        assert ready["docs"] == [f"{url}/docs", f"{url}/sub/docs"]
        verdict = dev.wait_for("verdict")
        assert verdict["ok"], verdict
        assert verdict["notes"] == []
        codes = {finding["code"]: finding["seen"] for finding in verdict["findings"]}
        assert not [seen for seen in codes.values() if seen.startswith("not judged")]
        assert "MountedApp" in codes

        seen = get(
            f"{url}/seen/x?q=1", X_Forwarded_For="6.6.6.6", X_Forwarded_Prefix="/forged", Forwarded="for=6.6.6.6"
        )
        body = seen.json()
        assert (body["path"], body["root_path"], body["scheme"]) == ("/api/v1/seen/x", "/api/v1", scheme)
        assert body["client"] == "127.0.0.1"
        forged = {"forwarded", "x-forwarded-prefix", "daphne-root-path"} & {name for name, _ in body["headers"]}
        assert forged == set()
        requested = dev.wait_for("request", lambda event: "/seen/" in event["outside"])
        inside = "/seen/x?q=1"  # the adapter lets every server take a stripped prefix
        assert (requested["outside"], requested["inside"], requested["status"]) == ("/api/v1/seen/x?q=1", inside, 200)

        bare = get(f"{url}?q=1")
        assert (bare.status_code, bare.headers["location"]) == (302, "/api/v1/?q=1")
        assert get(f"{url}0/seen").status_code == 404

        assert dev.stop() == 0
        assert (dev.processes(), dev.files()) == ([], [])


def test_app_restarts_when_its_code_changes_and_a_request_waits_for_it(tmp_path: Path, folder: Path) -> None:
    with running(tmp_path / "run", "main:app", folder=folder) as dev:
        url = dev.wait_for("ready")["url"]
        main = folder / "main.py"
        good = main.read_text()

        rewrite(main, "import nosuch\n" + good)
        dev.wait_for("changed")
        problem = dev.wait_for("problem")
        assert problem["text"].startswith("main.py:1: ModuleNotFoundError: No module named 'nosuch'. ")
        assert get(f"{url}items/").status_code == 502

        rewrite(main, good.replace('["a"]', '["changed"]'))
        dev.wait_for("command")
        assert get(f"{url}items/").json() == ["changed"]


@pytest.mark.parametrize("victim", ["tool", "proxy", "terminal"])
def test_nothing_is_left_whatever_ends(tmp_path: Path, folder: Path, victim: str) -> None:
    with running(tmp_path / "run", "main:app", "--server", "gunicorn-asgi", folder=folder) as dev:
        dev.wait_for("ready")
        dev.wait_for("started") if not any(event["event"] == "started" for event in dev.events) else None
        assert len(dev.processes()) > 4
        match victim:
            case "tool":
                dev.process.kill()
            case "proxy":
                os.kill(_pid_of(dev, "traefik"), signal.SIGKILL)
                assert dev.process.wait() == 1
                assert dev.errors().startswith("proxiedapp: --proxy traefik: the proxy ended: ")
            case _:
                assert dev.stop(signal.SIGHUP) == 0
        dev.process.wait()
        dev.wait_until_nothing_is_left()


def test_several_apps_of_a_yaml_file_share_the_proxy(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "two-services", folder)
    with running(tmp_path / "run", "app.yaml", folder=folder) as dev:
        verdicts = [dev.wait_for("verdict"), dev.wait_for("verdict")]
        assert {verdict["app"]: verdict["ok"] for verdict in verdicts} == {"orders": True, "users": True}
        urls = {event["app"]: event["url"] for event in dev.events if event["event"] == "ready"}
        assert urls["orders"].startswith("http://shop.example.com.localhost:")
        port = urls["orders"].rpartition(":")[2].partition("/")[0]
        schema = get(f"http://127.0.0.1:{port}/users/openapi.json", Host="shop.example.com").json()
        assert schema["servers"] == [{"url": "/users"}]

        file = folder / "app.yaml"
        rewrite(file, file.read_text().replace("pathPrefix: /users", "pathPrefix: /people"))
        dev.wait_for("verdict", lambda event: bool(event["app"] == "users"))
        schema = get(f"http://127.0.0.1:{port}/people/openapi.json", Host="shop.example.com").json()
        assert schema["servers"] == [{"url": "/people"}]
        assert dev.stop() == 0


async def test_page_shows_what_runs_in_a_browser(tmp_path: Path, folder: Path) -> None:
    with running(tmp_path / "run", "main:app", "--prefix", "/api/v1", folder=folder) as dev:
        dev.wait_for("verdict")
        page_url = next(event["page"] for event in dev.events if event["event"] == "started")
        url = next(event["url"] for event in dev.events if event["event"] == "ready")
        get(f"{url}<b>nosuch</b>")
        async with async_playwright() as playwright:
            with skipped_without("PROXIEDAPP_REQUIRE_BROWSER"):
                program = find_chromium(playwright.chromium.executable_path)
            browser = await playwright.chromium.launch(
                executable_path=program, args=[*QUIET], chromium_sandbox=False, timeout=PATIENCE
            )
            page = await browser.new_page()
            page.set_default_timeout(PATIENCE)
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            await page.goto(page_url)
            await expect(page.get_by_role("heading", name="app", exact=True)).to_be_visible()
            await expect(page.get_by_text("verified: nothing is wrong")).to_be_visible()
            await expect(page.get_by_role("link", name=f"{url}docs", exact=True)).to_be_visible()
            await expect(page.get_by_role("cell", name="404")).to_be_visible()
            await browser.close()
        assert errors == []
        assert dev.stop() == 0


def _pid_of(dev: Dev, program: str) -> int:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if words[0].endswith(program.encode()) and str(dev.temporary).encode() in environment:
                return int(folder.name)
    raise AssertionError(f"{program} does not run")
