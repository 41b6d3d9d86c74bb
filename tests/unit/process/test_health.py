"""The health endpoints, and that clients which never finish a request neither block them nor stay connected."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from proxiedapp.process import health as module
from proxiedapp.process.boundedhttp import MAX_CONNECTIONS_OF_ONE_ADDRESS, bounded_protocol
from proxiedapp.process.health import Health, serve_health
from tests.support import plain

UNFINISHED = b"GET /healthz HTTP/1.1\r\nHost: operator\r\nX-Padding: "


@pytest.fixture
def health() -> Health:
    return Health(clock=lambda: 0.0)


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def url(health: Health, listener: socket.socket) -> Iterator[str]:
    with serve_health(health, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def get(url: str) -> tuple[int, str]:
    answer = plain.get(url, timeout=30)
    return answer.status_code, answer.text


def unfinished(listener: socket.socket) -> socket.socket:
    client = socket.create_connection(listener.getsockname(), timeout=30)
    client.sendall(UNFINISHED)
    return client


def closes(client: socket.socket) -> bool:
    """Wait until the server closes a connection."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_endpoints_report_the_state(health: Health, url: str) -> None:
    assert get(f"{url}/healthz") == (200, "ok\n")
    assert get(f"{url}/readyz") == (503, "waiting for the first lists\n")
    health.waiting_for = None
    assert get(f"{url}/readyz") == (200, "ok\n")
    assert "python_info" in get(f"{url}/metrics")[1]


def test_unfinished_requests_of_one_address_close_the_oldest_and_block_nothing(
    url: str, listener: socket.socket
) -> None:
    clients = [unfinished(listener) for _ in range(200)]
    try:
        assert get(f"{url}/healthz") == (200, "ok\n")
        assert all(closes(client) for client in clients[:-MAX_CONNECTIONS_OF_ONE_ADDRESS])
    finally:
        for client in clients:
            client.close()


def test_unfinished_request_is_closed_after_a_while(
    monkeypatch: pytest.MonkeyPatch, health: Health, listener: socket.socket
) -> None:
    monkeypatch.setattr(module, "bounded_protocol", lambda: bounded_protocol(seconds=0.1))
    with serve_health(health, listener), unfinished(listener) as client:
        assert closes(client)


def test_endless_headers_are_refused(url: str, listener: socket.socket) -> None:
    with unfinished(listener) as client:
        try:
            client.sendall(b"x" * 1_000_000)
            assert client.recv(20).startswith(b"HTTP/1.1 400")
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed while the rest was still on its way
    assert get(f"{url}/healthz") == (200, "ok\n")


def test_server_does_not_wake_up_at_rest(
    monkeypatch: pytest.MonkeyPatch, health: Health, listener: socket.socket
) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def recorded(seconds: float) -> None:
        waits.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", recorded)
    with serve_health(health, listener):
        assert get(f"http://127.0.0.1:{listener.getsockname()[1]}/healthz") == (200, "ok\n")
        assert waits == []
