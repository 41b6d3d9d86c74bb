"""The requests of one check: these and no others, to this host only, with nothing from this machine in them."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from proxiedapp.verify.check import verify
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, NoAnswer
from proxiedapp.verify.probe import collect
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from tests.support.evidence import PREFIX, SCHEMA, a_docs_page, a_schema
from tests.support.loopback import Loopback, answering, serving

PLAIN = VerifyOptions()
DOCS = f"{PREFIX}/docs"


def an_app(schema: str | None = None, docs: str = SCHEMA) -> dict[str, Callable[[], web.Response]]:
    """Return the responses of a right app behind its prefix."""
    body = schema or a_schema(PREFIX)
    return {
        SCHEMA: lambda: web.Response(text=body, content_type="application/json"),
        DOCS: lambda: web.Response(text=a_docs_page(docs), content_type="text/html"),
        f"{SCHEMA}/": lambda: web.Response(status=307, headers={"Location": SCHEMA}),
    }


def target(server: Loopback, **fields: Any) -> VerifyTarget:
    return VerifyTarget(f"http://127.0.0.1:{server.port}{PREFIX}", **fields)


def without_random_segments(paths: list[str]) -> list[str]:
    """Return paths with `*` for the random segment."""
    return [re.sub(r"[0-9a-f]{16}", "*", path) for path in paths]


async def test_requests_behind_a_proxy() -> None:
    async with serving(answering(an_app())) as server:
        await verify(target(server), PLAIN)
    requested = without_random_segments(server.paths)
    assert requested[0] == SCHEMA, "without a response to this, nothing else is requested"
    assert sorted(requested) == sorted(
        [
            SCHEMA,
            DOCS,
            f"{PREFIX}/*/nowhere",
            "/api/*/nowhere",
            f"{SCHEMA}/",
            f"{DOCS}/",
            f"{PREFIX}{SCHEMA}",
            f"{PREFIX}-*",
            PREFIX,
            f"{PREFIX}/",
            f"{PREFIX}/items",
            *(SCHEMA, DOCS, f"{SCHEMA}/"),  # forged
        ]
    )
    assert {request.method for request in server.requests} == {"GET"}


async def test_no_handler_of_a_route_runs() -> None:
    paths = ["/items/", "/items/{name}", "/app", "/delete/everything/"]
    async with serving(answering(an_app(a_schema(PREFIX, paths=paths)))) as server:
        await verify(target(server), PLAIN)
    declared = {PREFIX + path for path in paths}
    assert not declared & set(server.paths)
    assert f"{PREFIX}/items" in server.paths


async def test_requests_without_a_proxy() -> None:
    answers = {path.removeprefix(PREFIX): answer for path, answer in an_app().items()}
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": PREFIX}
    async with serving(answering(answers)) as server:
        direct = target(server, host="example.com", headers=headers, direct=True, strips=True)
        findings = await verify(direct, PLAIN)
    assert sorted(without_random_segments(server.paths)) == sorted(
        ["/openapi.json", "/docs", "/*/nowhere", "/openapi.json/", "/docs/", SCHEMA, "/items"]
    )
    assert all(finding.ok for finding in findings)
    for request in server.requests:
        assert request.headers["Host"] == "example.com"
        assert request.headers.getall("X-Forwarded-Proto") == ["https"]
        assert "Forwarded" not in request.headers, "no forged headers without a proxy"


async def test_requests_contain_the_host_but_nothing_from_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(answering(an_app())) as server:
        findings = await verify(target(server, host="shop.example:8443"), PLAIN)
    assert findings[0].code is not Code.UNREACHABLE
    assert {request.headers["Host"] for request in server.requests} == {"shop.example:8443"}
    for request in server.requests:
        assert not {"Authorization", "Cookie"} & set(request.headers)
        assert request.headers["Accept-Encoding"] == "identity"


async def test_cookies_are_not_sent_back() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        answer = await answering(an_app())(request)
        answer.set_cookie("session", "1", path="/")
        return answer

    async with serving(handler) as server:
        await verify(target(server), PLAIN)
    assert len(server.requests) > 5
    assert not any("Cookie" in request.headers for request in server.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(serving(answering({})))

        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            location = f"http://127.0.0.1:{other.port}{request.path}"
            return web.Response(status=status, headers={"Location": location})

        server = await stack.enter_async_context(serving(handler))
        findings = await verify(target(server), PLAIN)
    assert other.requests == []
    assert all(finding.ok for finding in findings)
    assert findings[0].seen.startswith(f"not judged: GET {SCHEMA} returned {status}, a redirect to http://127.0.0.1:")


async def test_redirect_to_the_requested_url_ends() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": str(request.url)})

    async with serving(handler) as server:
        findings = await verify(target(server), PLAIN)
    assert len(server.requests) < 15
    assert [finding.code for finding in findings if not finding.ok] == [Code.REDIRECT_SCHEME]


async def test_schema_on_another_host_is_not_requested() -> None:
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(serving(answering({})))
        app = an_app(docs=f"http://127.0.0.1:{other.port}/openapi.json")
        server = await stack.enter_async_context(serving(answering(app)))
        evidence = await collect(target(server), PLAIN, seconds=10)
    assert other.requests == []
    assert evidence.docs_schema is None


@pytest.mark.parametrize("url", ["http://[", "//[", "\\ud800"])
async def test_invalid_schema_url_is_not_requested(url: str) -> None:
    async with serving(answering(an_app(docs=url))) as server:
        evidence = await collect(target(server), PLAIN, seconds=10)
    assert evidence.docs_schema is None


@pytest.mark.parametrize(
    ("url", "requested"),
    [("open api.json", "open%20api.json"), ("é?x=1 2", "%C3%A9?x=1%202"), ("\\u0000", "%00"), ("%7e%2f", "~%2F")],
)
async def test_schema_url_is_escaped_as_browsers_do(url: str, requested: str) -> None:
    async with serving(answering(an_app(docs=f"{PREFIX}/{url}"))) as server:
        await collect(target(server), PLAIN, seconds=10)
    assert any(path.startswith(f"{PREFIX}/{requested}") for path in server.raw_paths)


@pytest.mark.parametrize(
    "url",
    ["/openapi.json", "/other/openapi.json", f"{PREFIX}/../other", f"{PREFIX}/%2e%2e/other", f"{PREFIX}/..%2fother"],
)
async def test_url_outside_the_prefix_is_not_requested(url: str) -> None:
    """Another app may be served there, and its responses are nothing for the author of this one."""
    app = an_app(docs=url) | {f"{PREFIX}/sub/docs": lambda: web.Response(text=a_docs_page(url))}
    options = VerifyOptions(extra_paths=("/sub/docs",))
    async with serving(answering(app)) as server:
        findings = await verify(target(server), options)
    paths = [path for path in without_random_segments(server.paths) if not path.startswith(f"{PREFIX}/")]
    assert sorted(paths) == ["/api/*/nowhere", PREFIX, f"{PREFIX}-*"], "two random paths, and nothing else"
    assert not any(".." in path or "%2" in path for path in server.raw_paths)
    seen = {finding.code: finding.seen for finding in findings if not finding.ok}
    for code in (Code.DOCS_SCHEMA_URL, Code.MOUNTED_APP):
        assert seen[code].endswith(f"which is outside the prefix {PREFIX}")


@pytest.mark.parametrize(
    "path", ["/../other", "/%2e%2e/other", "/a/%2E./..%2fother", "/..;x/other", "/%252e%252e/other"]
)
async def test_path_of_the_options_that_leaves_the_prefix_is_not_requested(path: str) -> None:
    async with serving(answering(an_app())) as server:
        extra = await verify(target(server), VerifyOptions(extra_paths=(path, f"ws:{path}")))
        schema = await verify(target(server), VerifyOptions(openapi_path=path))
        docs = await verify(target(server), VerifyOptions(docs_path=path))
    assert not any("other" in raw for raw in server.raw_paths)
    for findings, codes in (
        (extra, [Code.EXTRA_PATH, Code.WEBSOCKET]),
        (schema, [Code.UNREACHABLE]),
        (docs, [Code.UNREACHABLE]),
    ):
        wrong = [finding for finding in findings if not finding.ok]
        assert [finding.code for finding in wrong] == codes
        assert all("was not sent, because it leaves the prefix" in finding.seen for finding in wrong)


async def test_docs_page_leads_to_a_schema_at_another_path() -> None:
    moved = f"{PREFIX}/schema.json?v=2"
    app = an_app(docs=moved)
    app[f"{PREFIX}/schema.json"] = app.pop(SCHEMA)
    async with serving(answering(app)) as server:
        findings = await verify(target(server), PLAIN)
    assert moved in server.paths
    assert {finding.code: finding.seen for finding in findings}[Code.OPENAPI_SERVERS].endswith(f"is {PREFIX}")


async def test_forged_headers_are_sent_to_compared_paths_only() -> None:
    async with serving(answering(an_app())) as server:
        await verify(target(server), PLAIN)
    forged = [request for request in server.requests if "X-Forwarded-Host" in request.headers]
    assert sorted(request.path for request in forged) == sorted([SCHEMA, DOCS, f"{SCHEMA}/"])
    assert forged[-1].path == SCHEMA
    for request in forged:
        assert request.headers["X-Forwarded-Proto"] == "https"
        assert {"X-Forwarded-Prefix", "X-Forwarded-For", "Forwarded", "Daphne-Root-Path", "X-Script-Name"} <= set(
            request.headers
        )


async def test_schema_gets_no_forged_headers_if_the_docs_page_proves_the_fault() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        prefix = request.headers.get("X-Forwarded-Prefix", PREFIX)
        return await answering(an_app(docs=f"{prefix}/openapi.json"))(request)

    async with serving(handler) as server:
        findings = await verify(target(server), PLAIN)
    assert [finding.code for finding in findings if not finding.ok] == [Code.FORGED_HEADERS]
    assert not any(request.path == SCHEMA and "Forwarded" in request.headers for request in server.requests)


@pytest.mark.parametrize("name", ["/app", "/app?x=1&y=2", "/", "//a", "/a%20b"])
async def test_extra_path_is_requested_as_given(name: str) -> None:
    async with serving(answering(an_app())) as server:
        await verify(target(server), VerifyOptions(extra_paths=(name,)))
    assert PREFIX + name in server.paths


async def test_websocket_is_opened_and_closed() -> None:
    ended: list[int | None] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if not request.path.startswith(f"{PREFIX}/ws"):
            return await answering(an_app())(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        ended.append(socket.close_code)
        return socket

    async with serving(handler) as server:
        findings = await verify(target(server), VerifyOptions(extra_paths=("ws:/ws?room=1",)))
    (found,) = [finding for finding in findings if finding.code is Code.WEBSOCKET]
    assert found.seen == f"a WebSocket upgrade of {PREFIX}/ws?room=1 returned 101"
    assert ended == [1000]


async def test_page_at_a_websocket_path_is_a_fault() -> None:
    app = an_app() | {f"{PREFIX}/ws": lambda: web.Response(text="hello")}
    async with serving(answering(app)) as server:
        findings = await verify(target(server), VerifyOptions(extra_paths=("ws:/ws",)))
    assert [(finding.code, finding.seen) for finding in findings if not finding.ok] == [
        (Code.WEBSOCKET, f"a WebSocket upgrade of {PREFIX}/ws returned 200")
    ]


async def test_at_most_four_requests_run_at_once() -> None:
    now, most = 0, 0

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return await answering(an_app())(request)

    async with serving(handler) as server:
        await verify(target(server), VerifyOptions(extra_paths=tuple(f"/{n}" for n in range(20))))
    assert most <= 4


async def test_evidence_contains_the_responses() -> None:
    async with serving(answering(an_app())) as server:
        evidence = await collect(target(server), PLAIN, seconds=10)
    assert isinstance(evidence.schema, Answer)
    assert json.loads(evidence.schema.body)["servers"] == [{"url": PREFIX}]
    assert evidence.schema.content_type.startswith("application/json")
    assert evidence.schema is evidence.docs_schema, "the schema is requested once"
    assert evidence.prefixed_route_slash is None
    assert not isinstance(evidence.docs, NoAnswer)
