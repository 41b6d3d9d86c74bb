"""What the matrix expects of each proxy, and the column of each in docs/gateways.md."""

import httpx
import pytest

from tests.matrix.proxies import BY_GATEWAY, INGRESS_ROUTE, Proxy

TRAEFIK, CONTOUR = BY_GATEWAY["traefik"], BY_GATEWAY["contour"]
FORGED = {"scheme": "http", "headers": {"x-forwarded-for": ["192.0.2.66"], "x-forwarded-host": ["forged.invalid"]}}


@pytest.mark.parametrize("proxy", [INGRESS_ROUTE, TRAEFIK])
def test_every_header_counts_where_the_proxy_replaces_what_clients_send(proxy: Proxy) -> None:
    assert proxy.comparable(FORGED) == FORGED


def test_headers_that_no_server_trusts_do_not_count_where_the_proxy_passes_them_on() -> None:
    assert CONTOUR.comparable(FORGED)["headers"] == {"x-forwarded-host": ["forged.invalid"]}


@pytest.mark.parametrize(("proxy", "host"), [(INGRESS_ROUTE, ["a.test"]), (TRAEFIK, None), (CONTOUR, None)])
def test_http_routes_remove_the_forwarded_host(proxy: Proxy, host: list[str] | None) -> None:
    assert proxy.forwarded("https", "a.test", None)["host"] == host


def test_an_answer_of_the_app_is_not_the_404_of_the_proxy() -> None:
    app = httpx.Response(404, json={"detail": "Not Found"})
    assert not any(proxy.is_own_404(app) for proxy in (INGRESS_ROUTE, TRAEFIK, CONTOUR))
    assert CONTOUR.is_own_404(httpx.Response(404))
    assert TRAEFIK.is_own_404(httpx.Response(404, text="404 page not found\n"))
