"""Slash redirects: an app that serves /items answers /items/ with a redirect, which shows the address that it assumes.

Starlette 1.10.0 (starlette/routing.py, `Router.app`) and FastAPI 0.165.0 (fastapi/routing.py) build the Location from
scheme and path of the ASGI scope and from the Host header (starlette/datastructures.py, `URL`), so a wrong prefix, an
untrusted proxy and a changed Host header all show in it.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from proxiedapp.verify.evidence import Answer, Reply
from proxiedapp.verify.schema import toggle_slash
from proxiedapp.verify.target import AppAddress, without_default_port


@dataclass(frozen=True, slots=True)
class Redirect:
    """A slash redirect, and the URL that it should have named."""

    location: str
    """The Location header as it was sent."""
    expected: str
    wrong_prefix: str | None
    """What the Location contains instead of the prefix; None if it contains the prefix."""
    scheme: str | None
    """None if the Location is only a path."""
    host: str | None
    """With the port, unless it is the default one; None if the Location is only a path."""


def slash_redirect(address: AppAddress, reply: Reply | None) -> Redirect | None:
    """Parse the response to a path under the prefix whose trailing slash was added or removed.

    None if it is not a slash redirect. The Location of a slash redirect ends in the path with its slash corrected; a
    redirect to a login page or to another host for assets does not.
    """
    if not isinstance(reply, Answer) or not reply.is_redirect or not address.contains(reply.path):
        return None
    url = address.resolve(reply.location, reply.path)
    if url is None:
        return None
    path, app_path = unquote(url.path), unquote(toggle_slash(reply.path)[len(address.prefix) :])
    if not path.endswith(app_path):
        return None
    prefix = path[: len(path) - len(app_path)]
    has_host = reply.location.startswith("//") or ":" in reply.location.partition("/")[0]
    return Redirect(
        location=reply.location,
        expected=address.public_url(toggle_slash(reply.path)),
        wrong_prefix=None if prefix == unquote(address.prefix) else prefix,
        scheme=url.scheme if has_host else None,
        host=without_default_port(url) if has_host else None,
    )


def redirects_to_itself(address: AppAddress, reply: Reply | None) -> bool:
    """Return whether a redirect leads to the requested URL itself.

    An app that enforces https returns it if it takes an https request for http: Starlette 1.10.0 decides by the scheme
    of the ASGI scope (starlette/middleware/httpsredirect.py).
    """
    if not isinstance(reply, Answer) or not reply.is_redirect:
        return False
    url = address.resolve(reply.location, reply.path)
    return url is not None and address.is_same_host(url) and (url.scheme, url.path) == (address.scheme, reply.path)
