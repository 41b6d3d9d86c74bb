"""A real Chromium that reaches the sandbox's apps by public names, and nothing else.

Names under `apps.example.com` resolve to the sandbox's Traefik on the usual ports, so URLs look as in production. All
other requests are handled in the browser: files of the CDN come from the npm packages that npm.json pins, a test can
provide other responses, and everything else is aborted and recorded as a stray request.
"""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Route, async_playwright, expect

from tests.support.npm import NotInstalledError, package, pins

DOMAIN = "apps.example.com"
CDN = re.compile(r"https://cdn\.jsdelivr\.net/npm/(?P<name>[a-z-]+)@(?P<major>\d+)/(?P<file>[\w./-]+)")
FAVICON = "https://fastapi.tiangolo.com/img/favicon.png"
PATIENCE = 120_000
"""Milliseconds that anything in the browser may take on a busy machine; Playwright's own defaults are 5 and 30 s."""
expect.set_options(timeout=PATIENCE)

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)


@dataclass
class Visit:
    """A page, and its requests to other servers than the sandbox."""

    page: Page
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The JSON responses that the test provides, by URL."""
    asked: list[str] = field(default_factory=list)
    """The requested URLs that the test provides."""
    strays: list[str] = field(default_factory=list)
    """The requested URLs that got no response."""

    async def handle(self, route: Route) -> None:
        """Let a request pass to the sandbox, answer it here, or abort it."""
        url = route.request.url
        host = urlsplit(url).hostname or ""
        if host.endswith(f".{DOMAIN}"):
            await route.continue_()
        elif url in self.answers:
            self.asked.append(url)
            # The API is on another origin than the page, so it must allow requests from other origins.
            headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
            await route.fulfill(status=200, headers=headers, body=json.dumps(self.answers[url]))
        elif (body := asset(url)) is not None:
            await route.fulfill(status=200, content_type=guess_type(url)[0], body=body)
        else:
            self.strays.append(url)
            await route.abort()


def asset(url: str) -> bytes | None:
    """Return a file that docs pages load from the Internet, or None if its package and version are not pinned."""
    if url == FAVICON:
        return package("swagger-ui-dist")["favicon-32x32.png"]
    asked = CDN.fullmatch(url)
    if asked is None or not pins().get(asked["name"], {}).get("version", "").startswith(f"{asked['major']}."):
        return None
    return package(asked["name"]).get(asked["file"])


@asynccontextmanager
async def chromium(http_url: str, https_url: str) -> AsyncIterator[Browser]:
    """Run a browser in which the apps' names resolve to the proxy at these URLs; raises NotInstalledError."""
    http, https = urlsplit(http_url).netloc, urlsplit(https_url).netloc
    rules = f"MAP *.{DOMAIN}:80 {http}, MAP *.{DOMAIN}:443 {https}, MAP * ~NOTFOUND"
    async with async_playwright() as playwright:
        program = find_chromium(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=[*QUIET, f"--host-resolver-rules={rules}"],
            chromium_sandbox=False,
            timeout=PATIENCE,
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Open a page without cookies or cache of earlier pages that accepts the sandbox's certificate."""
    context = await browser.new_context(
        ignore_https_errors=True, service_workers="block", viewport={"width": 1280, "height": 800}
    )
    context.set_default_timeout(PATIENCE)
    try:
        visit = Visit(await context.new_page())
        await context.route("**/*", visit.handle)
        yield visit
    finally:
        await context.close()


def find_chromium(playwrights_own: str) -> str:
    """Return the Chromium to run: that of PROXIEDAPP_CHROMIUM, one on PATH, or Playwright's own.

    Raises NotInstalledError if there is none.
    """
    given = os.environ.get("PROXIEDAPP_CHROMIUM")
    if given:
        found = shutil.which(given)
        if found is None:
            raise NotInstalledError(f"PROXIEDAPP_CHROMIUM names {given}, which is not a program")
        return found
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if Path(playwrights_own).exists():
        return playwrights_own
    raise NotInstalledError(
        "there is no Chromium: install it (Debian: apt-get install chromium; elsewhere: playwright install chromium), "
        "or set PROXIEDAPP_CHROMIUM to one"
    )
