"""What `proxiedapp check` reports: a code, where in the files, what is wrong and how to fix it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from proxiedapp.api.docstrings import attribute_docstrings
from proxiedapp.api.reasons import Reason
from proxiedapp.local.yamlsource import Position


class Severity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    """Kubernetes or the operator would reject the object, or not serve the app as it asks."""
    WARNING = "warning"
    """The app is served, but something in the files is probably not meant so."""


class Code(StrEnum):
    """What the files alone can show; all other codes are reasons of conditions, which the operator would report."""

    UNREADABLE = "Unreadable"
    """The file cannot be read, or it is not YAML. Helm charts and Kustomize patches have to be rendered before they are
    checked."""
    DUPLICATE_KEY = "DuplicateKey"
    """A field is written twice in one object. Parsers differ in which of the two counts, and kubectl rejects the
    object."""
    UNKNOWN_KIND = "UnknownKind"
    """apiVersion or kind is nearly, but not exactly, that of a ProxiedApp or of a ProxyPolicy, so that the API server
    would reject the object, or another controller would get it."""
    DUPLICATE_OBJECT = "DuplicateObject"
    """Two ProxiedApps or ProxyPolicies have the same namespace and name: the one that is applied last replaces the
    other."""
    NO_EFFECT = "NoEffect"
    """A field is set that changes nothing beside the other fields of the spec."""

    STRIP_MISMATCH = "StripMismatch"
    """A plain route strips the prefix although the server needs it, or keeps it although the server adds it again.
    uvicorn and `fastapi run` with `--root-path` need a proxy that strips; hypercorn, granian, daphne and `gunicorn
    -k asgi` one that keeps."""
    ROOT_PATH_MISSING = "RootPathMissing"
    """A plain route strips the prefix, and nothing in the command gives it to the app, so that docs page, redirects and
    mounted apps use paths without it."""
    ROOT_PATH_DIFFERS = "RootPathDiffers"
    """The root path of the server is not the prefix of the plain route that leads to it."""
    ROOT_PATH_IGNORED = "RootPathIgnored"
    """The command gives the server a root path by an option or variable that this server does not read."""
    ROOT_PATH_IN_CODE = "RootPathInCode"
    """The sources contain `FastAPI(root_path=...)`, and a plain route strips the prefix: routes and docs work, but
    redirects lose the prefix and mounted apps answer 404."""
    PREFIX_BOUNDARY = "PrefixBoundary"
    """The rule of a plain route compares characters, so that `/api` gets the requests for `/api-admin`, too."""
    PATH_LOST = "PathLost"
    """A plain route replaces the path in such a way that the app does not get the path that the client asked for."""
    RULE_INVALID = "RuleInvalid"
    """Traefik cannot parse the rule of a plain IngressRoute, and disables it."""
    ROUTE_TWICE = "RouteTwice"
    """Two plain routes match the same requests with the same priority, and the proxy chooses either of them."""
    TRUST_MISSING = "TrustMissing"
    """The server of a plain workload does not trust its proxy, so that the scheme is http and the client's address that
    of the proxy."""
    TRUST_EVERYONE = "TrustEveryone"
    """The server of a plain workload trusts `X-Forwarded-*` headers of every client, and no NetworkPolicy restricts
    which pods reach it."""
    LOOPBACK_ONLY = "LoopbackOnly"
    """The server of a plain workload listens on loopback, so that the proxy cannot reach it."""
    PORT_MISMATCH = "PortMismatch"
    """Route, Service and container of plain manifests do not agree on a port."""
    REFERENCE_MISSING = "ReferenceMissing"
    """A plain object refers to another one by a name or labels that the files nearly, but not exactly, contain."""
    CROSS_NAMESPACE = "CrossNamespace"
    """A plain route names a Middleware of another namespace, which Traefik does not use by default."""
    PROBE_PREFIX = "ProbePrefix"
    """The path of a probe contains a prefix that only the proxy removes, so that the probe gets 404 from the pod. In a
    ProxiedApp, all paths are without the prefix, also those of `monitoring` and `verify`."""


_REASONS: Final = (
    Reason.INVALID_SPEC,
    Reason.UNKNOWN_SERVER,
    Reason.COMMAND_CONFLICT,
    Reason.STRIP_MODE_REFUSED,
    Reason.CONFLICT,
    Reason.NOT_ALLOWED,
    Reason.PROXY_UNKNOWN,
    Reason.LIMITED,
    Reason.OVERLAPPED,
    Reason.NOT_STICKY,
    Reason.NOT_MONITORED,
)


def explanations() -> Mapping[str, str]:
    """Return every code that a problem can have, with its meaning."""
    own, reasons = attribute_docstrings(Code), attribute_docstrings(Reason)
    return {code.value: own[code.name] for code in Code} | {one.value: reasons[one.name] for one in _REASONS}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem. Sorted, problems are in the order of the files."""

    file: str
    position: Position
    code: str
    severity: Severity
    field: str
    """A path in the object, such as `spec.command`; empty if the problem is not about a field."""
    problem: str
    """What is wrong, without the full stop."""
    fix: str
    """How to fix it, without the full stop."""

    @property
    def text(self) -> str:
        """Return what is wrong and how to fix it, in full sentences."""
        field = f"{self.field}: " if self.field else ""
        fix = f" {self.fix}." if self.fix else ""
        return f"{field}{self.problem}.{fix}"

    def as_json(self) -> dict[str, Any]:
        """Return the problem as JSON values."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "file": self.file,
            "line": self.position.line,
            "column": self.position.column,
            "field": self.field,
            "problem": self.problem,
            "fix": self.fix,
        }
