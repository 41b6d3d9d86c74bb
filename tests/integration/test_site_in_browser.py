"""The docs site in a real browser, on a phone and on a desktop: nothing is cut off, tabs and search lead to tasks."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from typing_extensions import override

from tests.support.browser import DOMAIN, chromium, visit
from tests.support.docs import build_site
from tests.support.required import skipped_without

SITE: Final = f"http://docs.{DOMAIN}"
PHONE, DESKTOP = 390, 1280
PAGES: Final = ("index", "start/laptop", "how-to/404", "how-to/files", "concepts/verified", "servers", "reference/api")
CUT_OFF: Final = """() => {
    const width = document.documentElement.clientWidth;
    const pictures = [...document.querySelectorAll("article img")];
    return [
        ...(document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : []),
        ...pictures.filter(one => {
            const {left, right} = one.getBoundingClientRect();
            return !one.complete || !one.naturalWidth || left < 0 || right > width;
        }).map(one => one.src),
    ];
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line on standard error for each."""

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("site")
    build_site(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(address: str) -> AsyncIterator[Browser]:
    with skipped_without("PROXIEDAPP_REQUIRE_BROWSER"):
        async with chromium(address, address) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with visit(browser) as visiting:
        yield visiting.page
    assert visiting.strays == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_nothing_of_a_page_is_cut_off(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for name in PAGES:
        await page.goto(f"{SITE}/{name}.html")
        await expect(page.locator("article h1")).to_be_visible()
        found[name] = await page.evaluate(CUT_OFF)
    assert found == {name: [] for name in PAGES}


async def test_tab_opens_the_pages_for_newcomers(page: Page) -> None:
    await page.goto(f"{SITE}/index.html")
    await page.locator(".md-tabs__link", has_text="Start").click()
    await page.wait_for_url(f"{SITE}/start/index.html")


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_search_for_a_symptom_finds_the_page_that_solves_it_first(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(f"{SITE}/index.html")
    if width == PHONE:
        await page.locator("label.md-header__button[for=__search]").click()
    await page.locator("input.md-search__input").fill("404")
    first = page.locator(".md-search-result__link").first
    await expect(first).to_be_visible()
    assert "how-to/404.html" in (await first.get_attribute("href") or "")
