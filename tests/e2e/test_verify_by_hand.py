"""`verify` on servers and routes that are configured by hand: it names each mistake and finds no other fault.

The operator takes no part: a real Traefik and real servers run with nothing but their own flags.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from proxiedapp.verify.check import verify
from proxiedapp.verify.codes import Code
from proxiedapp.verify.target import VerifyOptions
from tests.support.byhand import (
    DAPHNE,
    FASTAPI,
    GRANIAN,
    GUNICORN_ASGI,
    GUNICORN_UVICORN,
    HYPERCORN,
    PREFIX,
    ROOT_PATH,
    UVICORN,
    Combination,
    Traefik,
    traefik,
)
from tests.support.sandbox import PATIENCE, proxiedapp

ROUNDS = 3
"""How often each right combination is checked through each entry point."""
PLAIN = VerifyOptions()
ALL = VerifyOptions(
    extra_paths=(
        "/app",
        "/items",
        "/items/plumbus",
        "/subapi/openapi.json",
        "/subapi/docs",
        "/static/prefixapps.py",
        "ws:/ws",
    )
)
GRANIAN_ROOT_PATH = (*GRANIAN, "--url-path-prefix", PREFIX)
BOTH, HTTP = ("http", "https"), ("http",)


WRONG: Final[dict[str, tuple[Combination, str, Code]]] = {
    "hypercorn-strip": (Combination((*HYPERCORN, *ROOT_PATH), strips=True), "http", Code.REDIRECT_PREFIX),
    "granian-strip": (Combination(GRANIAN_ROOT_PATH, strips=True), "http", Code.REDIRECT_PREFIX),
    "daphne-strip": (Combination((*DAPHNE, *ROOT_PATH), strips=True), "http", Code.REDIRECT_PREFIX),
    "gunicorn-asgi-strip": (Combination((*GUNICORN_ASGI, *ROOT_PATH), strips=True), "https", Code.REDIRECT_PREFIX),
    "uvicorn-keep": (Combination((*UVICORN, *ROOT_PATH), strips=False), "http", Code.NOT_SERVED),
    "fastapi-run-keep": (Combination((*FASTAPI, *ROOT_PATH), strips=False), "http", Code.NOT_SERVED),
    "hypercorn-keep-no-root-path": (Combination(HYPERCORN, strips=False), "http", Code.NOT_SERVED),
    "uvicorn-strip-no-root-path": (Combination(UVICORN, strips=True), "https", Code.OPENAPI_SERVERS),
    "gunicorn-uvicorn-worker-ignores-root-path": (
        Combination((*GUNICORN_UVICORN, "--root-path", PREFIX), strips=True),
        "http",
        Code.OPENAPI_SERVERS,
    ),
    "trailing-slash": (Combination((*UVICORN, "--root-path", f"{PREFIX}/"), strips=True), "http", Code.REDIRECT_PREFIX),
    "no-leading-slash": (
        Combination((*UVICORN, "--root-path", PREFIX[1:]), strips=True),
        "http",
        Code.OPENAPI_SERVERS,
    ),
    "another-root-path": (Combination((*UVICORN, "--root-path", "/api/v2"), strips=True), "http", Code.OPENAPI_SERVERS),
    "proxy-not-trusted": (
        Combination((*UVICORN, *ROOT_PATH, "--forwarded-allow-ips", "192.0.2.1"), strips=True),
        "https",
        Code.REDIRECT_SCHEME,
    ),
    "hypercorn-https": (Combination((*HYPERCORN, *ROOT_PATH), strips=False), "https", Code.REDIRECT_SCHEME),
    "granian-https": (Combination(GRANIAN_ROOT_PATH, strips=False), "https", Code.REDIRECT_SCHEME),
    "root-path-in-code-strip": (
        Combination(UVICORN, strips=True, app="root_path_in_code"),
        "http",
        Code.REDIRECT_PREFIX,
    ),
    "root-path-in-code-and-flag-keep": (
        Combination((*UVICORN, *ROOT_PATH), strips=False, app="root_path_in_code"),
        "http",
        Code.NOT_SERVED,
    ),
    "rule-without-boundary-strip": (
        Combination((*UVICORN, *ROOT_PATH), strips=True, segments=False),
        "http",
        Code.NEIGHBOUR_PREFIX,
    ),
    "rule-without-boundary-keep": (
        Combination((*HYPERCORN, *ROOT_PATH), strips=False, segments=False),
        "http",
        Code.NEIGHBOUR_PREFIX,
    ),
    "any-client-trusted": (
        Combination((*UVICORN, *ROOT_PATH, "--forwarded-allow-ips", "*"), strips=True),
        "insecure",
        Code.FORGED_HEADERS,
    ),
    "daphne-root-path-forged": (
        Combination((*DAPHNE, *ROOT_PATH), strips=False, removes_headers=False),
        "http",
        Code.FORGED_HEADERS,
    ),
    "forwarded-prefix-trusted": (
        Combination(UVICORN, strips=True, app="trusts_prefix_header", removes_headers=False),
        "insecure",
        Code.FORGED_HEADERS,
    ),
    "openapi-url-contains-prefix": (
        Combination((*UVICORN, *ROOT_PATH), strips=True, app="schema_under_prefix"),
        "http",
        Code.DOUBLED_PREFIX,
    ),
    "all-paths-contain-prefix": (
        Combination((*UVICORN, *ROOT_PATH), strips=True, app="all_under_prefix"),
        "http",
        Code.DOUBLED_PREFIX,
    ),
    "routes-contain-prefix": (
        Combination((*UVICORN, *ROOT_PATH), strips=True, app="routes_under_prefix"),
        "http",
        Code.PREFIX_IN_PATHS,
    ),
    "routes-contain-prefix-no-root-path": (
        Combination(UVICORN, strips=True, app="routes_under_prefix"),
        "http",
        Code.PREFIX_IN_PATHS,
    ),
    "hypercorn-strip-without-redirects": (
        Combination((*HYPERCORN, *ROOT_PATH), strips=True, app="without_redirects"),
        "http",
        Code.DOUBLED_PREFIX,
    ),
    "proxy-not-trusted-and-https-enforced": (
        Combination((*UVICORN, *ROOT_PATH, "--forwarded-allow-ips", "192.0.2.1"), strips=True, app="enforces_https"),
        "https",
        Code.REDIRECT_SCHEME,
    ),
    "direct-no-root-path": (Combination(UVICORN, strips=True), "direct", Code.OPENAPI_SERVERS),
    "direct-hypercorn-strip": (Combination((*HYPERCORN, *ROOT_PATH), strips=True), "direct", Code.REDIRECT_PREFIX),
    "direct-uvicorn-keep": (Combination((*UVICORN, *ROOT_PATH), strips=False), "direct", Code.NOT_SERVED),
}

RIGHT: Final[dict[str, tuple[Combination, tuple[str, ...], VerifyOptions]]] = {
    "uvicorn-strip": (Combination((*UVICORN, *ROOT_PATH), strips=True), (*BOTH, "direct"), ALL),
    "fastapi-run-strip": (Combination((*FASTAPI, *ROOT_PATH), strips=True), BOTH, ALL),
    "hypercorn-keep": (Combination((*HYPERCORN, *ROOT_PATH), strips=False), HTTP, ALL),
    "granian-keep": (Combination(GRANIAN_ROOT_PATH, strips=False), HTTP, ALL),
    "daphne-keep": (Combination((*DAPHNE, *ROOT_PATH), strips=False), (*BOTH, "direct"), ALL),
    "gunicorn-asgi-keep": (Combination((*GUNICORN_ASGI, *ROOT_PATH), strips=False), BOTH, ALL),
    "root-path-in-code-keep": (Combination(UVICORN, strips=False, app="root_path_in_code"), BOTH, ALL),
    "root-path-in-both": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="root_path_in_code"), BOTH, ALL),
    "all-in-code-keep": (Combination(UVICORN, strips=False, app="all_under_prefix"), BOTH, PLAIN),
    "no-docs": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="without_docs"), BOTH, ALL),
    "no-schema": (
        Combination((*UVICORN, *ROOT_PATH), strips=True, app="without_schema"),
        BOTH,
        VerifyOptions(extra_paths=("/app",)),
    ),
    "no-redirects": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="without_redirects"), BOTH, PLAIN),
    "not-in-servers": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="not_in_servers"), BOTH, ALL),
    "more-servers": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="with_servers"), BOTH, ALL),
    "single-page-app": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="single_page"), BOTH, PLAIN),
    "behind-login": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="behind_login"), BOTH, ALL),
    "enforces-https": (Combination((*UVICORN, *ROOT_PATH), strips=True, app="enforces_https"), BOTH, PLAIN),
    "prefix-by-header": (Combination(UVICORN, strips=True, app="trusts_prefix_header"), BOTH, PLAIN),
    "no-prefix": (Combination(UVICORN, strips=False, prefix=""), BOTH, ALL),
    "no-prefix-hypercorn": (Combination(HYPERCORN, strips=False, prefix=""), HTTP, ALL),
}


REPORTED: Final = "trailing-slash"
"""The wrong combination that the command is run on."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traefik]:
    folder: Path = tmp_path_factory.mktemp("by-hand")
    planned = [combination for combination, *_ in (*WRONG.values(), *RIGHT.values(), WRONG[REPORTED])]
    async with traefik(folder, planned) as running:
        yield running


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.table("wrong combinations that verify names")
@pytest.mark.parametrize("name", WRONG)
async def test_root_cause_comes_first(proxy: Traefik, name: str) -> None:
    combination, entry_point, code = WRONG[name]
    async with proxy.serving(name, combination) as route:
        findings = await verify(route.target(entry_point), PLAIN, seconds=PATIENCE)
    named = [finding.code for finding in findings if not finding.ok]
    assert named[:1] == [code], "\n".join(finding.as_text() for finding in findings)
    assert findings[0].code is code
    assert findings[0].fix


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.table("right combinations in which verify finds nothing")
@pytest.mark.parametrize("name", RIGHT)
async def test_right_combination_has_no_fault(proxy: Traefik, name: str) -> None:
    combination, entry_points, options = RIGHT[name]
    async with proxy.serving(f"right-{name}", combination) as route:
        for target in [route.target(entry_point) for entry_point in entry_points] * ROUNDS:
            findings = await verify(target, options, seconds=PATIENCE)
            assert [finding.as_text() for finding in findings if not finding.ok] == []


