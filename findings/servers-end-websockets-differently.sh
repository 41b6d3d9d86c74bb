#!/usr/bin/env bash
# uvicorn 0.54.0, hypercorn 0.18.0, granian 2.8.7, daphne 4.2.3: what the client of an open websocket gets when the server
# is stopped by SIGTERM, as by every rollout. RFC 6455 (7.4.1) has the close code 1001 for a server that goes down, and
# clients that reconnect by the code look for 1001 or 1012.
#
# Expected: a close frame with 1001 or 1012 from every server. Seen: uvicorn 1012, hypercorn 1011 ("unexpected
# condition"); granian and daphne drop the connection without a close frame (1006 in the client).
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill -9 "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  uvicorn==0.54.0 hypercorn==0.18.0 granian==2.8.7 daphne==4.2.3 websockets==17.4
cat > main.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": "pong"})
PY
cat > client.py <<'PY'
import os, signal, sys, time
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

port, server = sys.argv[1], int(sys.argv[2])
def code_after(signal_to):
    with connect(f"ws://127.0.0.1:{port}/", open_timeout=5, proxy=None) as socket:
        socket.send("ping")
        assert socket.recv(timeout=10) == "pong"
        os.kill(signal_to, signal.SIGTERM)
        try:
            socket.recv(timeout=60)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else "no close frame"

for _ in range(200):
    try:
        print(code_after(server))
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server did not start")
PY
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
check() { # name, expected, command; PORT in it is the port
  local name=$1 expected=$2 seen port; shift 2
  port=$(free_port)
  "${@//PORT/$port}" >/dev/null 2>&1 & pid=$!
  seen=$(venv/bin/python client.py "$port" "$pid")
  kill -9 "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; pid=
  echo "$name: $seen"
  [[ $seen == "$expected" ]] || { echo "expected: $expected" >&2; exit 1; }
}
check "uvicorn" 1012 venv/bin/uvicorn main:app --port PORT
check "hypercorn" 1011 venv/bin/hypercorn main:app --bind 127.0.0.1:PORT --graceful-timeout 1
check "granian" "no close frame" venv/bin/granian --interface asgi --host 127.0.0.1 --port PORT main:app
check "daphne" "no close frame" venv/bin/daphne --port PORT main:app
