"""The docs page as users see it: a real browser, the real Swagger UI, the real proxy.

If PROXIEDAPP_SCREENSHOTS names a folder, the tests write the screenshots for docs/images there (`make screenshots`).
If PROXIEDAPP_REQUIRE_BROWSER is set, a missing browser or npm is a failure.
"""

import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.support import plain
from tests.support.browser import DOMAIN, Visit, chromium, visit
from tests.support.manifests import hello
from tests.support.npm import package
from tests.support.required import skipped_without
from tests.support.sandbox import Sandbox, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICTURES: Final = os.environ.get("PROXIEDAPP_SCREENSHOTS")
STAGING: Final = "https://stag.example.com"
PRODUCTION: Final = "https://prod.example.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(sandbox: Sandbox) -> AsyncIterator[Browser]:
    with skipped_without("PROXIEDAPP_REQUIRE_BROWSER"):
        package("swagger-ui-dist")
        async with chromium(sandbox.http_url, sandbox.https_url) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser) -> AsyncIterator[Visit]:
    async with visit(browser) as visiting:
        yield visiting
    assert visiting.strays == []


@pytest.fixture
def host(namespace: str) -> str:
    """Return a host that no earlier test has used. Screenshots show it, so they use a fixed one."""
    return f"{'shop' if PICTURES else namespace}.{DOMAIN}"


def serve(sandbox: Sandbox, namespace: str, host: str, title: str, **spec: Any) -> None:
    """Apply an app at the host and /api/v1, and wait until the proxy serves it on both entry points."""

    def served(url: str) -> bool:
        docs = plain.get(f"{url}/api/v1/docs", headers={"Host": host})
        return f"<title>{title}" in docs.text

    sandbox.apply(hello("shop", namespace, route={"hosts": [host]}, **spec))
    sandbox.wait_ready("shop", namespace)
    for url in (sandbox.http_url, sandbox.https_url):
        eventually(partial(served, url), f"{title} at {url}")


def wait_for_verdict(sandbox: Sandbox, namespace: str, reason: str) -> None:
    """Wait for this verdict: a proxy that is slow to load its routes causes another one at first."""
    status = "True" if reason == "Verified" else "False"

    def reported() -> bool:
        found = sandbox.conditions("shop", namespace)["Verified"]
        return (found["status"], found["reason"]) == (status, reason)

    eventually(reported, f"the verdict {reason}")


async def operations(page: Page, count: int) -> list[str | None]:
    """Wait until the page lists `count` operations, and return their paths."""
    paths = page.locator(".opblock-summary-path")
    await expect(paths).to_have_count(count)
    return [await path.get_attribute("data-path") for path in await paths.all()]


async def expect_servers(page: Page, *shown: str) -> None:
    await expect(page.locator("#servers option")).to_have_text(list(shown))


async def try_it_out(page: Page, path: str) -> Locator:
    """Press "Try it out" and "Execute" on the operation GET `path`, and return the operation's element."""
    operation = page.locator(".opblock", has=page.locator(f'[data-path="{path}"]'))
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    return operation


async def expect_answer(operation: Locator, status: int, url: str, body: str) -> None:
    """Wait until the page shows the status and body of the response, and the URL of the request."""
    answer = operation.locator(".live-responses-table .response")
    await expect(answer.locator(".response-col_status")).to_have_text(str(status))
    await expect(answer.locator(".response-col_description")).to_contain_text(body)
    await expect(operation.locator(".request-url pre")).to_have_text(url)


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.mouse.move(0, 0)
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled", caret="hide")


SCHEMES = pytest.mark.parametrize("scheme", ["http", "https"])


