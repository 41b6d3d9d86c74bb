"""Why options of a server are rejected: reasons that several servers share."""

from typing import Final

OVER_THE_NETWORK: Final = "the proxy reaches the pod over the network"
SOCKET_FILE: Final = f"{OVER_THE_NETWORK}, not over a socket file"
INHERITED_SOCKET: Final = f"{OVER_THE_NETWORK}, not over an inherited socket"
DAEMON: Final = f"{OVER_THE_NETWORK}, and a pod ends with its first process"
TLS_IN_POD: Final = "the proxy speaks plain HTTP to the pod; TLS ends at the proxy"
NO_PROXY_HEADERS: Final = "it makes every trust setting void, so redirects fall back to http"
