"""Requests to the listeners of the Gateway, with the path as given: other clients resolve dots and decode."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.conformance.errors import WrongError
from tests.conformance.target import Target

_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Answer:
    """An answer, and what the app saw if it answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def seen(self) -> dict[str, Any]:
        """Return the request as the app saw it; raises WrongError if the app did not answer."""
        if self.status != http.client.OK:
            raise WrongError(f"status {self.status} instead of an answer of the app")
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def path(self) -> str:
        """Return the path as the app saw it, with the query."""
        return str(self.seen["target"])

    def header(self, name: str) -> list[str]:
        """Return the values of a header as the app saw it."""
        return [value for key, value in self.seen["headers"] if key == name.lower()]


@dataclass(frozen=True)
class Client:
    """Requests of one host, by http or https."""

    target: Target
    host: str
    scheme: str = "http"

    def get(self, path: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Answer:
        """Send GET, or POST with a body."""
        connection = self._connection(_SECONDS)
        try:
            self._send(connection, "POST" if body else "GET", path, headers, body)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, text)
        finally:
            connection.close()

    def events(self, path: str) -> Iterator[tuple[float, str]]:
        """Yield each event of a stream with the seconds since the request."""
        connection = self._connection(_SECONDS)
        try:
            begun = time.monotonic()
            self._send(connection, "GET", path, (), b"")
            answer = connection.getresponse()
            while line := answer.readline():
                if line.startswith(b"data: "):
                    yield time.monotonic() - begun, line.decode().strip().removeprefix("data: ")
        except (http.client.IncompleteRead, ConnectionError, TimeoutError):
            return  # the stream was cut, which the number of events shows
        finally:
            connection.close()

    def websocket(self, path: str, silence: float) -> dict[str, Any]:
        """Open a WebSocket, be silent, send a message, and return the request as the app saw it; raises WrongError."""
        try:
            return asyncio.run(self._websocket(path, silence))
        except (WebSocketException, OSError, TimeoutError) as error:
            raise WrongError(f"the WebSocket failed: {type(error).__name__}: {error}") from error

    async def _websocket(self, path: str, silence: float) -> dict[str, Any]:
        address = self._address
        secure = self.scheme == "https"
        async with connect(
            f"{'wss' if secure else 'ws'}://{self.host}{path}",
            host=address[0],
            port=address[1],
            ssl=self.target.tls if secure else None,
            proxy=None,
            ping_interval=None,
        ) as opened:
            seen: dict[str, Any] = json.loads(await opened.recv())
            await asyncio.sleep(silence)
            await opened.send("still here")
            echoed = await asyncio.wait_for(opened.recv(), _SECONDS)
            if echoed != "still here":
                raise WrongError(f"the message came back as {echoed!r}")
            return seen

    @property
    def _address(self) -> tuple[str, int]:
        address = self.target.address(self.scheme)
        if address is None:
            raise WrongError(f"the Gateway has no listener for {self.scheme}")
        return address.host, address.port

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        host, port = self._address
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
        opened = socket.create_connection((host, port), timeout=seconds)
        secure = self.scheme == "https"
        connection.sock = self.target.tls.wrap_socket(opened, server_hostname=self.host) if secure else opened
        return connection

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
    ) -> None:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        given = list(headers)
        if not any(name.lower() == "host" for name, _ in given):
            connection.putheader("Host", self.host)
        for name, value in given:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
