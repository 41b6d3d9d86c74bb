"""The app of the conformance suite reports requests as they arrive, byte by byte in their paths."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from proxiedapp_sandbox.controlplane import free_ports
from tests.conformance import echo
from tests.conformance.client import Client
from tests.conformance.cluster import eventually
from tests.conformance.errors import WrongError
from tests.conformance.target import Address, Target


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    (port,) = free_ports(1)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(echo.serve, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    target = Target("infra", "main", "", "", None, "", "a.test", (Address("http", "127.0.0.1", port),))
    yield Client(target, "a.test")
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("path", ["/", "/a/../b", "//a", "/a%2Fb?c=%20", "/%00"])
def test_path_is_as_it_was_sent(client: Client, path: str) -> None:
    answer = client.get(path, [("X-One", "1"), ("X-One", "2")])
    assert (answer.path, answer.header("x-one"), answer.header("host")) == (path, ["1", "2"], ["a.test"])


def test_bodies_are_counted(client: Client) -> None:
    assert client.get("/", body=b"x" * 100_000).seen["body"] == 100_000


def test_streams_have_as_many_events_as_asked(client: Client) -> None:
    assert [event for _, event in client.events("/?stream=1")] == ["0"]


def test_websocket_knows_its_request(client: Client) -> None:
    assert client.websocket("/ws?a=b", 0)["target"] == "/ws?a=b"


def test_a_missing_listener_is_wrong(client: Client) -> None:
    with pytest.raises(WrongError, match="no listener for https"):
        Client(client.target, "a.test", "https").get("/")


def test_waiting_has_an_end() -> None:
    with pytest.raises(WrongError, match="timed out after 0 s waiting for nothing"):
        eventually(lambda: False, "nothing", 0)
