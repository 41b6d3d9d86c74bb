"""The HTTP client of one check: one target, one deadline, and a limit for the size of each response.

It sends GET requests and WebSocket upgrades only. Redirects are not followed, cookies are dropped, and nothing is taken
from the environment (proxies, credentials).
"""

import asyncio
import secrets
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from proxiedapp.verify.evidence import Answer, Cause, NoAnswer, Reply
from proxiedapp.verify.target import PATH_AND_QUERY, AppAddress, VerifyTarget

_CONCURRENCY: Final = 4
"""Requests at the same time: few enough for an app with one slow worker."""
PEEK: Final = 64 * 1024
"""Bytes read of a response whose content does not matter."""
_CLOSE_FRAME: Final = b"\x88\x82\x00\x00\x00\x00\x03\xe8"
"""A masked close frame with code 1000 (RFC 6455, 5.5.1 and 7.4.1), so the app sees a normal close."""


@asynccontextmanager
async def open_client(target: VerifyTarget, address: AppAddress, seconds: float) -> AsyncIterator["Client"]:
    """Yield a client whose requests all end within `seconds` from now."""
    deadline = asyncio.get_running_loop().time() + seconds
    async with httpx.AsyncClient(
        verify=_tls(address, insecure=target.insecure),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=None,  # noqa: S113 - one deadline for all requests together
        headers={
            "User-Agent": "proxiedapp-verify",
            "Accept-Encoding": "identity",  # a body that is not compressed cannot be a decompression bomb
            **target.headers,
            "Host": address.host_header,
        },
    ) as client:
        yield Client(client, address, asyncio.Semaphore(_CONCURRENCY), deadline, deadline - seconds / 2)


def _tls(address: AppAddress, *, insecure: bool) -> ssl.SSLContext:
    if address.origin.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # unused; loading the authorities would take longer than a check
    if insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()  # httpx 0.28.1 trusts certifi alone; this adds the authorities of this machine
    return context


@dataclass(frozen=True, slots=True)
class Client:
    """Sends the requests of one check; every method returns a reply and none raises."""

    http: httpx.AsyncClient
    address: AppAddress
    slots: asyncio.Semaphore
    deadline: float
    """By the event loop's clock."""
    blame_until: float
    """A request that starts later has too little time left to blame the server if there is no response."""

    async def get_if(self, path: str | None, *, limit: int = PEEK) -> Reply | None:
        """Request a public path; None if there is none, or if it is invalid or outside the prefix."""
        if path is None or not PATH_AND_QUERY.fullmatch(path) or not self.address.contains(path):
            return None
        return await self.get(path, limit=limit)

    async def get(self, path: str, *, limit: int = PEEK, headers: Mapping[str, str] | None = None) -> Reply:
        """Request a public path under the prefix, and read `limit` bytes of the response at most.

        Any other path is not requested: the app may name it, but another app may be served there.
        """
        if not self.address.contains(path):
            return NoAnswer(path, Cause.OUTSIDE)
        return await self._get(path, limit, headers)

    async def get_beside(self, path: str | None) -> Reply | None:
        """Request a public path outside the prefix, so random that no app has such a route; None if there is none."""
        return None if path is None else await self._get(path, PEEK, None)

    async def _get(self, path: str, limit: int, headers: Mapping[str, str] | None) -> Reply:
        """Request a path. A broken connection is tried once more: a server may close one just as it is used again."""
        reply = await self._get_once(path, limit, headers or {})
        broken = isinstance(reply, NoAnswer) and reply.cause is Cause.PROTOCOL
        return await self._get_once(path, limit, headers or {}) if broken else reply

    async def upgrade(self, path: str) -> Reply:
        """Request a WebSocket at a public path, and close it if it opens."""
        key = b64encode(secrets.token_bytes(16)).decode()
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
        }
        return await self.get(path, headers=headers)

    async def _get_once(self, path: str, limit: int, headers: Mapping[str, str]) -> Reply:
        url = self.address.request_url(path)
        if url is None:
            return NoAnswer(path, Cause.PROTOCOL, "it is not under the prefix")
        timeout_cause = Cause.LATE
        try:
            async with asyncio.timeout_at(self.deadline), self.slots:
                if asyncio.get_running_loop().time() <= self.blame_until:
                    timeout_cause = Cause.DEADLINE
                async with self.http.stream(
                    "GET", url, headers=dict(headers), extensions={"sni_hostname": self.address.server_name}
                ) as response:
                    body, complete = await _read_body(response, limit)
                return Answer(
                    path=path,
                    status=response.status_code,
                    location=response.headers.get("location", ""),
                    content_type=response.headers.get("content-type", ""),
                    server=response.headers.get("server", ""),
                    body=body,
                    complete=complete,
                )
        except TimeoutError:
            return NoAnswer(path, timeout_cause)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return _no_answer(path, error)


async def _read_body(response: httpx.Response, limit: int) -> tuple[bytes, bool]:
    """Return the body up to a limit, not decoded, and whether it is complete and not encoded."""
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        await response.extensions["network_stream"].write(_CLOSE_FRAME)
        return b"", True
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            return bytes(body[:limit]), False
    return bytes(body), response.headers.get("content-encoding", "identity") == "identity"


def _no_answer(path: str, error: Exception) -> NoAnswer:
    """Classify an error by its causes.

    httpx 0.28.1 raises ConnectError for TLS errors too and keeps the ssl error as a cause (httpcore 1.0.9,
    httpcore/_backends/anyio.py, `start_tls`; httpx/_transports/default.py).
    """
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return NoAnswer(path, Cause.CERTIFICATE, each.verify_message)
        if isinstance(each, ssl.SSLError):
            return NoAnswer(path, Cause.TLS, (each.reason or "").replace("_", " ").lower())
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | OSError):
        return NoAnswer(path, Cause.CONNECTION, str(error))
    return NoAnswer(path, Cause.PROTOCOL, str(error))
