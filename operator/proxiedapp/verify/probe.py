"""Asking: all the requests of one check, within one deadline; the only I/O of this package.

GET and websocket upgrades only, to the target's own host only. Redirects are read and not followed, cookies are
forgotten, nothing is taken from the environment (proxies, credentials), and of no answer more is read than a limit.
"""

import asyncio
import secrets
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from proxiedapp.verify.docspage import resolve_schema_url
from proxiedapp.verify.evidence import BODY_MAX, Answer, Cause, Evidence, Extra, NoAnswer, Reply
from proxiedapp.verify.forgery import forged_request_headers, trusted_headers
from proxiedapp.verify.redirect import slash_redirect
from proxiedapp.verify.schema import choose_route, schema_of, toggle_slash
from proxiedapp.verify.target import PATH_AND_QUERY, WEBSOCKET, AppAddress, VerifyOptions, VerifyTarget, parse_target

_AT_ONCE: Final = 4
"""Requests: an app with one slow worker should not have to wonder."""
_GLANCE: Final = 64 * 1024
"""Bytes read where only the kind of the answer matters."""
_CLOSE: Final = b"\x88\x82\x00\x00\x00\x00\x03\xe8"
"""A websocket's close frame, code 1000, so that the app sees an orderly end."""
_CERTAIN: Final = {Cause.CERTIFICATE, Cause.TLS, Cause.CONNECTION}
"""After these, asking further would give the same."""


async def collect(target: VerifyTarget, options: VerifyOptions, *, seconds: float) -> Evidence:
    """Ask for everything; raises InvalidTargetError, and nothing else. The longest it takes is `seconds`."""
    address = parse_target(target)
    async with _asking(target, address, seconds) as asker:
        return await _collect(target, options, address, seconds, asker)


async def _collect(
    target: VerifyTarget, options: VerifyOptions, address: AppAddress, seconds: float, asker: "_Asker"
) -> Evidence:
    at = address.public_path(options.openapi_path)
    evidence = Evidence(target, options, address, seconds, schema=await asker.get(at, limit=BODY_MAX))
    if isinstance(evidence.schema, NoAnswer) and evidence.schema.cause in _CERTAIN:
        return evidence
    nowhere = f"{secrets.token_hex(8)}/nowhere"
    behind_proxy = address.prefix and not target.direct
    beside = f"{address.prefix.rpartition('/')[0]}/{nowhere}"
    docs_at = address.public_path(options.docs_path)
    docs, missing, outside, schema_slash, docs_slash, doubled, neighbour = await asyncio.gather(
        asker.get(docs_at, limit=BODY_MAX),
        asker.get(address.public_path(f"/{nowhere}")),
        asker.maybe(beside if behind_proxy else None),
        asker.get(toggle_slash(at)),
        asker.get(toggle_slash(docs_at)),
        asker.maybe(address.public_path(at) if address.prefix else None, limit=BODY_MAX),
        asker.maybe(
            f"{address.prefix}{options.openapi_path.removeprefix('/')}" if behind_proxy else None, limit=BODY_MAX
        ),
    )
    extras = await asyncio.gather(*(asker.look_at(path) for path in options.extra_paths))
    evidence = replace(
        evidence,
        docs=docs,
        unknown_path=missing,
        outside_prefix=outside,
        schema_slash=schema_slash,
        docs_slash=docs_slash,
        doubled_schema=doubled,
        neighbouring_path=neighbour,
        extras=tuple(extras),
    )
    evidence = await _what_follows(evidence, asker)
    return evidence if target.direct else await _forge(evidence, asker)


async def _what_follows(evidence: Evidence, asker: "_Asker") -> Evidence:
    """Ask for what the first answers name: the schema that the docs page loads, and a route from the schema."""
    address = evidence.address
    docs_schema = await asker.loaded_by(evidence.docs, evidence.schema)
    schema = schema_of(evidence.schema) or schema_of(docs_schema) or schema_of(evidence.doubled_schema)
    route = None if schema is None else choose_route(schema)
    listed = route is not None and address.prefix and address.contains(route)
    dead = all(
        isinstance(one, Answer) and (one.is_not_found or one.is_server_error)
        for one in (evidence.schema, evidence.docs)
    )
    route_slash, prefixed_route_slash, root = await asyncio.gather(
        asker.maybe(None if route is None else address.public_path(toggle_slash(route))),
        asker.maybe(toggle_slash(route) if route is not None and listed else None),
        asker.maybe(address.public_path("/") if dead else None),
    )
    return replace(
        evidence,
        docs_schema=docs_schema,
        route_slash=route_slash,
        prefixed_route_slash=prefixed_route_slash,
        prefix_root=root,
    )


async def _forge(evidence: Evidence, asker: "_Asker") -> Evidence:
    """Ask again with forged headers; the schema last, and only if the docs page does not show the fault already.

    An app that remembers what it believed (FastAPI before 0.132.1) does so when it writes the schema.
    """
    address = evidence.address
    redirect = slash_redirect(address, evidence.schema_slash)
    forged = forged_request_headers(redirect.scheme if redirect and redirect.scheme else address.scheme)
    slash, docs = await asyncio.gather(
        asker.again(evidence.schema_slash, forged),
        asker.again(evidence.docs, forged, document=True),
    )
    evidence = replace(evidence, forged_slash=slash, forged_docs=docs)
    if isinstance(docs, Answer) and isinstance(evidence.docs, Answer) and any(trusted_headers(evidence.docs, docs)):
        return evidence
    return replace(evidence, forged_schema=await asker.again(evidence.schema, forged, document=True))


