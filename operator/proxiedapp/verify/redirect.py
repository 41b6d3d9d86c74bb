"""Slash redirects: an app that has /items answers /items/ with a redirect, in which its idea of its address shows."""

from dataclasses import dataclass
from urllib.parse import unquote

from proxiedapp.verify.evidence import Answer, Reply
from proxiedapp.verify.schema import toggle_slash
from proxiedapp.verify.target import AppAddress, without_default_port


@dataclass(frozen=True, slots=True)
class Redirect:
    """A slash redirect, and what it should have been."""

    location: str
    """As it was sent."""
    expected: str
    wrong_prefix: str | None
    """What stands in the place of the prefix; None if the prefix itself does."""
    scheme: str | None
    """None if the Location is a mere path."""
    host: str | None
    """With the port, if it is not the scheme's own."""


def slash_redirect(address: AppAddress, reply: Reply | None) -> Redirect | None:
    """Read an answer to a path under the prefix with a slash too many or too few; None if it is another redirect.

    The end of the path tells: a login page or a host of its own for assets is none of our business.
    """
    if not isinstance(reply, Answer) or not reply.is_redirect or not address.contains(reply.path):
        return None
    url = address.resolve(reply.location, reply.path)
    own = toggle_slash(reply.path)[len(address.prefix) :]
    path = "" if url is None else unquote(url.path)
    if url is None or not path.endswith(unquote(own)):
        return None
    prefix = path[: len(path) - len(unquote(own))]
    named = reply.location.startswith("//") or ":" in reply.location.partition("/")[0]
    return Redirect(
        location=reply.location,
        expected=address.public_url(toggle_slash(reply.path)),
        wrong_prefix=None if prefix == unquote(address.prefix) else prefix,
        scheme=url.scheme if named else None,
        host=without_default_port(url) if named else None,
    )


def redirects_to_itself(address: AppAddress, reply: Reply | None) -> bool:
    """Whether a redirect gives the address that was asked for: an app that takes https for http, and insists on it."""
    if not isinstance(reply, Answer) or not reply.is_redirect:
        return False
    url = address.resolve(reply.location, reply.path)
    return url is not None and address.is_same_host(url) and (url.scheme, url.path) == (address.scheme, reply.path)
