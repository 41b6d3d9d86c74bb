"""The relay between the proxy and an app holds connections while the app restarts."""

import asyncio

from proxiedapp.local.dev.relay import Relay


async def test_connection_waits_until_the_last_of_several_restarts() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    relay = Relay()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as app:
        port = app.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", await relay.start())
        for _ in range(100):  # turns of the loop in which the relay accepts the connection, not a time
            await asyncio.sleep(0)
        relay.connect("127.0.0.1", "127.0.0.1", port)
        relay.hold()
        for _ in range(100):
            await asyncio.sleep(0)
        relay.connect("127.0.0.1", "127.0.0.1", port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        await relay.close()


async def test_connection_is_closed_while_the_app_does_not_run() -> None:
    relay = Relay()
    relay.refuse()
    reader, writer = await asyncio.open_connection("127.0.0.1", await relay.start())
    assert await reader.read() == b""
    writer.close()
    await relay.close()
