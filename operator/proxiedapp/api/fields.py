"""The field types: each is one rule that Python and the API server enforce alike.

A rule stands once, as a pattern or as a CEL expression with the Python check beside it; `tests/` proves on a real API
server that both accept and refuse the same values.
"""

import ipaddress
import re
from typing import Annotated, Any, Final

from pydantic import Field, WithJsonSchema

from proxiedapp.api.base import ruled

INT32_MAX: Final = 2_147_483_647


def _text(pattern: str, *, max_length: int, min_length: int = 1) -> Any:
    return Field(pattern=pattern, min_length=min_length, max_length=max_length)


_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"

Host = Annotated[str, _text(rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)]
"""A lower-case DNS name. No wildcard and no trailing dot: either would widen the rule in Traefik."""

CertificateName = Annotated[str, _text(rf"^(\*\.)?{_LABEL}(\.{_LABEL})*$", max_length=253)]
"""A lower-case DNS name, or `*.` and one."""

ObjectName = Annotated[str, _text(rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)]
"""The name of another object in the same namespace. No `@`: in Traefik it crosses into another provider."""

KindName = Annotated[str, _text(r"^[A-Z][A-Za-z0-9]*$", max_length=63)]
ApiGroup = Annotated[str, _text(rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)]
ResolverName = Annotated[str, _text(r"^[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?$", max_length=63)]
EntryPoint = Annotated[str, _text(r"^[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?$", max_length=63)]

Port = Annotated[int, Field(ge=1, le=65535, json_schema_extra={"format": "int32"})]
Positive = Annotated[int, Field(ge=1, le=INT32_MAX, json_schema_extra={"format": "int32"})]
NonNegative = Annotated[int, Field(ge=0, le=INT32_MAX, json_schema_extra={"format": "int32"})]

Image = Annotated[str, _text(r"^[!-~]+$", max_length=1024)]
"""Printable ASCII, since the API server and we do not agree on what else is white space."""
Word = Annotated[str, Field(max_length=32768)]
"""One element of a command. Free text: Kubernetes passes it on without a shell."""

PathPrefix = Annotated[
    str,
    _text(r"^(/|(/[A-Za-z0-9._~-]+)+)$", max_length=256),
    ruled(
        "!self.split('/').exists(segment, segment == '.' || segment == '..')",
        "must not contain a . or .. segment: proxies resolve those before they route",
        lambda prefix: not {".", ".."} & set(prefix.split("/")),
    ),
]
"""`/`, or segments of unreserved characters without a trailing slash.

Reserved characters stay out since Traefik compares them undecoded, others since uvicorn answers 400 to them.
"""

PagePath = Annotated[str, _text(r"^(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+$", max_length=1024)]
"""A path that the app declares, other than /."""
ExtraPath = Annotated[str, _text(r"^(ws:)?/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$", max_length=1024)]
"""A path that the app declares, or `ws:` and the path of a websocket."""

UrlPath = Annotated[str, _text(r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$", max_length=1024)]
"""A path on the pod, with a query if need be: what a probe asks for."""


MetricsPath = Annotated[str, _text(r"^/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$", max_length=1024)]
"""A path on the pod without query and escapes, which Prometheus would escape once more."""


def is_ip_or_network(text: str) -> bool:
    """Accept what CEL's isIP and isCIDR accept: no zone, no netmask, no leading zero, no IPv4-mapped address.

    Nor a network of everybody: `0.0.0.0/0` would be `*` by another name.
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
    ruled(
        "isIP(self) || (isCIDR(self) && cidr(self).masked() == cidr(self) && cidr(self).prefixLength() > 0)",
        "must be an IP address like 10.42.0.9, or a network whose host bits are zero like 10.42.0.0/16, and not all "
        "addresses: servers take anything else for a name and then trust nobody",
        is_ip_or_network,
    ),
]

Trusted = Annotated[
    str,
    Field(min_length=1, max_length=43),
    ruled(
        "self == '*' || isIP(self) || (isCIDR(self) && cidr(self).masked() == cidr(self)"
        " && cidr(self).prefixLength() > 0)",
        "must be an IP address like 10.42.0.9, a network whose host bits are zero like 10.42.0.0/16, or * for "
        "everybody: servers take anything else for a name and then trust nobody",
        lambda text: text == "*" or is_ip_or_network(text),
    ),
]

_QUANTITY: Final = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
_QUANTITY_MAX: Final = 64
_PERCENT: Final = r"^[0-9]{1,4}%$"
_PERCENT_MAX: Final = 64
QUANTITY_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "x-kubernetes-int-or-string": True,
    "maxLength": _QUANTITY_MAX,
    "pattern": _QUANTITY,
}
Quantity = Annotated[
    int | Annotated[str, Field(pattern=_QUANTITY, max_length=_QUANTITY_MAX)], WithJsonSchema(QUANTITY_SCHEMA)
]
"""As in Kubernetes: `500m`, `1.5`, `256Mi`."""

_AMOUNT: Final = _QUANTITY.replace("|-)?", ")?", 1)
Amount = Annotated[
    Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=_AMOUNT, max_length=_QUANTITY_MAX)],
    WithJsonSchema(QUANTITY_SCHEMA | {"minimum": 0, "pattern": _AMOUNT}),
]
"""A quantity that is not negative."""


def is_positive(quantity: int | str) -> bool:
    """Whether a quantity is above 0."""
    number = re.split("[eE]", str(quantity))[0]  # an exponent's digits say nothing of it
    return not number.startswith("-") and re.search("[1-9]", number) is not None


_KEY_NAME: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY_DOMAIN: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*"
QUALIFIED_KEYS: Final = ruled(
    f"self.all(key, key.size() <= 317 && key.matches('^({_KEY_DOMAIN}/)?{_KEY_NAME}$'))",
    "keys must be like tier or example.com/tier: at most 63 letters, digits, -, _ and . after the optional domain",
    lambda given: all(
        len(key) <= 317 and re.fullmatch(f"({_KEY_DOMAIN.replace(chr(92) * 2, chr(92))}/)?{_KEY_NAME}", key)  # noqa: PLR2004
        for key in given
    ),
)
"""Of a map whose keys are those of labels, annotations or resources."""

Duration = Annotated[
    str, _text(r"^([1-9][0-9]{0,3}h)?([1-9][0-9]{0,3}m)?([1-9][0-9]{0,3}s)?([1-9][0-9]{0,3}ms)?$", max_length=21)
]
"""As both Prometheus and CEL read it, and never zero: `30s`, `1m30s`."""

EnvName = Annotated[str, _text(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$", max_length=512)]

ContainerName = Annotated[str, _text(rf"^{_LABEL}$", max_length=63)]
"""The name of a container or a volume."""

CountOrPercent = Annotated[
    Annotated[int, Field(ge=0, le=INT32_MAX)] | Annotated[str, Field(pattern=_PERCENT, max_length=_PERCENT_MAX)],
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "minimum": 0,
            "maximum": INT32_MAX,
            "maxLength": _PERCENT_MAX,
            "pattern": _PERCENT,
        }
    ),
]
"""A number of pods, or a percentage of them."""

_SHARE: Final = "^([0-9]+|0*(100|[0-9]{1,2})%)$"
CountOrShare = Annotated[
    CountOrPercent,
    ruled(
        f"string(self).matches('{_SHARE}')",
        "must not be more than 100%",
        lambda given: re.match(_SHARE, str(given)) is not None,
    ),
]
"""A number of pods, or at most all of them in percent."""
