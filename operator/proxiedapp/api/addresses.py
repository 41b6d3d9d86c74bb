"""Field types for IP addresses and networks of proxies."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field

from proxiedapp.api.base import Constraint, cel_rule

MAPPED_BITS: Final = 96
"""Length of the prefix ::ffff:0:0/96, in which an IPv6 socket shows IPv4 addresses (RFC 4291, 2.5.5.2)."""
_IPV4: Final = 4
_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_MAPPED: Final = rf"^::ffff:({_OCTET}[.]){{3}}{_OCTET}(/(9[7-9]|1[01][0-9]|12[0-8]))?$"
"""An IPv4 address mapped into IPv6, or a network of them: as servers and `ip -6` write them."""
_IS_IP_OR_NETWORK: Final = (
    "isIP(self) || (isCIDR(self) && cidr(self).prefixLength() > 0"
    " && (cidr(self).ip().family() == 6 || string(cidr(self).masked()) == self))"
    f" || self.matches('{_MAPPED}')"
)
"""The CEL form of `is_ip_or_network`, except that it accepts IPv6 networks with host bits, mapped ones included.

Kubernetes 1.31 refuses the CRD if a rule compares two CIDRs, because it cannot estimate how long they are. An IPv4
network has only one spelling, so its text can be compared instead; an IPv6 network has several.
"""
_SPACES: Final = tuple(ipaddress.ip_network(text) for text in ("0.0.0.0/0", "2000::/3", "::ffff:0:0/96"))
"""IPv4, the global unicast addresses of IPv6, and IPv4 as an IPv6 socket shows it (RFC 4291, 2.4 and 2.5.5.2)."""


def is_ip_or_network(text: str) -> bool:
    """Return whether the CEL functions isIP and isCIDR accept a text, without host bits, and not for all addresses.

    They reject zones, netmasks, leading zeros and IPv4-mapped addresses (kubernetes
    `staging/src/k8s.io/apiserver/pkg/cel/library/{ip,cidr}.go`, v1.36.3). `0.0.0.0/0` would mean the same as `*`.
    Mapped addresses and networks are accepted as `::ffff:10.42.0.0/112`.
    """
    address, slash, length = text.partition("/")
    if slash and not re.fullmatch(r"[1-9]\d{0,2}", length):
        return False
    try:
        ip = ipaddress.ip_address(address)
        ipaddress.ip_network(text, strict=True)
    except ValueError:
        return False
    if getattr(ip, "ipv4_mapped", None) is not None:
        return re.search(_MAPPED, text) is not None and not text.endswith("\n")
    return "%" not in address


def without_mapping(text: str) -> str:
    """Return an IPv4 address or network that is mapped into IPv6 as what it is in IPv4; any other text as it is."""
    if not re.search(_MAPPED, text):
        return text
    address, slash, length = text.removeprefix("::ffff:").partition("/")
    return f"{address}/{int(length) - MAPPED_BITS}" if slash else address


def with_mapping(texts: Iterable[str]) -> list[str]:
    """Return addresses and networks, and after them the IPv4 ones among them again, mapped into IPv6."""
    texts = list(texts)
    networks = [ipaddress.ip_network(text) for text in texts if text != "*"]
    return texts + [
        f"::ffff:{network.network_address}/{network.prefixlen + MAPPED_BITS}"
        for network in networks
        if network.version == _IPV4
    ]


def trusts_everyone(texts: Iterable[str]) -> bool:
    """Return whether addresses and networks together are `*` in other words: more than half of all addresses.

    A network of proxies is never that large, and a list that leaves out a few addresses would be no better than `*`.
    """
    networks = [ipaddress.ip_network(text) for text in texts if is_ip_or_network(text)]
    version4 = [net for net in networks if isinstance(net, ipaddress.IPv4Network)]
    version6 = [net for net in networks if isinstance(net, ipaddress.IPv6Network)]
    covered = [
        *((int(net[0]), int(net[-1]), 4) for net in ipaddress.collapse_addresses(version4)),
        *((int(net[0]), int(net[-1]), 6) for net in ipaddress.collapse_addresses(version6)),
    ]
    for space in _SPACES:
        first, last = int(space[0]), int(space[-1])
        common = [
            min(last, end) - max(first, start) + 1
            for start, end, version in covered
            if version == space.version and start <= last and end >= first
        ]
        if 2 * sum(common) > space.num_addresses:
            return True
    return False


NOT_EVERYONE: Final = Constraint(
    lambda texts: not trusts_everyone(texts),
    "the networks cover more than half of all addresses, which is the same as trusting everyone; list only the "
    "addresses of the proxy, or use * with proxy.isolate: true",
    {},
)
"""For a list of trusted proxies. The API server cannot check it, so the operator rejects such an app."""

IpAddress = Annotated[
    str,
    Field(min_length=2, max_length=43),
    cel_rule(
        "isIP(self)",
        "must be an IP address such as 192.0.2.1",
        lambda text: "/" not in text and is_ip_or_network(text),
    ),
]

IpOrNetwork = Annotated[
    str,
    Field(min_length=2, max_length=43),
    cel_rule(
        _IS_IP_OR_NETWORK,
        "must be an IP address such as 10.42.0.9, or a network without host bits such as 10.42.0.0/16 that does not "
        "cover all addresses; servers treat anything else as a host name and then trust no proxy",
        is_ip_or_network,
    ),
]

TrustedProxy = Annotated[
    str,
    Field(min_length=1, max_length=43),
    cel_rule(
        f"self == '*' || {_IS_IP_OR_NETWORK}",
        "must be an IP address such as 10.42.0.9, a network without host bits such as 10.42.0.0/16, or * for all "
        "addresses; servers treat anything else as a host name and then trust no proxy",
        lambda text: text == "*" or is_ip_or_network(text),
    ),
]
