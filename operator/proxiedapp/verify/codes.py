"""The faults that the check can find: a closed, stable list, because conditions, alerts and scripts match on them."""

from enum import StrEnum


class Code(StrEnum):
    """One CamelCase name for each fault; the docstring below it is printed in the documentation.

    Findings are sorted in this order: each fault comes before the faults that it causes.
    """

    UNREACHABLE = "Unreachable"
    """No response: the connection or the TLS handshake failed, the deadline passed, or a path leaves the prefix and is
    not requested. Reported only as a fault.
    """
    NOT_SERVED = "NotServed"
    """Nothing is served under the prefix: the proxy has no such route, or the app has none of the requested paths."""
    DOUBLED_PREFIX = "DoubledPrefix"
    """The schema is served under the doubled prefix: the app's `openapi_url` contains the prefix, or both the proxy and
    the app remove it.
    """
    PREFIX_IN_PATHS = "PrefixInPaths"
    """The app's own routes start with the prefix, so public URLs contain it twice."""
    OPENAPI_SERVERS = "OpenAPIServers"
    """The first server in the schema is not the prefix: the app has no root path, or another one."""
    DOCS_SCHEMA_URL = "DocsSchemaURL"
    """The docs page loads its schema from a URL that does not return it."""
    REDIRECT_PREFIX = "RedirectPrefix"
    """A slash redirect leaves the prefix: the server expects the prefix in request paths, but the proxy strips it, or
    the root path is spelled differently.

    Mounted apps and static files then return 404, although routes, docs page and schema look right.
    """
    REDIRECT_SCHEME = "RedirectScheme"
    """A slash redirect switches between https and http: the server does not trust the proxy, or trusts any client."""
    REDIRECT_HOST = "RedirectHost"
    """A slash redirect leads to another host or port: the proxy does not pass the Host header on."""
    MOUNTED_APP = "MountedApp"
    """The schema or docs page of a mounted app is missing, or has the wrong root path."""
    EXTRA_PATH = "ExtraPath"
    """An extra path is not served."""
    WEBSOCKET = "WebSocket"
    """An extra WebSocket path does not accept a connection."""
    COOKIE_PATH = "CookiePath"
    """A cookie is set for paths outside the prefix: another app on the host receives it and may replace it, or browsers
    never send it back.
    """
    BARE_PREFIX = "BarePrefix"
    """The prefix without a slash at its end is not served, leads to a redirect loop, or is a page whose relative links
    leave the prefix.
    """
    PAGE_FILES = "PageFiles"
    """A page of the app loads its style sheets or scripts from outside the prefix, over http although the page is
    https, or from a path that is not served, so browsers show it without them.
    """
    NEIGHBOUR_PREFIX = "NeighbourPrefix"
    """The route matches characters instead of path segments, so the app receives requests for neighbouring paths."""
    FORGED_HEADERS = "ForgedHeaders"
    """Headers that only a proxy may set have an effect when a client sends them."""
