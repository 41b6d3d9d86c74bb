#!/usr/bin/env bash
# pyvoy 1.3.0: once the body of a request is read, every further receive() returns an empty http.request at once, for as
# long as the app asks, and http.disconnect never comes: not while the client waits, and not after it is gone. The ASGI
# specification (HTTP, "Disconnect") has http.disconnect for a client that is gone, and uvicorn waits until then. An app
# that waits for it to stop a stream gets no message to stop at, and its loop never pauses.
#
# Expected: http.request, http.disconnect. Seen: uvicorn 0.54.0 as expected; pyvoy http.request five times out of five.
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyvoy==1.3.0 uvicorn==0.54.0
cat > main.py <<'PY'
received = []

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    if scope["path"] == "/wait":
        while len(received) < 5 and received[-1:] != ["http.disconnect"]:
            received.append((await receive())["type"])
        return
    body = " ".join(received).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
PY
cat > ask.py <<'PY'
import http.client, socket, sys, time

port = int(sys.argv[1])
for _ in range(300):
    try:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: a.example.com\r\n\r\n")
            time.sleep(1)
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server did not start")
for _ in range(100):  # until the app has its last message
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/received")
    received = connection.getresponse().read().decode()
    connection.close()
    if len(received.split()) == 5 or received.endswith("disconnect"):
        break
    time.sleep(0.1)
print(received)
PY
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
check() { # name, expected, command; PORT in it is the port
  local name=$1 expected=$2 seen port; shift 2
  port=$(free_port)
  "${@//PORT/$port}" >/dev/null 2>&1 & pid=$!
  seen=$(venv/bin/python ask.py "$port")
  kill "$pid"; wait "$pid" || true; pid=
  echo "$name: $seen"
  [[ $seen == "$expected" ]] || { echo "expected: $expected" >&2; exit 1; }
}
check uvicorn "http.request http.disconnect" venv/bin/uvicorn main:app --port PORT
check pyvoy "http.request http.request http.request http.request http.request" \
  venv/bin/pyvoy main:app --address 127.0.0.1 --port PORT
