"""Field types for names, numbers and other short values: each is one rule that Python and the API server both enforce.

A rule is a pattern, a bound, or a CEL expression next to the equivalent Python check. Tests prove on a real API server
that both accept and reject the same values (tests/integration/test_contract_agreement.py). Paths, addresses and
quantities are in other modules.
"""

import re
from typing import Annotated, Any, Final

from pydantic import Field

from proxiedapp.api.base import Constraint, cel_rule

INT32_MAX: Final = 2_147_483_647


def text(pattern: str, *, max_length: int, min_length: int = 1) -> Any:
    """Return the bounds of a text field that is not empty by default."""
    return Field(pattern=pattern, min_length=min_length, max_length=max_length)


_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_ENTRY_POINT: Final = "[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?"
_GATEWAY: Final = f"{_LABEL}/{_SUBDOMAIN}"
_LISTENER: Final = f"{_GATEWAY}(/{_SUBDOMAIN})?"

Host = Annotated[str, text(rf"^(\*\.)?{_SUBDOMAIN}$", max_length=253)]
"""A DNS name in lower case, or `*.` followed by one for all names one label below it. A trailing dot would make
Traefik's rule match more."""

CertificateName = Host
"""A name in a certificate, in which `*.` stands for one label as well (RFC 9525, 6.3)."""

HostPattern = Annotated[str, text(rf"^(\*|(\*\.)?{_SUBDOMAIN})$", max_length=253)]
"""A DNS name in lower case, `*.` followed by one for all names below it, or `*` for every host."""

ObjectName = Annotated[str, text(f"^{_SUBDOMAIN}$", max_length=253)]
"""The name of another object in the same namespace. No `@`: in Traefik it refers to an object of another provider."""

KindName = Annotated[str, text(r"^[A-Z][A-Za-z0-9]*$", max_length=63)]
ApiGroup = Annotated[str, text(f"^{_SUBDOMAIN}$", max_length=253)]
ResolverName = Annotated[str, text(r"^[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?$", max_length=63)]
EntryPoint = Annotated[str, text(f"^{_ENTRY_POINT}$", max_length=63)]
NamespaceName = Annotated[str, text(rf"^{_LABEL}$", max_length=63)]
EntryPointOrGateway = Annotated[str, text(f"^({_ENTRY_POINT}|{_GATEWAY})$", max_length=317)]
"""The name of an entry point of Traefik, or namespace and name of a Gateway."""
EntryPointOrListener = Annotated[str, text(f"^({_ENTRY_POINT}|{_LISTENER})$", max_length=571)]
"""The name of an entry point of Traefik, or namespace and name of a Gateway, and perhaps the name of a listener."""
GatewayName = Annotated[str, text(f"^{_GATEWAY}$", max_length=317)]
"""Namespace and name of a Gateway."""
GatewayPods = Annotated[
    str, text(rf"^{_LABEL}(/[-A-Za-z0-9._/]+=[-A-Za-z0-9._]*(&[-A-Za-z0-9._/]+=[-A-Za-z0-9._]*)*)?$", max_length=1024)
]
"""Pods: a namespace, and after a slash perhaps labels, separated by ampersands."""
GatewayRef = Annotated[str, text(f"^{_LISTENER}$", max_length=571)]
"""Namespace and name of a Gateway, and perhaps the name of one of its listeners."""
GatewayDuration = Annotated[str, text(r"^([0-9]{1,5}(h|m|s|ms)){1,4}$", max_length=28)]
"""A duration in the syntax of Gateway API (GEP-2257), such as `30s` or `1m30s`; `0s` means no limit."""

CookieName = Annotated[str, text(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=128)]
"""A token of RFC 9110, section 5.6.2, as RFC 6265 requires."""

ContainerName = Annotated[str, text(rf"^{_LABEL}$", max_length=63)]
"""The name of a container or a volume."""

EnvName = Annotated[str, text(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$", max_length=512)]

Port = Annotated[int, Field(ge=1, le=65535, json_schema_extra={"format": "int32"})]
Positive = Annotated[int, Field(ge=1, le=INT32_MAX, json_schema_extra={"format": "int32"})]
NonNegative = Annotated[int, Field(ge=0, le=INT32_MAX, json_schema_extra={"format": "int32"})]

Image = Annotated[str, text(r"^[!-~]+$", max_length=1024)]
"""Printable ASCII only, because Python and the API server disagree on which other characters are white space."""
Argument = Annotated[str, Field(max_length=32768)]
"""One argument of a command. Any text: Kubernetes passes it on without a shell."""

Duration = Annotated[
    str, text(r"^([1-9][0-9]{0,3}h)?([1-9][0-9]{0,3}m)?([1-9][0-9]{0,3}s)?([1-9][0-9]{0,3}ms)?$", max_length=21)
]
"""A duration greater than zero in the syntax that Prometheus and CEL have in common, such as `30s` or `1m30s`."""

_KEY_NAME: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY_DOMAIN: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*"
_KEY_MAX: Final = 317
"""Characters: 253 of the domain, a slash, and 63 of the name."""
_KEY: Final = re.compile(f"({_KEY_DOMAIN.replace(chr(92) * 2, chr(92))}/)?{_KEY_NAME}")
QUALIFIED_KEYS: Final = cel_rule(
    f"self.all(key, key.size() <= {_KEY_MAX} && key.matches('^({_KEY_DOMAIN}/)?{_KEY_NAME}$'))",
    "keys must look like tier or example.com/tier: an optional domain, then at most 63 letters, digits, -, _ and .",
    lambda mapping: all(len(key) <= _KEY_MAX and _KEY.fullmatch(key) for key in mapping),
)
"""For a map whose keys follow the syntax of labels and annotations."""
RESOURCE_KEYS: Final = Constraint(QUALIFIED_KEYS.is_valid, QUALIFIED_KEYS.message, {})
"""The same for a map of quantities, which no rule in CEL can read, so only the operator checks it."""
