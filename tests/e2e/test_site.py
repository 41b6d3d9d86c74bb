"""The docs site in a real browser: it can be read and searched, and asks nothing of other hosts."""

import os
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from typing_extensions import override

from tests.support.browser import DOMAIN, chromium, visit
from tests.support.docs import build_site
from tests.support.npm import Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")

SITE = f"http://docs.{DOMAIN}"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    @override
    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("site")
    build_site(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(address: str) -> AsyncIterator[Browser]:
    try:
        async with chromium(address, address) as running:
            yield running
    except Unavailable as missing:
        if os.environ.get("PROXIEDAPP_REQUIRE_BROWSER"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


async def test_it_is_read_and_searched_without_asking_others(browser: Browser) -> None:
    async with visit(browser) as visiting:
        for page in ("index.html", "servers.html", "browser.html", "reference/api.html"):
            await visiting.page.goto(f"{SITE}/{page}", wait_until="networkidle")
        await visiting.page.get_by_placeholder("Search").fill("stripPrefix")
        await expect(visiting.page.locator(".md-search-result__item").first).to_contain_text("stripPrefix")
    assert visiting.strays == []


async def test_a_request_to_others_would_be_seen(browser: Browser) -> None:
    async with visit(browser) as visiting:
        await visiting.page.goto(f"{SITE}/index.html")
        await visiting.page.evaluate("fetch('https://fonts.example.net/x.woff2').catch(() => null)")
    assert visiting.strays == ["https://fonts.example.net/x.woff2"]
