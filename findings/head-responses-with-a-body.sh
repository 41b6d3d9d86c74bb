#!/usr/bin/env bash
# daphne 4.2.3, pyvoy 1.3.0: the answer to a HEAD request contains a part of the body. RFC 9110 (9.3.2) forbids it: the
# client expects the next answer after the headers. ASGI apps send the body for HEAD, too, as Starlette's routes do, and
# leave it to the server to drop it, which uvicorn does. daphne drops only the first part, so it shows with streams.
#
# Expected: nothing after the headers. Seen for a body of two parts: uvicorn 0.54.0 nothing; daphne the second part; pyvoy
# both, for a body of one part the one.
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 daphne==4.2.3 pyvoy==1.3.0
cat > main.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await send({"type": "http.response.body", "body": b"second"})
PY
cat > ask.py <<'PY'
import socket, sys, time

for _ in range(300):
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as client:
            client.sendall(b"HEAD / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server did not start")
print(answer.partition("\r\n\r\n")[2] or "nothing")
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
check uvicorn nothing venv/bin/uvicorn main:app --port PORT
check daphne second venv/bin/daphne --port PORT main:app
check pyvoy firstsecond venv/bin/pyvoy main:app --address 127.0.0.1 --port PORT
