"""The configuration files of each proxy, whole, for two apps: one behind a stripping proxy, one with hosts."""

from pathlib import Path

import pytest

from proxiedapp.api.app import parse_manifest
from proxiedapp.local.localapp import local_app
from proxiedapp.local.proxies import caddy, nginx, traefik
from proxiedapp.local.proxies.setup import Backend, Listener, Request, Setup
from proxiedapp.local.proxies.table import PROXIES
from proxiedapp.servers.machine import Machine

DATA = Path(__file__).parent / "data"


def backend(name: str, command: list[str], number: int, **route: object) -> Backend:
    spec = {"image": "x", "command": command, "route": route}
    manifest = {"apiVersion": "proxiedapp.dev/v1alpha1", "kind": "ProxiedApp", "metadata": {"name": name}, "spec": spec}
    local = local_app(parse_manifest(manifest), ("127.0.0.1",), Machine("127.0.0.9", "/adapter"), https=False)
    return Backend(local.route, f"127.0.0.1:{9000 + number}")


BACKENDS = (
    backend("shop", ["uvicorn", "main:app"], 1, pathPrefix="/api/v1"),
    backend(
        "blog",
        ["daphne", "main:app"],
        2,
        hosts=["blog.example.com", "*.example.org"],
        pathPrefix="/blog",
        stripPrefix="Never",
    ),
)
SETUP = Setup(Listener("127.0.0.1", 8443, "/tls/tls.crt", "/tls/tls.key"), BACKENDS, logs_requests=True)


@pytest.mark.parametrize(
    ("folder", "files"),
    [("traefik", traefik.files(SETUP)), ("nginx", nginx.files(SETUP)), ("caddy", caddy.files(SETUP))],
)
def test_files_are_as_in_the_golden_ones(folder: str, files: dict[str, str]) -> None:
    golden = {path.name: path.read_text() for path in (DATA / folder).iterdir()}
    assert files == golden


def test_app_behind_a_gateway_is_redirected_at_the_bare_prefix_as_there() -> None:
    gateways = [{"name": "main", "namespace": "infra"}]
    route = backend("shop", ["uvicorn", "main:app"], 1, pathPrefix="/api/v1", parentRefs=gateways).route
    assert route.redirects_bare
    assert route.parents == ()


TRAEFIK_LINE = (
    '{"ClientAddr":"127.0.0.1:1","DownstreamStatus":404,"Duration":2000000,"RequestHost":"localhost",'
    '"RequestMethod":"GET","RequestPath":"/api/v1/x?q=1","request_User-Agent":"curl"}'
)
NGINX_LINE = '{"method":"GET","host":"localhost","uri":"/api/v1/x?q=1","status":"404","seconds":"0.002","agent":"curl"}'
CADDY_LINE = (
    '{"level":"info","msg":"handled request","request":{"method":"GET","host":"localhost","uri":"/api/v1/x?q=1",'
    '"headers":{"User-Agent":["curl"]}},"duration":0.002,"status":404}'
)


@pytest.mark.parametrize(("proxy", "line"), [("traefik", TRAEFIK_LINE), ("nginx", NGINX_LINE), ("caddy", CADDY_LINE)])
def test_requests_are_read_from_the_proxys_output(proxy: str, line: str) -> None:
    read = PROXIES[proxy].read_request
    assert read(line) == Request("GET", "localhost", "/api/v1/x?q=1", 404, 0.002, "curl")
    assert read("2026/11/30 08:00:00 [warn] something else") is None
    assert read('{"level":"error","msg":"dial tcp"}') is None


def test_paths_of_certificates_may_have_spaces() -> None:
    """nginx and Caddy took the part behind the space for another word, and did not start."""
    setup = Setup(Listener("127.0.0.1", 8443, "/my folder/tls.crt", "/my folder/tls.key"), BACKENDS)
    assert 'ssl_certificate "/my folder/tls.crt";' in nginx.files(setup)["nginx.conf"]
    assert 'tls "/my folder/tls.crt" "/my folder/tls.key"' in caddy.files(setup)["Caddyfile"]
