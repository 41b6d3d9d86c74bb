"""Field types for IP addresses and networks of proxies."""

import ipaddress
import re
from typing import Annotated

from pydantic import Field

from proxiedapp.api.base import cel_rule


def is_ip_or_network(text: str) -> bool:
    """Return whether the CEL functions isIP and isCIDR accept a text, and it is not a network of all addresses.

    They reject zones, netmasks, leading zeros and IPv4-mapped addresses (kubernetes
    `staging/src/k8s.io/apiserver/pkg/cel/library/{ip,cidr}.go`, v1.36.3). `0.0.0.0/0` would mean the same as `*`.
    """
    address, slash, length = text.partition("/")
    if slash and not re.fullmatch(r"[1-9]\d{0,2}", length):
        return False
    try:
        ip = ipaddress.ip_address(address)
        ipaddress.ip_network(text, strict=True)
    except ValueError:
        return False
    return "%" not in address and getattr(ip, "ipv4_mapped", None) is None


IpOrNetwork = Annotated[
    str,
    Field(min_length=2, max_length=43),
    cel_rule(
        "isIP(self) || (isCIDR(self) && cidr(self).masked() == cidr(self) && cidr(self).prefixLength() > 0)",
        "must be an IP address such as 10.42.0.9, or a network without host bits such as 10.42.0.0/16 that does not "
        "cover all addresses; servers treat anything else as a host name and then trust no proxy",
        is_ip_or_network,
    ),
]

TrustedProxy = Annotated[
    str,
    Field(min_length=1, max_length=43),
    cel_rule(
        "self == '*' || isIP(self) || (isCIDR(self) && cidr(self).masked() == cidr(self)"
        " && cidr(self).prefixLength() > 0)",
        "must be an IP address such as 10.42.0.9, a network without host bits such as 10.42.0.0/16, or * for all "
        "addresses; servers treat anything else as a host name and then trust no proxy",
        lambda text: text == "*" or is_ip_or_network(text),
    ),
]
