"""The limits of a check: whatever a server does, the check ends in time, needs little memory and returns findings."""

import asyncio
import gzip
import json
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from proxiedapp.verify import connection
from proxiedapp.verify.check import verify
from proxiedapp.verify.client import MAX_BODY, MAX_CHECK_BYTES, MAX_HEADER
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, schema_of
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.probe import collect
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from proxiedapp_sandbox.certificates import write_serving_certificate
from proxiedapp_sandbox.controlplane import free_ports
from tests.support.evidence import PREFIX, SCHEMA, a_docs_page, a_schema
from tests.support.loopback import Handler, Loopback, answering, serving, talking

PLAIN = VerifyOptions()
DOCS = f"{PREFIX}/docs"
MIB = 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def target(server: Loopback, scheme: str = "http", *, insecure: bool = False) -> VerifyTarget:
    return VerifyTarget(f"{scheme}://127.0.0.1:{server.port}{PREFIX}", insecure=insecure)


def wrong(findings: tuple[Finding, ...]) -> list[Code]:
    return [finding.code for finding in findings if not finding.ok]


def only(path: str, answer: Handler) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return await (answer(request) if request.path == path else answering({})(request))

    return handler


async def test_endless_body_is_read_up_to_the_limit() -> None:
    sent = 0

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
                sent += 65536
        except ConnectionError:
            return response

    async with serving(endless) as server:
        evidence = await collect(target(server), PLAIN, seconds=30)
        answers = [evidence.schema, evidence.docs, evidence.unknown_path]
    lengths = [(len(reply.body), reply.complete) for reply in answers if isinstance(reply, Answer)]
    assert lengths == [(65536, False)] * 3
    assert sent < 100 * MIB


async def test_schema_above_the_limit_is_not_judged() -> None:
    body = a_schema(PREFIX, note="x" * (5 * MIB))
    answers = {SCHEMA: lambda: web.Response(text=body, content_type="application/json")}
    async with serving(answering(answers)) as server:
        findings = await verify(target(server), PLAIN)
    assert wrong(findings) == []
    seen = {finding.code: finding.seen for finding in findings}
    assert seen[Code.OPENAPI_SERVERS] == "not judged: the schema is larger than 4 MiB or compressed"


async def test_cookies_of_a_response_are_read() -> None:
    def docs() -> web.Response:
        response = web.Response(text=a_docs_page(SCHEMA))
        response.set_cookie("session", "c2VjcmV0", path="/", httponly=True)
        response.set_cookie("theme", "dark", path=PREFIX)
        return response

    async with serving(answering({DOCS: docs})) as server:
        evidence = await collect(replace(target(server), shares_host=True), PLAIN, seconds=10)
        findings = await verify(replace(target(server), shares_host=True), PLAIN)
    assert isinstance(evidence.docs, Answer)
    assert {(cookie.name, cookie.path) for cookie in evidence.docs.cookies} == {("session", "/"), ("theme", PREFIX)}
    assert Code.COOKIE_PATH in wrong(findings)


async def test_schema_below_the_limit_is_judged() -> None:
    body = a_schema(PREFIX, note="x" * (MAX_BODY - 1000))
    answers = {SCHEMA: lambda: web.Response(text=body, content_type="application/json")}
    async with serving(answering(answers)) as server:
        findings = await verify(target(server), PLAIN)
    assert {finding.code: finding.judged for finding in findings}[Code.OPENAPI_SERVERS]


