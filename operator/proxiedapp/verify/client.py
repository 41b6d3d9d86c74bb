"""The HTTP client of one check: one target, one deadline, and limits for the size of responses, of each and of all.

It sends GET requests and WebSocket upgrades only. Redirects are not followed, cookies are dropped, and nothing is taken
from the environment (proxies, credentials).
"""

import asyncio
import secrets
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.verify.connection import Framing, Transport
from proxiedapp.verify.cookies import read_cookies
from proxiedapp.verify.evidence import Cause, NoAnswer, Reply
from proxiedapp.verify.response import Response, reduce_response
from proxiedapp.verify.target import PATH_AND_QUERY, AppAddress, VerifyTarget
from proxiedapp.verify.worker import in_worker

_CONCURRENCY: Final = 4
"""Requests at the same time: few enough for an app with one slow worker."""
MAX_PEEK: Final = 64 * 1024
"""Bytes read of a response that is not a schema."""
MAX_BODY: Final = 4 * 1024 * 1024
"""Bytes read of a schema. One check has one such body in memory at a time."""
MAX_CHECK_BYTES: Final = 32 * 1024 * 1024
"""Bytes read of all responses of one check together; what would be read after that is incomplete, and not judged."""
MAX_HEADER: Final = 2048
"""Characters read of the value of a header, such as the Location of a redirect."""
_CLOSE_FRAME: Final = b"\x88\x82\x00\x00\x00\x00\x03\xe8"
"""A masked close frame with code 1000 (RFC 6455, 5.5.1 and 7.4.1), so the app sees a normal close."""


@asynccontextmanager
async def open_client(target: VerifyTarget, address: AppAddress, seconds: float) -> AsyncIterator["Client"]:
    """Yield a client whose requests all end within `seconds` from now."""
    deadline = asyncio.get_running_loop().time() + seconds
    framing = Framing()
    async with httpx.AsyncClient(
        transport=Transport(_tls(address, insecure=target.insecure), framing),
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
        yield Client(
            client,
            address,
            slots=asyncio.Semaphore(_CONCURRENCY),
            large=asyncio.Lock(),
            deadline=deadline,
            blame_until=deadline - seconds / 2,
            bytes_left=Budget(MAX_CHECK_BYTES),
            framing=framing,
            steps_left=Budget(),
        )


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
    large: asyncio.Lock
    """Held by the only request whose body may be larger than MAX_PEEK."""
    deadline: float
    """By the event loop's clock."""
    blame_until: float
    """A request that starts later has too little time left to blame the server if there is no response."""
    bytes_left: Budget
    framing: Framing
    steps_left: Budget
    """For reading all schemas of the check."""

    async def get_if(self, path: str | None, *, limit: int = MAX_PEEK) -> Reply | None:
        """Request a public path; None if there is none, or if it is invalid or outside the prefix."""
        if path is None or not PATH_AND_QUERY.fullmatch(path) or not self.address.contains(path):
            return None
        return await self.get(path, limit=limit)

    async def get(self, path: str, *, limit: int = MAX_PEEK, headers: Mapping[str, str] | None = None) -> Reply:
        """Request a public path under the prefix, and read `limit` bytes of the response at most.

        Any other path is not requested: the app may name it, but another app may be served there.
        """
        if not self.address.contains(path):
            return NoAnswer(path, Cause.OUTSIDE)
        return await self._get(path, limit, headers)

    async def get_beside(self, path: str | None) -> Reply | None:
        """Request a public path outside the prefix, so random that no app has such a route; None if there is none."""
        return None if path is None else await self._get(path, MAX_PEEK, None)

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
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout_at(self.deadline), self.slots:
                    if asyncio.get_running_loop().time() <= self.blame_until:
                        timeout_cause = Cause.DEADLINE
                    async with self.http.stream(
                        "GET", url, headers=dict(headers), extensions={"sni_hostname": self.address.server_name}
                    ) as answer:
                        body, complete = await self._read_body(answer, limit, held)
            except TimeoutError:
                return NoAnswer(path, timeout_cause)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                return _no_answer(path, error)
            response = Response(
                path=path,
                status=answer.status_code,
                location=_header(answer, "location"),
                content_type=_header(answer, "content-type"),
                server=_header(answer, "server"),
                via=_header(answer, "via"),
                cookies=read_cookies(answer.headers.get_list("set-cookie"), path),
                body=body,
                complete=complete,
            )
            return await in_worker(
                reduce_response,
                response,
                self.address.repeats_prefix,
                self.steps_left,
                reads_schema=limit > MAX_PEEK and not headers,  # what forged headers return is only searched for them
            )

    async def _read_body(
        self, answer: httpx.Response, limit: int, held: AsyncExitStack
    ) -> tuple[bytes | bytearray, bool]:
        """Return the body up to a limit, not decoded, and whether it is complete and not encoded."""
        if answer.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            await answer.extensions["network_stream"].write(_CLOSE_FRAME)
            return b"", True
        body, is_large = bytearray(), False
        async for chunk in answer.aiter_raw():
            self.framing.is_body(len(chunk))
            try:
                self.bytes_left.spend(len(chunk))
            except BudgetError:
                return body, False
            if not is_large and len(body) + len(chunk) > MAX_PEEK:
                if limit == MAX_PEEK:
                    return body + chunk[: MAX_PEEK - len(body)], False
                await held.enter_async_context(self.large)
                is_large = True
            if len(body) + len(chunk) > limit:
                return body, False
            body += chunk
        return body, answer.headers.get("content-encoding", "identity") == "identity"


def _header(answer: httpx.Response, name: str) -> str:
    return str(answer.headers.get(name, ""))[:MAX_HEADER]


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
