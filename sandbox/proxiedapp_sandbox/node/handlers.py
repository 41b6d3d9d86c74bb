"""The handlers of probes and hooks: httpGet, tcpSocket, exec and sleep."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import httpx

from proxiedapp.api.conditions import printable
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.process import ExecResult

_AGENT: Final = "kube-probe/proxiedapp-sandbox"


_ALL_FAILED: Final = "All connection attempts failed"
"""httpcore's message if nothing accepts a connection (1.0, `httpcore/_backends/anyio.py`)."""


class HandlerResult(NamedTuple):
    """Whether a handler succeeded, and a message about what it found."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class HandlerTarget:
    """The container of a probe or hook, as the node reaches it."""

    address: str
    ports: Mapping[str, int]
    """The container's named ports."""
    http: httpx.AsyncClient
    execute: Callable[[list[str]], Awaitable[ExecResult]]
    """Run a command in the container."""

    def port(self, given: int | str) -> int:
        """Return the number of a port; raises LookupError if the container declares no port of that name."""
        if isinstance(given, int):
            return given
        if given in self.ports:
            return self.ports[given]
        raise LookupError(f"the container declares no port named {given!r}")


def named_ports(container: Manifest) -> dict[str, int]:
    """Return the container's ports that have names, by name."""
    return {port["name"]: port["containerPort"] for port in container.get("ports") or [] if "name" in port}


async def run_handler(handler: Mapping[str, Any], target: HandlerTarget, timeout: float) -> HandlerResult:  # noqa: ASYNC109
    """Run the handler of a probe or hook, for at most `timeout` seconds; failures are results, not exceptions."""
    try:
        async with asyncio.timeout(timeout):
            if "httpGet" in handler:
                return await _http_get(handler["httpGet"], target)
            if "tcpSocket" in handler:
                return await _connect(handler["tcpSocket"], target)
            if "exec" in handler:
                result = await target.execute(handler["exec"]["command"])
                return HandlerResult(result.code == 0, printable(f"exit code {result.code}: {result.output}"))
            if "sleep" in handler:
                await asyncio.sleep(handler["sleep"]["seconds"])
                return HandlerResult(ok=True, message="slept")
    except TimeoutError:
        return HandlerResult(ok=False, message=f"no answer within {timeout:g} s: context deadline exceeded")
    except LookupError as error:
        return HandlerResult(ok=False, message=str(error))
    return HandlerResult(
        ok=False, message="the handler is not supported by the sandbox: use httpGet, tcpSocket, exec or sleep"
    )


async def _http_get(given: Mapping[str, Any], target: HandlerTarget) -> HandlerResult:
    """Succeed on a status from 200 to 399, as the kubelet does (v1.36.3 `pkg/probe/http/http.go`).

    Redirects are not followed; the kubelet follows those to the same host (`RedirectChecker` there).
    """
    scheme = given.get("scheme", "HTTP").lower()
    host = given.get("host") or target.address
    url = f"{scheme}://{host}:{target.port(given['port'])}/{given.get('path', '/').removeprefix('/')}"
    headers = [(header["name"], header["value"]) for header in given.get("httpHeaders") or []]
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers.append(("User-Agent", _AGENT))
    try:
        async with target.http.stream("GET", url, headers=headers) as response:
            ok = HTTPStatus.OK <= response.status_code < HTTPStatus.BAD_REQUEST
            words = "HTTP probe failed with statuscode" if not ok else f'Get "{url}"'
            return HandlerResult(ok, f"{words}: {response.status_code}")
    except httpx.ConnectError as error:
        refused = str(error) == _ALL_FAILED
        return HandlerResult(ok=False, message=f'Get "{url}": {"connect: connection refused" if refused else error}')
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return HandlerResult(ok=False, message=f'Get "{url}": {str(error) or type(error).__name__}')


async def _connect(given: Mapping[str, Any], target: HandlerTarget) -> HandlerResult:
    host, port = given.get("host") or target.address, target.port(given["port"])
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return HandlerResult(ok=False, message=f"dial tcp {host}:{port}: connect: {_words(error)}")
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return HandlerResult(ok=True, message=f"connected to {host}:{port}")


def _words(error: OSError) -> str:
    """Return an error of the system as Go prints it."""
    return os.strerror(error.errno).lower() if error.errno else str(error)