async def test_schema_that_is_too_large_to_judge_is_not_judged() -> None:
    """4,900 long templates took more than six seconds of the event loop before."""
    paths: dict[str, Any] = {f"/{n}{'a' * 300}/" + "{x}/{y}a" * 60: {"get": {}} for n in range(4_000)}
    body = json.dumps({"openapi": "3.1.0", "paths": {"/b/": {"get": {}}, **paths}, "servers": [{"url": PREFIX}]})
    docs = {f"{PREFIX}{path}": lambda: web.Response(text=a_docs_page(SCHEMA)) for path in ("/docs", "/sub/docs")}
    schemas = {
        path: lambda: web.Response(text=body, content_type="application/json")
        for path in (SCHEMA, f"{PREFIX}{SCHEMA}", f"{PREFIX}/sub/openapi.json")
    }
    options = VerifyOptions(extra_paths=("/sub/openapi.json", "/sub/docs"))
    async with serving(answering(docs | schemas)) as server:
        findings = await verify(target(server), options)
    too_large = {finding.code for finding in findings if finding.seen == "not judged: the schema is too large to judge"}
    assert too_large == {
        Code.DOUBLED_PREFIX,
        Code.PREFIX_IN_PATHS,
        Code.OPENAPI_SERVERS,
        Code.DOCS_SCHEMA_URL,
        Code.MOUNTED_APP,
    }
    assert wrong(findings) == []


async def test_responses_of_one_check_are_read_up_to_a_common_limit() -> None:
    body = "[" * (3 * MIB)
    extra = tuple(f"/{n}/openapi.json" for n in range(16))
    sent = 0

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        sent += len(body)
        return web.Response(text=body, content_type="application/json")

    async with serving(handler) as server:
        evidence = await collect(target(server), VerifyOptions(extra_paths=extra), seconds=60)
    complete = [each.reply.complete for each in evidence.extras if isinstance(each.reply, Answer)]
    assert 0 < sum(complete) < MAX_CHECK_BYTES / len(body)
    assert sent > MAX_CHECK_BYTES


async def test_compressed_body_is_not_decompressed() -> None:
    bomb = gzip.compress(b"[" * (50 * MIB))
    headers = {"Content-Encoding": "gzip"}
    answers = {SCHEMA: lambda: web.Response(body=bomb, headers=headers, content_type="application/json")}
    async with serving(answering(answers)) as server:
        evidence = await collect(target(server), PLAIN, seconds=30)
    assert isinstance(evidence.schema, Answer)
    assert (evidence.schema.body, evidence.schema.complete) == (bomb, False)


def pass_time(seconds: float) -> None:
    """Move the clock of the event loop forward, so that tests of deadlines do not depend on how busy the machine is."""
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + seconds  # type: ignore[method-assign]


async def hang(_: web.BaseRequest) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def trickle(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("slow", [hang, trickle])
@pytest.mark.parametrize("path", [SCHEMA, DOCS])
async def test_check_ends_at_its_deadline(slow: Handler, path: str) -> None:
    async def late(request: web.BaseRequest) -> web.StreamResponse:
        pass_time(60)
        return await slow(request)

    async with serving(only(path, late)) as server:
        findings = await verify(target(server), PLAIN, seconds=60)
    assert wrong(findings) == [Code.UNREACHABLE]
    assert findings[0].seen == f"no response to GET {path} within 60 s"


async def test_slow_extra_path_is_the_only_fault() -> None:
    answers = {SCHEMA: lambda: web.Response(text=a_schema(PREFIX), content_type="application/json")}

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.endswith("/slow"):  # requested when all before it are answered; what follows is not judged
            pass_time(60)
            return await hang(request)
        return await answering(answers)(request)

    async with serving(handler) as server:
        findings = await verify(target(server), VerifyOptions(extra_paths=("/slow",)), seconds=60)
    assert wrong(findings) == [Code.EXTRA_PATH]


async def test_paths_without_enough_time_are_not_judged() -> None:
    started = asyncio.Event()

    async def slow(_: web.BaseRequest) -> web.StreamResponse:
        if started.is_set():
            pass_time(60)
            await asyncio.Event().wait()
        started.set()
        pass_time(36)  # less than half of the time is left
        return web.Response(text=a_schema(PREFIX), content_type="application/json")

    async with serving(slow) as server:
        findings = await verify(target(server), VerifyOptions(extra_paths=("/app", "/sub/docs", "ws:/ws")), seconds=60)
    assert wrong(findings) == []
    late = {finding.code: finding.seen for finding in findings if not finding.judged}
    assert late[Code.DOCS_SCHEMA_URL] == f"not judged: the check ran out of time for GET {DOCS}"
    assert late[Code.REDIRECT_PREFIX] == f"not judged: the check ran out of time for GET {SCHEMA}/"
    assert late[Code.EXTRA_PATH] == f"not judged: the check ran out of time for GET {PREFIX}/app"
    assert {Code.MOUNTED_APP, Code.WEBSOCKET, Code.NEIGHBOUR_PREFIX, Code.FORGED_HEADERS} <= set(late)


async def test_request_that_waits_for_other_requests_is_not_blamed() -> None:
    answers = {SCHEMA: lambda: web.Response(text=a_schema(PREFIX), content_type="application/json")}

    waiting = 0

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal waiting
        if "/slow" not in request.path:
            return await answering(answers)(request)
        waiting += 1
        if waiting == 4:  # no request can be sent beside them
            pass_time(60)
        return await hang(request)

    paths = (*(f"/slow/{number}" for number in range(4)), "/quick")
    async with serving(handler) as server:
        findings = await verify(target(server), VerifyOptions(extra_paths=paths), seconds=60)
    blamed = [finding.seen for finding in findings if not finding.ok]
    assert blamed == [f"no response to GET {PREFIX}/slow/{number}" for number in range(4)]


async def test_http_1_0_response_is_read() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + a_schema(PREFIX).encode())
        await writer.drain()

    async with talking(talk) as server:
        evidence = await collect(target(server), PLAIN, seconds=60)
    assert schema_of(evidence.schema) is not None


