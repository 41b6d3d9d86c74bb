"""What the check looks at: a closed, stable list, since conditions, alerts and scripts match on these words."""

from enum import StrEnum


class Code(StrEnum):
    """One CamelCase word for one fault; the docstring under it is what the documentation prints.

    The order is that of findings: each fault stands before those that it brings along.
    """

    UNREACHABLE = "Unreachable"
    """No answer came: no connection, TLS refused, or the deadline passed. Reported only if so."""
    NOT_SERVED = "NotServed"
    """Nothing answers under the prefix: the proxy has no such route, or the app knows none of the paths asked for."""
    DOUBLED_PREFIX = "DoubledPrefix"
    """The schema answers under the doubled prefix: the app's own `openapi_url` carries it, or it is cut off twice."""
    PREFIX_IN_PATHS = "PrefixInPaths"
    """The app's own routes begin with the prefix, so that public URLs carry it twice."""
    OPENAPI_SERVERS = "OpenAPIServers"
    """The schema's first server is not the prefix: the app was not told it, or told another one."""
    DOCS_SCHEMA_URL = "DocsSchemaURL"
    """The docs page loads its schema from a URL that does not lead to it."""
    REDIRECT_PREFIX = "RedirectPrefix"
    """A slash redirect leaves the prefix: the server declares it, but the proxy cuts it off (or writes it otherwise).

    Mounted apps and static files then answer 404, although routes, docs and schema look right.
    """
    REDIRECT_SCHEME = "RedirectScheme"
    """A slash redirect changes between https and http: the server does not believe the proxy, or believes too much."""
    REDIRECT_HOST = "RedirectHost"
    """A slash redirect leads to another host or port: the proxy does not pass the Host header on."""
    MOUNTED_APP = "MountedApp"
    """A mounted app's schema or docs page is missing, or does not know where it is mounted."""
    EXTRA_PATH = "ExtraPath"
    """A path that was named to be looked at does not answer."""
    WEBSOCKET = "WebSocket"
    """A websocket that was named to be looked at does not open."""
    NEIGHBOUR_PREFIX = "NeighbourPrefix"
    """The route compares characters instead of path segments, so the app gets requests meant for its neighbours."""
    FORGED_HEADERS = "ForgedHeaders"
    """Headers that only a proxy may set are believed when a client sends them."""