@asynccontextmanager
async def _asking(target: VerifyTarget, address: AppAddress, seconds: float) -> AsyncIterator["_Asker"]:
    deadline = asyncio.get_running_loop().time() + seconds
    turns = asyncio.Semaphore(_AT_ONCE)
    async with httpx.AsyncClient(
        verify=_tls(address, insecure=target.insecure),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=None,  # noqa: S113 - one deadline for all requests together
        headers={
            "User-Agent": "proxiedapp-verify",
            "Accept-Encoding": "identity",  # what is not compressed cannot be a bomb
            **target.headers,
            "Host": address.host_header,
        },
    ) as client:
        yield _Asker(client, address, turns, deadline, deadline - seconds / 2)


def _tls(address: AppAddress, *, insecure: bool) -> ssl.SSLContext:
    if address.origin.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used, and loading authorities takes longer than asking
    if insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()  # also authorities that only this machine knows
    return context


@dataclass(frozen=True, slots=True)
class _Asker:
    """A client for one target, with its deadline."""

    client: httpx.AsyncClient
    address: AppAddress
    turns: asyncio.Semaphore
    deadline: float
    blamed_until: float
    """What is asked for later than this has too little time left to be blamed for its silence."""

    async def maybe(self, path: str | None, *, limit: int = _GLANCE) -> Reply | None:
        """Ask for a public path; None for None, and for what this app cannot be asked."""
        if path is None or not PATH_AND_QUERY.fullmatch(path) or self.address.request_url(path) is None:
            return None
        return await self.get(path, limit=limit)

    async def get(self, path: str, *, limit: int = _GLANCE, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for a public path; a connection that was closed just then is tried once more."""
        reply = await self._once(path, limit, headers or {})
        broken = isinstance(reply, NoAnswer) and reply.cause is Cause.PROTOCOL
        return await self._once(path, limit, headers or {}) if broken else reply

    async def again(self, reply: Reply | None, headers: Mapping[str, str], *, document: bool = False) -> Reply | None:
        """Ask with more headers for what was answered already; with `document`, only if that was a 200."""
        if not isinstance(reply, Answer) or (document and not reply.is_ok):
            return None
        return await self.get(reply.path, limit=BODY_MAX, headers=headers)

    async def look_at(self, path: str) -> Extra:
        """Ask for one of the extra paths, and if it is a docs page for the schema that it loads."""
        public = self.address.public_path(path.removeprefix(WEBSOCKET))
        if path.startswith(WEBSOCKET):
            return Extra(path, await self.get(public, headers=_upgrade()))
        reply = await self.get(public, limit=BODY_MAX)
        return Extra(path, reply, await self.loaded_by(reply) if path.endswith("/docs") else None)

    async def loaded_by(self, docs: Reply | None, known: Reply | None = None) -> Reply | None:
        """Ask for the schema that a docs page loads, if it is on this host and not known already."""
        url = resolve_schema_url(self.address, docs)
        if url is None or not self.address.is_same_host(url):
            return None
        path = url.path + (f"?{url.query}" if url.query else "")
        return known if known is not None and path == known.path else await self.maybe(path, limit=BODY_MAX)

    async def _once(self, path: str, limit: int, headers: Mapping[str, str]) -> Reply:
        url = self.address.request_url(path)
        if url is None:
            return NoAnswer(path, Cause.PROTOCOL, "it is not under the prefix")
        silent = Cause.LATE
        try:
            async with asyncio.timeout_at(self.deadline), self.turns:
                if asyncio.get_running_loop().time() <= self.blamed_until:
                    silent = Cause.DEADLINE
                async with self.client.stream(
                    "GET", url, headers=dict(headers), extensions={"sni_hostname": self.address.server_name}
                ) as response:
                    body, whole = await _read(response, limit)
                return Answer(
                    path=path,
                    status=response.status_code,
                    location=response.headers.get("location", ""),
                    content_type=response.headers.get("content-type", ""),
                    server=response.headers.get("server", ""),
                    body=body,
                    complete=whole,
                )
        except TimeoutError:
            return NoAnswer(path, silent)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return _no_answer(path, error)


async def _read(response: httpx.Response, limit: int) -> tuple[bytes, bool]:
    """Read a body up to a limit, as it comes over the wire; returns whether that is all of it, and readable."""
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        await response.extensions["network_stream"].write(_CLOSE)
        return b"", True
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            return bytes(body[:limit]), False
    return bytes(body), response.headers.get("content-encoding", "identity") == "identity"


def _upgrade() -> dict[str, str]:
    key = b64encode(secrets.token_bytes(16)).decode()
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }


def _no_answer(path: str, error: Exception) -> NoAnswer:
    """Tell by what it comes from why there is no answer; httpx wraps what it gets."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for one in causes:
        if isinstance(one, ssl.SSLCertVerificationError):
            return NoAnswer(path, Cause.CERTIFICATE, one.verify_message)
        if isinstance(one, ssl.SSLError):
            return NoAnswer(path, Cause.TLS, (one.reason or "").replace("_", " ").lower())
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | OSError):
        return NoAnswer(path, Cause.CONNECTION, str(error))
    return NoAnswer(path, Cause.PROTOCOL, str(error))