async def test_no_response_outside_the_prefix_is_not_a_fault() -> None:
    answers = {SCHEMA: lambda: web.Response(text=a_schema(PREFIX), content_type="application/json")}

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(f"{PREFIX}/"):
            return await answering(answers)(request)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(handler) as server:
        findings = await verify(target(server), PLAIN)
    assert wrong(findings) == []


@pytest.mark.parametrize(
    "body",
    [
        bytes(range(256)) * 1000,
        b"",
        b'{"openapi": "3.1.0", ',
        b"[" * 1_000_000,
        b'{"openapi":' * 100_000,
        b"<!doctype html><title>Not it</title>",
        "{'openapi': '\ud800'}".encode(errors="surrogatepass"),
    ],
    ids=["binary", "empty", "cut", "deep list", "deep object", "html", "surrogate"],
)
async def test_garbage_is_not_a_schema(body: bytes) -> None:
    async with serving(answering({SCHEMA: lambda: web.Response(body=body)})) as server:
        findings = await verify(target(server), PLAIN)
    assert wrong(findings) == [Code.OPENAPI_SERVERS]
    assert findings[0].seen == f"GET {SCHEMA} did not return an OpenAPI document"


async def test_garbage_for_every_path_is_not_an_app() -> None:
    async def garbage(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=bytes(range(256)), headers={"Location": "http://[\x80", "Server": "\x81"})

    async with serving(garbage) as server:
        findings = await verify(
            target(server), VerifyOptions(extra_paths=("/a", "/b/docs", "/c/openapi.json", "ws:/d"))
        )
    assert wrong(findings) == [Code.NOT_SERVED]


