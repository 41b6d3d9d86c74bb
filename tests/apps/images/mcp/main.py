"""An MCP server with streamable HTTP in a FastAPI app, and a page that calls its tool."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

PAGE = """<!doctype html>
<title>MCP</title>
<link rel="icon" href="data:,">
<button>Call the tool</button>
<p id="result"></p>
<script>
  let session = null
  async function send(message) {
    const headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if (session) headers["Mcp-Session-Id"] = session
    const answer = await fetch("mcp", {method: "POST", headers, body: JSON.stringify({jsonrpc: "2.0", ...message})})
    session = answer.headers.get("Mcp-Session-Id") || session
    const text = await answer.text()
    const data = text.split("\\n").find(line => line.startsWith("data: {"))
    return data ? JSON.parse(data.slice(6)).result : text
  }
  document.querySelector("button").onclick = async () => {
    const clientInfo = {name: "page", version: "1"}
    await send({id: 1, method: "initialize", params: {protocolVersion: "2025-06-18", capabilities: {}, clientInfo}})
    await send({method: "notifications/initialized"})
    const called = await send({id: 2, method: "tools/call", params: {name: "add", arguments: {a: 2, b: 3}}})
    document.querySelector("#result").textContent = called.content ? called.content[0].text : JSON.stringify(called)
  }
</script>
"""

server = MCPServer("sums")


@server.tool()
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return f"{a} + {b} = {a + b}"


host = os.environ["ALLOWED_HOST"]
protocol = server.streamable_http_app(
    transport_security=TransportSecuritySettings(
        allowed_hosts=[host], allowed_origins=[f"http://{host}", f"https://{host}"]
    )
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with server.session_manager.run():
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/", response_class=HTMLResponse)
def index() -> str:
    return PAGE


app.mount("/", protocol)
