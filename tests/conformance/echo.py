"""An HTTP server without dependencies that answers with the request it got; it runs in the pods of the suite.

With `?stream=N`, it sends N numbers, one a second. A WebSocket gets the request as its first message, and then each of
its messages back.
"""

import asyncio
import base64
import hashlib
import json
import sys
from asyncio import StreamReader, StreamWriter
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TEXT, _CLOSE = 0x1, 0x8
_SHORT, _MEDIUM = 125, 126


class Request(NamedTuple):
    """The head of a request, and the length of its body."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: int

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def json(self) -> bytes:
        return json.dumps(self._asdict()).encode()


async def read_request(reader: StreamReader) -> Request | None:
    """Return the next request of a connection; None if there is none."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    request = Request(method, target, headers, 0)
    return request._replace(body=await _read_body(reader, request))


async def _read_body(reader: StreamReader, request: Request) -> int:
    if request.header("transfer-encoding").lower() != "chunked":
        return len(await reader.readexactly(int(request.header("content-length") or 0)))
    total = 0
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        await reader.readexactly(size + 2)
        total += size
    await reader.readuntil(b"\r\n")
    return total


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer all requests of a connection."""
    try:
        while (request := await read_request(reader)) is not None:
            query = parse_qs(urlsplit(request.target).query)
            if request.header("upgrade").lower() == "websocket":
                await _websocket(request, reader, writer)
                break
            if "stream" in query:
                await _stream(int(query["stream"][0]), writer)
            else:
                body = request.json()
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, ValueError):
        pass
    finally:
        writer.close()


async def _stream(count: int, writer: StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    for number in range(count):
        event = f"data: {number}\n\n".encode()
        writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        await writer.drain()
        await asyncio.sleep(1)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _websocket(request: Request, reader: StreamReader, writer: StreamWriter) -> None:
    digest = hashlib.sha1((request.header("sec-websocket-key") + _MAGIC).encode()).digest()  # noqa: S324 - RFC 6455
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-accept: " + base64.b64encode(digest) + b"\r\n\r\n" + _frame(_TEXT, request.json())
    )
    await writer.drain()
    while True:
        opcode, length = await reader.readexactly(2)
        size = length & 0x7F
        if size > _SHORT:
            size = int.from_bytes(await reader.readexactly(2 if size == _MEDIUM else 8), "big")
        mask, masked = await reader.readexactly(4), await reader.readexactly(size)
        message = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
        writer.write(_frame(opcode & 0xF, message))
        await writer.drain()
        if opcode & 0xF == _CLOSE:
            return


def _frame(opcode: int, message: bytes) -> bytes:
    size = len(message)
    length = bytes([size]) if size <= _SHORT else bytes([_MEDIUM]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + message


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