@SCHEMES
async def test_operation_can_be_tried_out(
    sandbox: Sandbox, namespace: str, host: str, visitor: Visit, scheme: str
) -> None:
    serve(sandbox, namespace, host, "Hello")
    page, origin = visitor.page, f"{scheme}://{host}"
    await page.goto(f"{origin}/api/v1/docs")
    await expect(page).to_have_title("Hello - Swagger UI")
    assert await operations(page, 4) == ["/app", "/items/", "/whoami", "/healthz"]
    await expect_servers(page, "/api/v1")
    if scheme == "https":
        await picture(page, "docs-page")

    operation = await try_it_out(page, "/app")
    await expect_answer(operation, 200, f"{origin}/api/v1/app", '"root_path": "/api/v1"')
    if scheme == "https":
        await operation.get_by_role("button", name="Execute").evaluate("button => button.scrollIntoView()")
        await picture(page, "try-it-out")
    wait_for_verdict(sandbox, namespace, "Verified")


@SCHEMES
async def test_mounted_app_has_its_own_docs_page(
    sandbox: Sandbox, namespace: str, host: str, visitor: Visit, scheme: str
) -> None:
    serve(sandbox, namespace, host, "Hello")
    page, origin = visitor.page, f"{scheme}://{host}"
    await page.goto(f"{origin}/api/v1/subapi/docs")
    await expect(page).to_have_title("Hello, mounted - Swagger UI")
    assert await operations(page, 1) == ["/sub"]
    await expect_servers(page, "/api/v1/subapi")
    operation = await try_it_out(page, "/sub")
    await expect_answer(operation, 200, f"{origin}/api/v1/subapi/sub", "Hello World from sub API")


async def test_server_that_needs_the_adapter_shows_the_same(
    sandbox: Sandbox, namespace: str, host: str, visitor: Visit
) -> None:
    serve(sandbox, namespace, host, "Hello", command=["hypercorn", "main:app"])
    page = visitor.page
    await page.goto(f"https://{host}/api/v1/docs")
    assert await operations(page, 4) == ["/app", "/items/", "/whoami", "/healthz"]
    await expect_servers(page, "/api/v1")
    operation = await try_it_out(page, "/app")
    await expect_answer(operation, 200, f"https://{host}/api/v1/app", '"root_path": "/api/v1"')
    await expect_answer(await try_it_out(page, "/whoami"), 200, f"https://{host}/api/v1/whoami", '"scheme": "https"')


async def test_further_servers_follow_the_prefix_and_can_be_chosen(
    sandbox: Sandbox, namespace: str, host: str, visitor: Visit
) -> None:
    serve(sandbox, namespace, host, "Orders", image="sandbox.local/several_servers:1")
    page = visitor.page
    visitor.answers[f"{STAGING}/app"] = {"message": "from staging"}
    await page.goto(f"https://{host}/api/v1/docs")
    await expect_servers(page, "/api/v1", f"{STAGING} - Staging environment", f"{PRODUCTION} - Production environment")
    servers = page.locator("#servers")
    await expect(servers).to_have_value("/api/v1")
    operation = await try_it_out(page, "/app")
    await expect_answer(operation, 200, f"https://{host}/api/v1/app", '"root_path": "/api/v1"')
    assert visitor.asked == []
    # A drop-down list is drawn by the desktop and is not part of a screenshot, so show the list in the page.
    await servers.evaluate("select => select.size = select.options.length")
    await picture(page, "servers")

    await servers.select_option(STAGING)
    await operation.get_by_role("button", name="Execute").click()
    await expect_answer(operation, 200, f"{STAGING}/app", "from staging")
    assert visitor.asked == [f"{STAGING}/app"]
    wait_for_verdict(sandbox, namespace, "Verified")


async def test_docs_that_verification_reports_as_wrong_are_broken_in_the_browser(
    sandbox: Sandbox, namespace: str, host: str, visitor: Visit
) -> None:
    serve(sandbox, namespace, host, "Hello", image="sandbox.local/lost-docs:1")
    page = visitor.page
    await page.goto(f"https://{host}/api/v1/docs")
    await expect(page.get_by_text("Failed to load API definition.")).to_be_visible()
    await expect(page.locator(".errors-wrapper")).to_contain_text("/openapi.json")
    await expect(page.locator(".opblock")).to_have_count(0)
    wait_for_verdict(sandbox, namespace, "DocsSchemaURL")
