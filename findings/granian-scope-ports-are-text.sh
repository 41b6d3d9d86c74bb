#!/usr/bin/env bash
# granian 2.8.9: the ports in scope["client"] and scope["server"] are strings. The ASGI specification (HTTP and WebSocket
# Message Format, "client" and "server") gives them as integers, and uvicorn does so.
#
# Expected: ("127.0.0.1", 8000) with an int. Seen: granian str, uvicorn 0.54.0 int.
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check granian==2.8.9 uvicorn==0.54.0
cat > main.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = f"{type(scope['client'][1]).__name__} {type(scope['server'][1]).__name__}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
PY
cat > ask.py <<'PY'
import http.client, sys, time
for _ in range(200):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
        connection.request("GET", "/")
        print(connection.getresponse().read().decode())
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server did not start")
PY
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
check() { # name, expected, command
  local name=$1 expected=$2 seen; shift 2
  port=$(free_port)
  "$@" --port "$port" & pid=$!
  seen=$(python3 ask.py "$port")
  kill "$pid"; wait "$pid" 2>/dev/null || true; pid=
  echo "$name: types of the client's and the server's port: $seen"
  [[ $seen == "$expected" ]] || { echo "expected: $expected" >&2; exit 1; }
}
check uvicorn "int int" venv/bin/uvicorn main:app --log-level error
check granian "str str" venv/bin/granian --interface asgi --no-log main:app
