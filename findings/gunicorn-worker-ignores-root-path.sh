#!/usr/bin/env bash
# gunicorn 27.0.1 with uvicorn-worker 0.4.0: gunicorn has an option --root-path, accepts it for every worker class, and
# its own asgi worker honours it. The uvicorn worker does not read it: root_path stays empty, without a warning.
#
# Expected: the option works with both ASGI worker classes, or the one that cannot honour it says so.
# Seen: `-k asgi` gives "/api/v1"; `-k uvicorn_worker.UvicornWorker` gives "", exit code and log are clean.
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1 uvicorn==0.54.0 uvicorn-worker==0.4.0
cat > main.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = repr(scope.get("root_path", "")).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
PY
cat > ask.py <<'PY'
import http.client, sys, time
for _ in range(200):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
        connection.request("GET", "/api/v1/")
        print(connection.getresponse().read().decode())
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server did not start")
PY
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
check() { # worker class, expected root_path, expected number of lines at warning level or above
  local port seen
  port=$(free_port)
  env -u GUNICORN_CMD_ARGS venv/bin/gunicorn -k "$1" --root-path /api/v1 --bind "127.0.0.1:$port" --no-control-socket \
    --log-level warning main:app 2>log & pid=$!
  seen=$(python3 ask.py "$port")
  kill "$pid"; wait "$pid" 2>/dev/null || true; pid=
  echo "gunicorn -k $1 --root-path /api/v1: root_path is $seen"
  [[ $seen == "$2" ]] || { echo "expected: $2" >&2; exit 1; }
  if grep -i root log; then echo "expected no word about the root path in the log" >&2; exit 1; fi
}
check asgi "'/api/v1'"
check uvicorn_worker.UvicornWorker "''"
