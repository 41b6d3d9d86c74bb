import asyncio
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from proxiedapp_sandbox.node.handlers import HandlerResult, HandlerTarget, named_ports, run_handler
from proxiedapp_sandbox.node.process import ExecResult
from tests.unit.sandbox.node.samples import a_container


async def nothing(argv: list[str]) -> ExecResult:
    raise AssertionError(argv)


async def ask(
    handler: dict[str, Any],
    answer: Callable[[httpx.Request], httpx.Response] | None = None,
    seconds: float = 5.0,
    execute: Callable[[list[str]], Any] = nothing,
) -> HandlerResult:
    transport = httpx.MockTransport(answer or (lambda _: httpx.Response(200)))
    async with httpx.AsyncClient(transport=transport) as http:
        target = HandlerTarget("127.0.0.1", {"http": 8000}, http, execute)
        return await run_handler(handler, target, seconds)


@pytest.mark.parametrize(
    ("status", "ok"), [(200, True), (204, True), (302, True), (399, True), (400, False), (404, False), (503, False)]
)
async def test_an_http_probe_succeeds_by_status(status: int, *, ok: bool) -> None:
    outcome = await ask({"httpGet": {"port": 80}}, lambda _: httpx.Response(status, headers={"Location": "/else"}))
    words = 'Get "http://127.0.0.1:80/"' if ok else "HTTP probe failed with statuscode"
    assert outcome == HandlerResult(ok, f"{words}: {status}")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param({"port": 8000, "path": "/healthz"}, "http://127.0.0.1:8000/healthz", id="plain"),
        pytest.param({"port": "http", "path": "healthz?deep=1"}, "http://127.0.0.1:8000/healthz?deep=1", id="named"),
        pytest.param({"port": 1, "scheme": "HTTPS", "host": "10.0.0.9"}, "https://10.0.0.9:1/", id="scheme and host"),
    ],
)
async def test_http_address(given: dict[str, Any], url: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200)

    await ask({"httpGet": given}, answer)
    assert seen == [url]


async def test_http_headers_are_sent_and_may_replace_ours() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200)

    headers = [{"name": "Host", "value": "shop.example"}, {"name": "user-agent", "value": "mine"}]
    await ask({"httpGet": {"port": 80, "httpHeaders": headers}}, answer)
    await ask({"httpGet": {"port": 80}}, answer)
    assert (seen[0]["host"], seen[0].get_list("user-agent")) == ("shop.example", ["mine"])
    assert seen[1]["user-agent"].startswith("kube-probe/")


async def test_an_unanswered_request_is_a_failure() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert await ask({"httpGet": {"port": 80}}, answer) == HandlerResult(
        ok=False, message='Get "http://127.0.0.1:80/": refused'
    )


async def test_an_unknown_port_name_is_a_failure() -> None:
    assert named_ports(a_container(ports=[{"name": "http", "containerPort": 8000}, {"containerPort": 1}])) == {
        "http": 8000
    }
    outcome = await ask({"tcpSocket": {"port": "admin"}})
    assert outcome == HandlerResult(ok=False, message="the container declares no port named 'admin'")


async def test_tcp_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert (await ask({"tcpSocket": {"port": port}})).ok
    refused = await ask({"tcpSocket": {"port": port}})
    assert not refused.ok
    assert refused.message == f"dial tcp 127.0.0.1:{port}: connect: connection refused"


@pytest.mark.parametrize(("code", "ok"), [(0, True), (1, False)])
async def test_exec_succeeds_with_exit_code_0(code: int, *, ok: bool) -> None:
    async def execute(argv: list[str]) -> ExecResult:
        return ExecResult(code, " ".join(argv))

    outcome = await ask({"exec": {"command": ["test", "-f", "x"]}}, execute=execute)
    assert outcome == HandlerResult(ok, f"exit code {code}: test -f x")


async def test_a_handler_fails_after_its_timeout() -> None:
    given_up: list[str] = []

    async def execute(argv: list[str]) -> ExecResult:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.extend(argv)
        raise AssertionError

    outcome = await ask({"exec": {"command": ["sleep"]}}, seconds=0, execute=execute)
    assert outcome == HandlerResult(ok=False, message="no answer within 0 s: context deadline exceeded")
    assert given_up in ([], ["sleep"])  # without time it may not even have begun


async def test_a_hook_may_sleep_and_unknown_handlers_fail() -> None:
    assert (await ask({"sleep": {"seconds": 0}})).ok
    assert not (await ask({"grpc": {"port": 1}})).ok