def test_right_combinations_are_checked_a_hundred_times() -> None:
    assert sum(ROUNDS * len(entry_points) for _, entry_points, _ in RIGHT.values()) >= 100


@pytest.mark.asyncio(loop_scope="module")
async def test_command_reports_the_fault_and_its_fix(proxy: Traefik) -> None:
    async with proxy.serving("command", WRONG[REPORTED][0]) as route:
        target = route.target("https")
        arguments = (
            "verify",
            target.url,
            "--host",
            route.host,
            "--insecure",
            "--extra-path",
            "/app",
            "--timeout",
            "120",
        )
        as_text, as_json, strict = [
            await asyncio.to_thread(proxiedapp, *more, env={})
            for more in (arguments, (*arguments, "-o", "json"), ("verify", target.url, "--host", route.host))
        ]
    assert as_text.returncode == as_json.returncode == strict.returncode == 1
    first, *others = as_text.stdout.splitlines()
    location = f"https://{route.host}{PREFIX}//openapi.json"
    assert first.startswith(
        f"WRONG RedirectPrefix: Location: {location}; expected: {location.replace('//open', '/open')}; "
    )
    assert first.endswith("; fix: Set the root path without a trailing slash: /api/v1")
    assert f"ok    ExtraPath: GET {PREFIX}/app returned 200" in others
    found = json.loads(as_json.stdout)
    assert [each["code"] for each in found if not each["ok"]] == ["RedirectPrefix"]
    assert {tuple(each) for each in found} == {("code", "ok", "seen", "expected", "fix")}
    assert strict.stdout.startswith("WRONG Unreachable: the certificate is not trusted: ")
    assert "--insecure" in strict.stdout
