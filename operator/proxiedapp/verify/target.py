"""Where an app is asked, and what it should believe its own address to be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

_PATH: Final = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*/?")
PATH_AND_QUERY: Final = re.compile(r"/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_ESCAPED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_HOST: Final = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
WEBSOCKET: Final = "ws:"
"""In front of an extra path: open it as a websocket."""


class InvalidTargetError(ValueError):
    """A target or option that cannot be asked for, in one line."""


@dataclass(frozen=True, slots=True)
class VerifyTarget:
    """What is checked and how it is reached."""

    url: str
    """scheme://address[:port]/prefix: where to connect, and the prefix to expect (none if empty or /)."""
    host: str | None = None
    """Host header and SNI, if another than the address."""
    insecure: bool = False
    """Accept any certificate."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with each request: what a proxy would add, when the app is asked directly."""
    direct: bool = False
    """Asked directly, without a proxy in between: what needs a proxy is not judged."""
    trusted: bool = True
    """Whether the app believes `headers`; if not, the scheme of redirects is not judged. For direct targets."""
    strips: bool = False
    """Whether the proxy that is left out cuts the prefix off: it is then expected but not sent. For direct targets."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Where the app has its schema and docs, and what else to look at; paths as the app declares them."""

    openapi_path: str = "/openapi.json"
    docs_path: str = "/docs"
    extra_paths: tuple[str, ...] = ()
    """Further paths that must answer; one ending in /openapi.json or /docs is judged as that of a mounted app, and
    `ws:/path` as a websocket."""

    def __post_init__(self) -> None:
        for path in (self.openapi_path, self.docs_path):
            if path in {"", "/"} or not _PATH.fullmatch(path) or path.endswith("/"):
                raise InvalidTargetError(f"{path!r} is no path: write it as the app declares it, like /openapi.json")
        for path in self.extra_paths:
            if not PATH_AND_QUERY.fullmatch(path.removeprefix(WEBSOCKET)):
                raise InvalidTargetError(f"{path!r} is no path: write it as the app declares it, like /items or ws:/ws")


@dataclass(frozen=True, slots=True)
class AppAddress:
    """A target, parsed: where requests go, and the public address that the app should know."""

    origin: str
    """Where to connect: scheme://address[:port]."""
    host_header: str
    server_name: str
    """Whom the certificate must be for."""
    prefix: str
    """Without a trailing slash; empty for none."""
    scheme: str
    """The scheme by which clients of the proxy come."""
    hosts: tuple[str, ...]
    """The host, and port if not the default one, by which they come; the first is what we send."""
    strips_prefix: bool
    """Whether the prefix is left out of requests, as a stripping proxy would."""

    def public_path(self, path: str) -> str:
        """Return the path that clients use for one that the app declares."""
        return self.prefix + path

    def public_url(self, public_path: str) -> str:
        """Return the public URL of a path."""
        return f"{self.scheme}://{self.hosts[0]}{public_path}"

    def request_url(self, public_path: str) -> str | None:
        """Return what to ask for a public path; None if the app cannot be asked for it without a proxy."""
        if not self.strips_prefix:
            return self.origin + public_path
        return self.origin + (public_path.removeprefix(self.prefix) or "/") if self.contains(public_path) else None

    def contains(self, public_path: str) -> bool:
        """Whether a path is the prefix or lies under it."""
        return public_path == self.prefix or public_path.startswith(f"{self.prefix}/")

    def resolve(self, reference: str, page: str) -> SplitResult | None:
        """Resolve a URL found at a public path as a browser does; None if it is none."""
        try:
            url = urlsplit(urljoin(self.public_url(page), reference))
            return url._replace(path=canonical(url.path), query=canonical(url.query))
        except ValueError:
            return None

    def is_same_host(self, url: SplitResult) -> bool:
        """Whether a URL leads to this very host, whatever the scheme."""
        return without_default_port(url) in {host.lower() for host in self.hosts}


def parse_target(target: VerifyTarget) -> AppAddress:
    """Read a target; raises InvalidTargetError with one line that says what is wrong."""
    try:
        url = urlsplit(target.url)
        _ = url.port  # raises for a port that is no number, or out of range
    except ValueError as error:
        raise InvalidTargetError(f"{target.url!r} is no URL: {error}") from None
    if url.scheme not in _DEFAULT_PORTS or not url.hostname:
        raise InvalidTargetError(
            f"{target.url!r} is no URL: write scheme, host and prefix, like https://example.com/api/v1"
        )
    if "@" in url.netloc:
        raise InvalidTargetError("the URL holds credentials: they are not sent, leave them out")
    if "?" in target.url or "#" in target.url:
        raise InvalidTargetError(f"{target.url!r} holds a query or fragment: end it with the prefix")
    if not _HOST.fullmatch(url.netloc):
        raise InvalidTargetError(f"{target.url!r} holds a host that cannot be asked: write its ASCII name or address")
    if not _PATH.fullmatch(url.path) or {".", ".."} & set(unquote(url.path).split("/")):
        raise InvalidTargetError(f"{url.path!r} is no prefix: write plain segments, like /api/v1")
    if target.host is not None and not _HOST.fullmatch(target.host):
        raise InvalidTargetError(f"{target.host!r} is no host: write a name or address, with a port if need be")
    _check_headers(target.headers)
    given = {name.lower(): value for name, value in target.headers.items()} if target.direct else {}
    scheme = given.get("x-forwarded-proto", url.scheme)
    if scheme not in _DEFAULT_PORTS:
        raise InvalidTargetError(f"X-Forwarded-Proto is {scheme!r}: it must be http or https")
    host = target.host or url.netloc
    forwarded = [given["x-forwarded-host"]] if target.trusted and "x-forwarded-host" in given else []
    return AppAddress(
        origin=f"{url.scheme}://{url.netloc}",
        host_header=host,
        server_name=urlsplit(f"//{host}").hostname or url.hostname,
        prefix=canonical(url.path).rstrip("/"),
        scheme=scheme,
        hosts=tuple(one.lower().removesuffix(_DEFAULT_PORTS[scheme]) for one in (host, *forwarded)),
        strips_prefix=target.direct and target.strips,
    )


def canonical(path: str) -> str:
    """Return the one spelling of a path or query: escaped is what must be, in capitals, and nothing else.

    Raises ValueError for one that cannot be sent.
    """
    return _ESCAPED.sub(_unescaped, quote(path, safe="/?%:@!$&'()*+,;=~"))


def _unescaped(match: re.Match[str]) -> str:
    char = unquote(match.group())
    return char if _UNRESERVED.fullmatch(char) else match.group().upper()


def without_default_port(url: SplitResult) -> str:
    """Return host and port of a URL in lower case, the port only if it is not the scheme's own."""
    return url.netloc.lower().removesuffix(_DEFAULT_PORTS.get(url.scheme, ""))


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise InvalidTargetError(f"{name!r} is no header that can be sent: name and value must be plain text")
        if name.lower() == "host":
            raise InvalidTargetError("the Host header is given as the target's host")
