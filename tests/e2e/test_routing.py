"""The real proxy forwards to an app its own requests and no others, and the server trusts only the proxy."""

import http.client
from urllib.parse import urlsplit

import pytest

from tests.support import plain
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually


@pytest.fixture(scope="module")
def host(sandbox: Sandbox) -> str:
    sandbox.kubectl("create", "namespace", "routing")
    sandbox.apply(hello("shop", "routing", "/api"))
    sandbox.wait_ready("shop", "routing")
    name = "shop.routing.test"
    eventually(lambda: raw_get(sandbox, name, "/api/app")[0] == 200, "the route")
    return name


def raw_get(sandbox: Sandbox, host: str, path: str, **headers: str) -> tuple[int, str]:
    """Send a request whose path the client does not normalize, and return status and body."""
    address = urlsplit(sandbox.http_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=plain.PATIENCE)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in {"Host": host, **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/api/app", "//api/app", "/api//app", "/%61pi/app", "/x/../api/app", "/api/app?q=1"])
def test_requests_under_the_prefix_reach_the_app(sandbox: Sandbox, host: str, path: str) -> None:
    assert raw_get(sandbox, host, path) == (200, '{"message":"Hello World","root_path":"/api"}')


@pytest.mark.parametrize(
    "path",
    [
        "/apiadmin",
        "/api-v2/app",
        "/api10/app",
        "/api;x",
        "/API/app",
        "/api../app",
        "/api%2e%2e/app",
        "/api./app",
        "/api/../app",
        "/api/%2e%2e/app",
        "/api%2f..%2fapp",
        "/api%2Fapp",
        "/app",
    ],
)
def test_other_requests_do_not_reach_the_app(sandbox: Sandbox, host: str, path: str) -> None:
    assert raw_get(sandbox, host, path) == (404, "404 page not found\n")


@pytest.mark.parametrize("path", ["/api/..%2fapp", "/api/%2e%2e%2fapp", "/api/%00", "/api/%5c.."])
def test_encoded_separators_are_rejected_by_the_proxy(sandbox: Sandbox, host: str, path: str) -> None:
    assert raw_get(sandbox, host, path)[0] == 400


def test_another_host_is_not_served(sandbox: Sandbox, host: str) -> None:
    assert raw_get(sandbox, f"other.{host}", "/api/app")[0] == 404


def test_wildcard_serves_the_names_that_no_other_app_has(sandbox: Sandbox, host: str) -> None:
    """The module's app has the name below which the wildcard is, and another one has a name that it matches."""
    parent = host.partition(".")[2]
    route, probes = {"hosts": [f"*.{parent}"]}, {"readiness": {"path": "/sub", "periodSeconds": 1}}
    sandbox.apply(hello("tenants", "routing", "/api", route=route, command=["uvicorn", "main:subapi"], probes=probes))
    sandbox.wait_for("Verified", "tenants", "routing")
    assert raw_get(sandbox, f"any.{parent}", "/api/sub")[0] == 200
    assert raw_get(sandbox, f"a.b.{parent}", "/api/sub")[0] == 404
    assert raw_get(sandbox, host, "/api/sub")[0] == 404
    assert raw_get(sandbox, host, "/api/app")[0] == 200
    url = sandbox.get("proxiedapp", "tenants", "-n", "routing")["status"]["url"]
    assert urlsplit(url).hostname == f"proxiedapp.{parent}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "?a=1&b=https%3A%2F%2Fx"])
def test_the_prefix_itself_is_redirected_to_its_slash(sandbox: Sandbox, host: str, method: str, query: str) -> None:
    reply = plain.request(method, f"{sandbox.http_url}/api{query}", headers={"Host": host})
    assert (reply.is_redirect, reply.headers["Location"]) == (True, f"/api/{query}")
    assert raw_get(sandbox, host, "/api/") == (404, '{"detail":"Not Found"}'), "the app's own root"


def test_other_methods_and_websockets_at_the_prefix_itself_reach_the_app(sandbox: Sandbox, host: str) -> None:
    """The app has no handler for its root, so its own refusal shows who answered."""
    reply = plain.request("POST", f"{sandbox.http_url}/api", headers={"Host": host})
    assert (reply.status_code, reply.json()) == (404, {"detail": "Not Found"})
    handshake = {"Connection": "Upgrade", "Upgrade": "WebSocket", "Sec_WebSocket_Version": "13"}
    key = "AAAAAAAAAAAAAAAAAAAAAA=="
    assert raw_get(sandbox, host, "/api", **handshake, Sec_WebSocket_Key=key)[0] == 403


def test_forged_headers_change_nothing(sandbox: Sandbox, host: str) -> None:
    honest = plain.get(f"{sandbox.http_url}/api/whoami", headers={"Host": host}).json()
    forged = plain.get(
        f"{sandbox.http_url}/api/whoami",
        headers={
            "Host": host,
            "X-Forwarded-For": "6.6.6.6",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "evil.test",
            "X-Forwarded-Prefix": "/evil",
            "Forwarded": "for=6.6.6.6;proto=https;host=evil.test",
            "Daphne-Root-Path": "/evil",
            "X-Script-Name": "/evil",
        },
    ).json()
    assert forged == honest
    assert honest == {
        "scheme": "http",
        "host": host,
        "client": "127.0.0.1",
        "url": f"http://{host}/api/whoami",
        "forwarded_prefix": None,
    }


def test_a_longer_prefix_on_the_same_host_gets_its_own_requests(sandbox: Sandbox, host: str) -> None:
    sandbox.apply(hello("inner", "routing", "/api/inner", route={"hosts": [host]}))
    sandbox.wait_ready("inner", "routing")
    eventually(lambda: '"root_path":"/api/inner"' in raw_get(sandbox, host, "/api/inner/app")[1], "the inner app")
    assert '"root_path":"/api"' in raw_get(sandbox, host, "/api/app")[1]
    assert raw_get(sandbox, host, "/api/innermost/app")[1] == '{"detail":"Not Found"}', "the outer app answers"