async def test_request_on_a_closed_connection_is_repeated() -> None:
    requests = 0

    async def closing_once(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal requests
        requests += 1
        if requests == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(text=a_schema(PREFIX), content_type="application/json")

    async with serving(only(SCHEMA, closing_once)) as server:
        findings = await verify(target(server), PLAIN)
    assert wrong(findings) == []


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx",
        b"\x00" * 100_000,
    ],
    ids=[
        "ssh",
        "nothing",
        "no status",
        "negative",
        "invalid chunk size",
        "negative chunk size",
        "huge header",
        "cut off",
        "zeros",
    ],
)
async def test_invalid_http_is_not_a_response(sent: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        await writer.drain()

    async with talking(talk) as server:
        findings = await verify(target(server), PLAIN, seconds=60)
    assert wrong(findings) == [Code.UNREACHABLE]
    assert findings[0].seen.startswith(f"no valid HTTP response to GET {SCHEMA}: ")
    assert len(findings[0].seen) < 200


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="interim responses"),
        pytest.param(CHUNKED, b"1\r\n{\r\n", id="chunks of one byte"),
        pytest.param(CHUNKED, b"1;" + b"a" * 1000 + b"\r\n{\r\n", id="chunk extensions"),
        pytest.param(CHUNKED + b"0\r\n", b"a: b\r\n", id="trailers"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", id="headers"),
    ],
)
async def test_endless_framing_ends_the_check(head: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_FRAMING_BYTES", 65_536)
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        try:
            while True:
                writer.write(piece * 1000)
                sent += len(piece * 1000)
                await writer.drain()
        except ConnectionError:
            return

    async with talking(talk) as server:
        findings = await verify(target(server), PLAIN, seconds=600)
    assert wrong(findings) == [Code.UNREACHABLE]
    assert findings[0].seen.startswith(f"no valid HTTP response to GET {SCHEMA}: ")
    assert sent < 40 * MIB, "nothing is sent after two connections, of which the system buffers most"


async def test_body_in_ordinary_chunks_is_read() -> None:
    """The sizes of chunks are limited, but a chunk of 100 bytes is not what the limit is for."""
    body = a_schema(PREFIX, note="x" * 200_000).encode()

    async def streamed(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for start in range(0, len(body), 100):
            await response.write(body[start : start + 100])
        return response

    async with serving(only(SCHEMA, streamed)) as server:
        evidence = await collect(target(server), PLAIN, seconds=60)
    assert schema_of(evidence.schema) is not None


async def test_long_header_is_cut() -> None:
    def redirect() -> web.Response:
        return web.Response(status=307, headers={"Location": f"{PREFIX}/{'%41' * 2_000}"})

    async with serving(answering({DOCS: redirect})) as server:
        evidence = await collect(target(server), PLAIN, seconds=30)
    assert isinstance(evidence.docs, Answer)
    assert len(evidence.docs.location) == MAX_HEADER


async def test_closed_port_is_unreachable() -> None:
    (port,) = free_ports(1)
    findings = await verify(VerifyTarget(f"http://127.0.0.1:{port}/api"), PLAIN)
    assert wrong(findings) == [Code.UNREACHABLE]
    assert findings[0].seen == f"no connection to http://127.0.0.1:{port}"


async def test_unknown_host_name_is_unreachable() -> None:
    findings = await verify(VerifyTarget("http://unknown.invalid/api"), PLAIN, seconds=5)
    assert wrong(findings) == [Code.UNREACHABLE]


def a_certificate(folder: Path) -> ssl.SSLContext:
    _, certificate, key = write_serving_certificate(folder, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_certificate_of_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    async with serving(answering({}), a_certificate(tmp_path)) as server:
        findings = await verify(target(server, "https"), PLAIN)
        accepted = await verify(target(server, "https", insecure=True), PLAIN)
    assert wrong(findings) == [Code.UNREACHABLE]
    assert findings[0].seen.startswith("the certificate is not trusted: ")
    assert "--insecure" in findings[0].fix
    assert wrong(accepted) == [Code.NOT_SERVED], "the server responds, but has no app"


async def test_wrong_scheme_is_unreachable(tmp_path: Path) -> None:
    async with serving(answering({})) as server:
        findings = await verify(target(server, "https", insecure=True), PLAIN)
    assert wrong(findings) == [Code.UNREACHABLE]
    assert findings[0].seen.startswith("the TLS handshake failed: ")
    assert "use http" in findings[0].fix
    async with serving(answering({}), a_certificate(tmp_path)) as server:
        findings = await verify(target(server, "http"), PLAIN, seconds=60)
    assert wrong(findings) == [Code.UNREACHABLE]


async def test_check_can_be_cancelled() -> None:
    requested = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        requested.set()
        return await hang(request)

    async with serving(handler) as server:
        check = asyncio.create_task(verify(target(server), PLAIN, seconds=60))
        await requested.wait()
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
