#!/usr/bin/env bash
# uvicorn 0.54.0 uses httptools where it is installed, as by uvicorn[standard], and h11 otherwise. Two valid requests are
# answered differently by the two, without any setting changed:
#
# * HTTP/1.0, which nginx before 1.29.7 speaks to its upstreams by default: with httptools the answer is in chunks, which
#   HTTP/1.0 does not have (RFC 9112, 6.1: a server must not send them to such a client). With h11 it is not.
# * A request target with scheme and host, which every server must accept (RFC 9112, 3.2.2): with httptools scope["path"]
#   is the path, with h11 it is the whole URL, which no route matches.
#
# Expected: the same from both. Seen: as above.
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cat > main.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})
PY
cat > ask.py <<'PY'
import socket, sys, time

def answer(request):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b"")).decode()

for _ in range(200):
    try:
        old = answer(b"GET /a HTTP/1.0\r\nHost: a.example.com\r\n\r\n")
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server did not start")
absolute = answer(b"GET http://a.example.com/a HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n")
path = next(line for line in absolute.split("\r\n\r\n")[1].split("\r\n") if "/" in line)
print("chunked" if "transfer-encoding: chunked" in old.lower() else "plain", path)
PY
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
check() { # parser, expected
  local seen port
  port=$(free_port)
  venv/bin/uvicorn main:app --port "$port" --http "$1" >/dev/null 2>&1 & pid=$!
  seen=$(venv/bin/python ask.py "$port")
  kill "$pid"; wait "$pid" || true; pid=
  echo "$1: $seen"
  [[ $seen == "$2" ]] || { echo "expected: $2" >&2; exit 1; }
}
check httptools "chunked /a"
check h11 "plain http://a.example.com/a"
