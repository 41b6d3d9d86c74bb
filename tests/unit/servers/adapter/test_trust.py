"""Which proxies the adapter trusts, and which headers it reads."""

from typing import Any

import pytest

from tests.unit.servers.adapter.loading import ADAPTER, a_scope, seen

PROXY = "10.42.0.9"
TRUSTED = "127.0.0.1,10.42.0.0/16,fd00::/8"


def client(*forwarded_for: str, peer: Any = (PROXY, 5000), trusted: str = TRUSTED) -> Any:
    headers = [("X-Forwarded-For", value) for value in forwarded_for]
    return seen(a_scope(client=peer, headers=headers), trusted=trusted)["client"]


def scheme(*proto: str, type_: str = "http", trusted: str = TRUSTED) -> str:
    headers = [("X-Forwarded-Proto", value) for value in proto]
    return str(seen(a_scope(type_, headers=headers), trusted=trusted)["scheme"])


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        pytest.param("10.42.0.9", "10.42.0.9", id="address"),
        pytest.param("10.42.0.9", "10.42.0.0/16", id="network"),
        pytest.param("10.42.0.9", "192.168.0.0/16, 10.42.0.9", id="spaces"),
        pytest.param("10.42.0.9", ",10.42.0.9,,", id="empty entries"),
        pytest.param("fd00::1", "fd00::/8", id="IPv6 network"),
        pytest.param("fd00:0:0::1", "fd00::1", id="IPv6 address in another spelling"),
        pytest.param("FD00::A", "fd00::a", id="IPv6 address in capitals"),
        pytest.param("::ffff:10.42.0.9", "10.42.0.9", id="peer mapped, address"),
        pytest.param("::ffff:10.42.0.9", "10.42.0.0/16", id="peer mapped, network"),
        pytest.param("::ffff:a2a:9", "10.42.0.0/16", id="peer mapped, in hexadecimal"),
        pytest.param("10.42.0.9", "::ffff:10.42.0.9", id="entry mapped"),
        pytest.param("10.42.0.9", "::ffff:10.42.0.0/112", id="network of mapped addresses"),
        pytest.param("10.42.0.9", "::ffff:0:0/96", id="all mapped addresses"),
        pytest.param("0.0.0.9", "::ffff:0.0.0.0/120", id="mapped network that begins with zeros"),
        pytest.param("::ffff:10.42.0.9", "::ffff:10.42.0.0/112", id="both mapped"),
        pytest.param("::ffff:10.42.0.9", "::/0", id="mapped addresses are IPv6 addresses too"),
        pytest.param("fe80::1%eth0", "fe80::1", id="peer with a zone, address"),
        pytest.param("fe80::1%eth0", "fe80::/10", id="peer with a zone, network"),
        pytest.param("fe80::1", "fe80::1%eth0", id="entry with a zone"),
        pytest.param("fe80::1%eth1", "fe80::%eth0/64", id="network with a zone"),
        pytest.param("::ffff:10.42.0.9%eth0", "10.42.0.9", id="mapped peer with a zone"),
    ],
)
def test_peer_is_trusted(peer: str, trusted: str) -> None:
    assert client("6.6.6.6", peer=(peer, 5000), trusted=trusted) == ("6.6.6.6", 0)


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        pytest.param("10.42.0.9", "", id="no one is"),
        pytest.param("127.0.0.1", "", id="not even loopback"),
        pytest.param("10.43.0.9", "10.42.0.0/16", id="another network"),
        pytest.param("10.42.0.9", "::/0", id="IPv4 address, IPv6 network"),
        pytest.param("::a2a:9", "10.42.0.9", id="IPv4-compatible address"),
        pytest.param("64:ff9b::a2a:9", "10.42.0.9", id="translated address"),
        pytest.param("10.42.0.9%eth0", "10.42.0.9", id="IPv4 has no zones"),
        pytest.param("fe80::1%", "fe80::1", id="empty zone"),
        pytest.param("fe80::1%a%b", "fe80::/10", id="two zones"),
        pytest.param("", TRUSTED, id="empty"),
        pytest.param("testclient", TRUSTED, id="a name"),
        pytest.param("/run/server.sock", TRUSTED, id="a Unix socket"),
        pytest.param("10.42.0.9:5000", TRUSTED, id="address with a port"),
        pytest.param("10.42.0.0/16", TRUSTED, id="the entry itself"),
    ],
)
def test_peer_is_not_trusted(peer: str, trusted: str) -> None:
    headers = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https")]
    given = a_scope(client=(peer, 5000), headers=headers)
    assert seen(given, trusted=trusted) == given


@pytest.mark.parametrize("peer", [None, [], (None, 0)])
def test_peer_without_an_address_is_not_trusted(peer: Any) -> None:
    assert client("6.6.6.6", peer=peer) == peer


def test_peer_can_be_a_list_as_in_daphne() -> None:
    assert client("6.6.6.6", peer=[PROXY, 5000]) == ("6.6.6.6", 0)
    assert client("6.6.6.6", peer=["8.8.8.8", 5000]) == ["8.8.8.8", 5000]


