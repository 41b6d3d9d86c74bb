"""Visit the page of an app with a real browser, and report everything that is not right below the prefix."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, Error, Page, Response, WebSocket, expect

from tests.apps.catalog import App
from tests.support.browser import DOMAIN, visit

SCHEMES: Final = ("http", "https")

_SECONDS: Final = 60.0


@dataclass
class Look:
    """What the browser saw of one app by one scheme. Each text says what is wrong, and is empty if all is right."""

    page: str = ""
    click: str = ""
    assets: str = ""
    websockets: str | None = None
    """None if the page opens none."""
    foreign: list[str] = field(default_factory=list)
    """Other hosts that the page wants to load something from."""
    requests: int = 0

    @property
    def wrong(self) -> list[str]:
        return [text for text in (self.page, self.click, self.assets, self.websockets or "") if text]


class _Recorder:
    """Records the requests of a page, and its errors."""

    def __init__(self, page: Page, host: str, app: App) -> None:
        self.responses: list[Response] = []
        self.websockets: list[WebSocket] = []
        self.answered: set[str] = set()
        self.failed: list[str] = []
        self.errors: list[str] = []
        self._host, self._prefix = host, app.prefix
        self._own_errors = {f"{app.prefix}{path}" for path in app.own_errors}
        page.on("response", self._responded)
        page.on("websocket", self._opened)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _responded(self, response: Response) -> None:
        self.responses.append(response)

    def _opened(self, websocket: WebSocket) -> None:
        self.websockets.append(websocket)
        websocket.on("framereceived", lambda _: self.answered.add(websocket.url))
        websocket.on("socketerror", lambda error: self.failed.append(f"{websocket.url}: {error}"))

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).hostname == self._host

    def _is_below(self, url: str) -> bool:
        path = urlsplit(url).path
        return path == self._prefix or path.startswith(f"{self._prefix}/")

    def wrong_assets(self) -> list[str]:
        """Return the requests to the app's host that left the prefix or failed, each once."""
        wrong = []
        for response in self.responses:
            if not self._is_ours(response.url):
                continue
            if not self._is_below(response.url):
                wrong.append(f"{response.url} is not below the prefix")
            elif response.status >= 400 and urlsplit(response.url).path not in self._own_errors:
                wrong.append(f"{response.url} answers {response.status}")
        return list(dict.fromkeys(wrong))

    def wrong_websockets(self) -> list[str]:
        wrong = list(self.failed)
        wrong += [f"{each.url} is not below the prefix" for each in self.websockets if not self._is_below(each.url)]
        silent = {each.url for each in self.websockets} - self.answered
        wrong += [f"{url} got no message" for url in sorted(silent) if not any(url in text for text in wrong)]
        return list(dict.fromkeys(wrong))


async def look_at(browser: Browser, app: App, host: str, scheme: str) -> Look:
    """Open the address of an app as people type it, and use the page."""
    look = Look()
    expect.set_options(timeout=_SECONDS * 1000)
    async with visit(browser) as visiting:
        page = visiting.page
        page.set_default_timeout(_SECONDS * 1000)
        recorder = _Recorder(page, host, app)
        look.page = await _problem(_open(page, f"{scheme}://{host}{app.prefix}{app.path}", app))
        if not look.page:
            look.click = await _problem(app.click(page))
        look.page = look.page or "; ".join(recorder.errors)
        look.assets = "; ".join(recorder.wrong_assets())
        if recorder.websockets:
            look.websockets = "; ".join(recorder.wrong_websockets())
        look.foreign = sorted({urlsplit(url).hostname or url for url in visiting.strays})
        look.requests = len(recorder.responses)
    return look


async def _open(page: Page, url: str, app: App) -> None:
    answer = await page.goto(url)
    if answer is None or not answer.ok:
        raise AssertionError(f"{url} answers {answer.status if answer else 'nothing'}")
    await app.renders(page)


async def _problem(step: Awaitable[Any]) -> str:
    """Return what went wrong in a step, in one line; empty if nothing did."""
    try:
        await step
    except (AssertionError, Error) as error:
        return " ".join(str(error).split())[:300]
    return ""


def host_of(app: App, namespace: str) -> str:
    return f"{app.name}-{namespace}.{DOMAIN}"
