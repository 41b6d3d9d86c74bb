#!/usr/bin/env bash
# uvicorn 0.54.0: with `--host ::` one process listens on IPv6 alone, but `--workers 2` binds the socket in the
# supervisor, which leaves IPV6_V6ONLY off. The same option then also accepts IPv4, and the peer's address arrives as
# ::ffff:127.0.0.1. `--forwarded-allow-ips 127.0.0.1` compares text with addresses: the mapped peer is not in the list, so
# X-Forwarded-Proto is ignored, and redirects fall back to http.
#
# Expected by a reader of the options: the number of workers changes neither who can connect nor whose headers count.
# Seen: one process: IPv4 refused. Two workers: IPv4 accepted, scheme http. Two workers with the mapped address in the
# list: scheme https.
set -euo pipefail
folder=$(mktemp -d)
pids=()
cleanup() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0
cat > main.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = f"{scope['scheme']} {scope['client'][0]}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
PY
cat > ask.py <<'PY'
"""Print the answer to one request over IPv4; wait until the server answers over IPv6."""
import http.client, sys, time
port = int(sys.argv[1])
def ask(host):
    connection = http.client.HTTPConnection(host, port, timeout=5)
    connection.request("GET", "/", headers={"X-Forwarded-Proto": "https"})
    return connection.getresponse().read().decode()
for _ in range(200):
    try:
        ask("::1")
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server did not start")
try:
    print(ask("127.0.0.1"))
except ConnectionRefusedError:
    print("refused")
PY
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
check() { # expected, then options
  local expected=$1 port seen; shift
  port=$(free_port)
  env -u FORWARDED_ALLOW_IPS -u WEB_CONCURRENCY venv/bin/uvicorn main:app --host :: --port "$port" --log-level error "$@" & pids+=($!)
  seen=$(python3 ask.py "$port")
  kill "${pids[-1]}"; wait "${pids[-1]}" 2>/dev/null || true; unset 'pids[-1]'
  echo "uvicorn --host :: $*: $seen"
  [[ $seen == "$expected" ]] || { echo "expected: $expected" >&2; exit 1; }
}
check "refused" --forwarded-allow-ips 127.0.0.1
check "http ::ffff:127.0.0.1" --workers 2 --forwarded-allow-ips 127.0.0.1
check "https ::ffff:127.0.0.1" --workers 2 --forwarded-allow-ips ::ffff:127.0.0.1