@pytest.mark.parametrize(
    "trusted",
    [
        pytest.param("10.0.0.1/8", id="host bits"),
        pytest.param("proxy", id="a name"),
        pytest.param("10.0.0.0/8;127.0.0.1", id="another separator"),
    ],
)
def test_invalid_entry_fails_at_start(trusted: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear to be|has host bits set"):
        ADAPTER.TrustedProxies(trusted)


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        pytest.param(["6.6.6.6"], ("6.6.6.6", 0), id="one"),
        pytest.param(["6.6.6.6, 203.0.113.5, 10.42.0.9"], ("203.0.113.5", 0), id="rightmost that is not trusted"),
        pytest.param(["6.6.6.6", "203.0.113.5, 10.42.0.9"], ("203.0.113.5", 0), id="lines are joined in order"),
        pytest.param(["203.0.113.5", "10.42.0.9"], ("203.0.113.5", 0), id="trusted proxies in the last line"),
        pytest.param(["10.42.7.7, 127.0.0.1"], ("10.42.7.7", 0), id="leftmost if all are trusted"),
        pytest.param(["203.0.113.5:567, 10.42.0.9:80"], ("203.0.113.5", 567), id="ports"),
        pytest.param(["[2001:db8::1]:80, [fd00::1]:443"], ("2001:db8::1", 80), id="brackets and ports"),
        pytest.param(["[2001:db8::1], fd00::1"], ("2001:db8::1", 0), id="brackets alone"),
        pytest.param(["2001:db8::1"], ("2001:db8::1", 0), id="IPv6 without brackets"),
        pytest.param([" \t203.0.113.5 ,\t10.42.0.9 "], ("203.0.113.5", 0), id="spaces"),
        pytest.param(["203.0.113.5,10.42.0.9"], ("203.0.113.5", 0), id="no spaces"),
        pytest.param(["203.0.113.5, ::ffff:10.42.0.9"], ("203.0.113.5", 0), id="mapped proxy"),
        pytest.param(["203.0.113.5, fd00::1%eth0"], ("203.0.113.5", 0), id="proxy with a zone"),
        pytest.param(["203.0.113.5, unknown, 10.42.0.9"], ("unknown", 0), id="entry that is not an address"),
        pytest.param(["203.0.113.5, _secret, 10.42.0.9"], ("_secret", 0), id="obfuscated"),
        pytest.param(["203.0.113.5:http"], ("203.0.113.5:http", 0), id="port that is not a number"),
        pytest.param(["[2001:db8::1]:http"], ("2001:db8::1", 0), id="the same after brackets"),
        pytest.param(["[2001:db8::1]80"], ("[2001:db8::1]80", 0), id="no colon after the bracket"),
        pytest.param(["[2001:db8::1"], ("[2001:db8::1", 0), id="open bracket"),
        pytest.param(["203.0.113.5, "], (PROXY, 5000), id="empty last entry"),
        pytest.param([""], (PROXY, 5000), id="empty"),
        pytest.param(["6.6.6.6", ""], (PROXY, 5000), id="empty last line"),
        pytest.param(["é"], ("é", 0), id="latin-1"),
        pytest.param(["9" * 60_000], ("9" * 60_000, 0), id="long invalid entry"),
    ],
)
def test_client_is_read_from_the_header(lines: list[str], result: Any) -> None:
    assert client(*lines) == result


def test_client_stays_without_a_header() -> None:
    assert client() == (PROXY, 5000)


@pytest.mark.parametrize(
    ("lines", "http", "websocket"),
    [
        pytest.param(["https"], "https", "wss", id="https"),
        pytest.param(["http"], "http", "ws", id="http"),
        pytest.param(["wss"], "wss", "wss", id="wss"),
        pytest.param(["ws"], "ws", "ws", id="ws"),
        pytest.param([" https\t"], "https", "wss", id="spaces"),
        pytest.param(["http", "https"], "https", "wss", id="several lines, the last counts"),
        pytest.param(["https", "rubbish"], "http", "ws", id="several lines, the last one invalid"),
        pytest.param(["https, http"], "http", "ws", id="several values in one line"),
        pytest.param(["HTTPS"], "http", "ws", id="capitals"),
        pytest.param(["gopher"], "http", "ws", id="another scheme"),
        pytest.param([""], "http", "ws", id="empty"),
        pytest.param(["httpshttp"], "http", "ws", id="invalid value that begins like a scheme"),
        pytest.param([], "http", "ws", id="no header"),
    ],
)
def test_scheme_is_read_from_the_header(lines: list[str], http: str, websocket: str) -> None:
    assert (scheme(*lines), scheme(*lines, type_="websocket")) == (http, websocket)


def test_scheme_from_other_peers_is_ignored() -> None:
    assert scheme("https", trusted="127.0.0.1") == "http"
    assert scheme("https", type_="websocket", trusted="127.0.0.1") == "ws"


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Real-Ip", "Daphne-Root-Path"],
)
def test_other_headers_of_a_trusted_proxy_are_ignored(header: str) -> None:
    given = a_scope(headers=[(header, "for=6.6.6.6;proto=https;host=elsewhere")])
    assert seen(given, trusted=TRUSTED) == given


def test_decisions_are_remembered_within_bounds() -> None:
    trusted = ADAPTER.TrustedProxies(TRUSTED)
    for number in range(2 * ADAPTER.REMEMBERED):
        assert f"192.168.{number // 256}.{number % 256}" not in trusted
        assert PROXY in trusted
    info = trusted._remembered.cache_info()  # noqa: SLF001
    assert info.currsize == ADAPTER.REMEMBERED
    assert info.hits > ADAPTER.REMEMBERED


def test_long_invalid_address_is_not_remembered() -> None:
    trusted = ADAPTER.TrustedProxies(TRUSTED)
    assert "x" * 10_000 not in trusted
    assert trusted._remembered.cache_info().currsize == 0  # noqa: SLF001
