"""Why options of a server are rejected: reasons that several servers share."""

from typing import Final

_NETWORK: Final = "the proxy reaches the pod over the network"
SOCKET_FILE: Final = f"{_NETWORK}, not through a Unix socket"
INHERITED_SOCKET: Final = f"{_NETWORK}, not through an inherited socket"
DAEMON: Final = "the container ends when its first process exits, and a daemon leaves that process"
TLS_IN_POD: Final = "the proxy sends plain HTTP to the pod, and TLS ends at the proxy"
NO_PROXY_HEADERS: Final = "the server then ignores X-Forwarded-* headers, and redirects use http instead of https"
