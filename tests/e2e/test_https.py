"""An app's own certificate, redirects to https, and the user's middlewares, through the real proxy."""

import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from proxiedapp_sandbox.certificates import write_serving_certificate
from tests.support import plain
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually


def ask(sandbox: Sandbox, namespace: str, path: str, *, https: bool = True, method: str = "GET") -> httpx.Response:
    url = sandbox.https_url if https else sandbox.http_url
    return plain.request(method, f"{url}{path}", headers={"Host": f"shop.{namespace}.test"})


def answers(sandbox: Sandbox, namespace: str, status: int = 200, *, https: bool = True) -> bool:
    return ask(sandbox, namespace, "/api/v1/app", https=https).status_code == status


def children(sandbox: Sandbox, namespace: str) -> set[str]:
    return sandbox.names("ingressroutes,middlewares", namespace)


def certificate(sandbox: Sandbox, host: str) -> x509.Certificate:
    """Return the certificate that the proxy presents for a host."""
    address = urlsplit(sandbox.https_url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # a default one reads the certificates of all authorities
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    with (
        socket.create_connection((address.hostname, address.port), timeout=plain.PATIENCE) as opened,
        context.wrap_socket(opened, server_hostname=host) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def test_plain_http_redirects_until_the_redirect_is_turned_off(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, route={"redirectToHTTPS": True}))
    sandbox.wait_for("Verified", "shop", namespace)
    for https, status in ((True, 200), (False, 301)):
        eventually(lambda: answers(sandbox, namespace, status, https=https), "the route")  # noqa: B023
    port = urlsplit(sandbox.https_url).port
    target = f"https://shop.{namespace}.test:{port}/api/v1/items/?a=1"
    got = ask(sandbox, namespace, "/api/v1/items/?a=1", https=False)
    assert (got.status_code, got.headers["Location"]) == (301, target)
    posted = ask(sandbox, namespace, "/api/v1/items/?a=1", https=False, method="POST")
    assert (posted.status_code, posted.headers["Location"]) == (308, target)
    assert ask(sandbox, namespace, "/api/v10/app", https=False).status_code == 404

    sandbox.apply(hello("shop", namespace))
    statuses = []

    def served_over_http() -> bool:
        statuses.append(ask(sandbox, namespace, "/api/v1/app", https=False).status_code)
        return statuses[-1] == 200

    eventually(served_over_http, "a response over plain http")
    assert set(statuses) <= {200, 301}, "never a 404 in between"
    eventually(
        lambda: not any("-plain-" in name or "-https-" in name for name in children(sandbox, namespace)),
        "the objects of the redirect are deleted",
    )


def test_app_serves_its_own_certificate(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    name = f"own-{namespace}"
    _, cert, key = write_serving_certificate(tmp_path, name)
    sandbox.kubectl("create", "secret", "tls", "mine", f"--cert={cert}", f"--key={key}", "-n", namespace)
    sandbox.apply(hello("shop", namespace, route={"tls": {"secretName": "mine"}}))
    sandbox.wait_for("Verified", "shop", namespace)
    eventually(lambda: answers(sandbox, namespace), "the route")
    eventually(lambda: answers(sandbox, namespace, https=False), "plain http is served, too")

    def shown() -> bool:
        subject = certificate(sandbox, "localhost").subject
        assert [entry.value for entry in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [name]
        return True

    eventually(shown, "the app's own certificate")


def test_default_certificate_is_the_same_after_a_change_of_routes(sandbox: Sandbox, namespace: str) -> None:
    before = certificate(sandbox, "default.test")
    sandbox.apply(hello("shop", namespace))
    eventually(lambda: answers(sandbox, namespace), "the route")
    assert certificate(sandbox, "default.test") == before


def test_users_middleware_runs_first(sandbox: Sandbox, namespace: str) -> None:
    middlewares = {"middlewares": [{"name": "mine"}]}
    sandbox.apply(hello("shop", namespace, route=middlewares))
    stalled = sandbox.stalled("shop", namespace)
    assert stalled["reason"] == "MiddlewareMissing"
    assert "Middleware mine does not exist" in stalled["message"]
    assert sandbox.names("ingressroutes", namespace) == set()
    mine: dict[str, Any] = {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "Middleware",
        "metadata": {"name": "mine", "namespace": namespace},
        "spec": {"headers": {"customResponseHeaders": {"X-Mine": "yes"}}},
    }
    sandbox.apply(mine)
    eventually(lambda: answers(sandbox, namespace), "the route")
    assert ask(sandbox, namespace, "/api/v1/app").headers["X-Mine"] == "yes"
    assert ask(sandbox, namespace, "/api/v1/app").json()["root_path"] == "/api/v1"


@pytest.mark.parametrize("entry_point", ["web", "websecure"])
def test_app_on_one_entry_point_is_not_served_on_the_other(sandbox: Sandbox, namespace: str, entry_point: str) -> None:
    sandbox.apply(hello("shop", namespace, route={"entryPoints": [entry_point]}))
    https = entry_point == "websecure"
    eventually(lambda: answers(sandbox, namespace, https=https), "the route")
    assert ask(sandbox, namespace, "/api/v1/app", https=not https).status_code == 404
