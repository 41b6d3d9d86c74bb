"""Field types for URL paths: the path prefix of the route, and paths of the app; and which paths a prefix contains."""

from typing import Annotated

from proxiedapp.api.base import cel_rule
from proxiedapp.api.fields import text

PathPrefix = Annotated[
    str,
    text(r"^(/|(/[A-Za-z0-9._~-]+)+)$", max_length=256),
    cel_rule(
        "!self.split('/').exists(segment, segment == '.' || segment == '..')",
        "must not contain the segments . or ..: proxies resolve them before they match the path",
        lambda prefix: not {".", ".."} & set(prefix.split("/")),
    ),
]
"""`/`, or segments of unreserved characters without a trailing slash.

Reserved characters are excluded because Traefik compares them percent-encoded (`pkg/muxer/http/mux.go`, v3), all other
characters because uvicorn answers 400 to them.
"""

PagePath = Annotated[str, text(r"^(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+$", max_length=1024)]
"""A path that the app declares, other than `/`."""
ExtraPath = Annotated[str, text(r"^(ws:)?/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$", max_length=1024)]
"""A path that the app declares, or `ws:` followed by the path of a WebSocket."""

UrlPath = Annotated[str, text(r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$", max_length=1024)]
"""A path on the pod with an optional query, for a probe."""

MetricsPath = Annotated[str, text(r"^/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$", max_length=1024)]
"""A path on the pod without a query or percent-encoding, which Prometheus would encode again."""


def is_under(path: str, prefix: str) -> bool:
    """Return whether a path is a prefix without a trailing slash, or below it."""
    return path == prefix or path.startswith(f"{prefix}/")
