"""Compares the adapter with uvicorn's own middleware, on generated requests.

Left out is what the adapter does better on purpose: IPv4 addresses mapped into IPv6, zones, and invalid entries of the
list, which uvicorn compares as text.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests.unit.servers.adapter.loading import Scope, a_scope, seen

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6).filter(lambda ip: getattr(ip, "ipv4_mapped", None) is None)
NETWORKS = st.one_of(
    st.builds(lambda ip, bits: IPv4Network((ip, bits), strict=False), V4, st.integers(0, 32)),
    st.builds(lambda ip, bits: IPv6Network((ip, bits), strict=False), V6, st.integers(0, 128)),
)
PORTS = st.one_of(st.integers(-5, 70_000).map(str), st.sampled_from(["", " 80", "http", "1_000", "٣", "+1"]))
BLANKS = st.sampled_from(["", " ", "\t", "  ", "\xa0"])


@st.composite
def trusted_lists(draw: st.DrawFn) -> list[str]:
    addresses = draw(st.lists(st.one_of(V4, V6).map(str), max_size=3))
    return addresses + [str(network) for network in draw(st.lists(NETWORKS, max_size=3))]


@st.composite
def hosts(draw: st.DrawFn, trusted: list[str]) -> str:
    """Draw an address, often one of the list, sometimes in another spelling."""
    listed = [entry.partition("/")[0] for entry in trusted]
    text: str = draw(st.one_of(st.sampled_from(listed or ["::"]), st.one_of(V4, V6).map(str)))
    return draw(st.sampled_from([text, text, text.upper(), ip_address(text).exploded]))


@st.composite
def hops(draw: st.DrawFn, trusted: list[str]) -> str:
    host = draw(st.one_of(hosts(trusted), st.text("0123456789abf.:[]/ -_é", max_size=12)))
    port = draw(PORTS)
    shape = draw(st.sampled_from(["{0}", "{0}", "{0}:{1}", "[{0}]", "[{0}]:{1}", "[{0}]{1}", "[{0}", "{0}]"]))
    return str(draw(BLANKS) + shape.format(host, port) + draw(BLANKS))


@st.composite
def requests(draw: st.DrawFn) -> tuple[Scope, list[str]]:
    trusted = draw(trusted_lists())
    lines = st.lists(hops(trusted), max_size=4).map(",".join)
    proto = st.sampled_from(["https", "http", "wss", "ws", "HTTPS", "", " https ", "http,https", "ftp", "httpss"])
    header = st.one_of(
        st.tuples(st.just("x-forwarded-for"), lines),
        st.tuples(st.just("x-forwarded-proto"), proto),
        st.tuples(st.sampled_from(["host", "x-forwarded-host", "forwarded", "x_forwarded_for"]), lines),
    )
    headers = [
        (name.encode(), value.encode("latin-1", "replace")) for name, value in draw(st.lists(header, max_size=6))
    ]
    peer = draw(st.one_of(st.none(), st.sampled_from(["", "testclient"]), hosts(trusted)))
    scope = a_scope(
        draw(st.sampled_from(["http", "websocket"])),
        client=None if peer is None else draw(st.sampled_from([(peer, 5000), [peer, 5000]])),
    )
    return scope | {"headers": headers}, trusted


def seen_behind_uvicorn(scope: Scope, trusted: list[str]) -> Scope:
    async def app(*_: Any) -> None: ...

    scope = dict(scope)  # uvicorn's middleware changes the scope that it gets
    middleware: Any = ProxyHeadersMiddleware(app, trusted_hosts=trusted)
    try:
        middleware(scope, None, None).send(None)
    except StopIteration:
        return scope
    raise AssertionError("the middleware suspended")


@given(requests())
def test_adapter_agrees_with_uvicorn(request: tuple[Scope, list[str]]) -> None:
    scope, trusted = request
    assert seen(scope, trusted=",".join(trusted)) == seen_behind_uvicorn(scope, trusted)


@given(requests())
def test_adapter_changes_nothing_after_the_middleware_of_uvicorn(request: tuple[Scope, list[str]]) -> None:
    """A uvicorn worker of gunicorn contains that middleware, and can have the same list."""
    scope, trusted = request
    once = seen_behind_uvicorn(scope, trusted)
    assert seen(once, trusted=",".join(trusted)) == once
