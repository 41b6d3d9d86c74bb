"""The target of a check: where requests are sent, and the public address that the app should know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from proxiedapp.api.paths import is_under

_PATH: Final = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*/?")
PATH_AND_QUERY: Final = re.compile(r"/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_ESCAPED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_DOT_SEGMENT: Final = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\;]|\Z)")
_HOST: Final = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
WEBSOCKET: Final = "ws:"
"""The prefix of an extra path that is checked as a WebSocket."""

_NOT_A_PATH: Final = "{path!r} is not a valid path: write it as the app declares it, for example {example}"


class InvalidTargetError(ValueError):
    """A target or an option that cannot be requested; the message is one line."""


@dataclass(frozen=True, slots=True)
class VerifyTarget:
    """The app to check, and how to reach it."""

    url: str
    """scheme://address[:port]/prefix: where to connect, and the expected prefix (none if empty or /)."""
    host: str | None = None
    """Host header and SNI, if they differ from the address."""
    insecure: bool = False
    """Accept any certificate."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with each request: what a proxy would add, if the app is requested directly."""
    direct: bool = False
    """Whether there is no proxy in between; what only a proxy can get wrong is then not judged."""
    trusted: bool = True
    """Whether the app trusts `headers`; if not, the scheme of redirects is not judged. For direct targets."""
    strips: bool = False
    """Whether the bypassed proxy strips the prefix, so that it is expected but not sent. For direct targets."""
    shares_host: bool = False
    """Whether another app is known to be served at the same host; its cookies are kept apart by their paths alone."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Where the app serves its schema and docs page, and what else to check; paths as the app declares them.

    Raises InvalidTargetError for a path that cannot be requested.
    """

    openapi_path: str = "/openapi.json"
    docs_path: str = "/docs"
    extra_paths: tuple[str, ...] = ()
    """More paths that the app must serve. A path that ends in /openapi.json or /docs is checked as that of a mounted
    app, and `ws:/path` as a WebSocket.
    """

    def __post_init__(self) -> None:
        for path in (self.openapi_path, self.docs_path):
            if path in {"", "/"} or not _PATH.fullmatch(path) or path.endswith("/"):
                raise InvalidTargetError(_NOT_A_PATH.format(path=path, example="/openapi.json"))
        for path in self.extra_paths:
            if not PATH_AND_QUERY.fullmatch(path.removeprefix(WEBSOCKET)):
                raise InvalidTargetError(_NOT_A_PATH.format(path=path, example="/items or ws:/ws"))


@dataclass(frozen=True, slots=True)
class AppAddress:
    """A parsed target: where requests are sent, and the public address that the app should know."""

    origin: str
    """Where to connect: scheme://address[:port]."""
    host_header: str
    server_name: str
    """The name that the certificate must be valid for."""
    prefix: str
    """Without a trailing slash; empty for none."""
    scheme: str
    """The scheme that clients of the proxy use."""
    hosts: tuple[str, ...]
    """The hosts that clients use, with the port unless it is the default one; the first is the one that is sent."""
    strips_prefix: bool
    """Whether the prefix is removed from requests, as a stripping proxy would."""

    def public_path(self, path: str) -> str:
        """Return the path that clients use for a path that the app declares."""
        return self.prefix + path

    def public_url(self, public_path: str) -> str:
        """Return the URL that clients use for a public path."""
        return f"{self.scheme}://{self.hosts[0]}{public_path}"

    def request_url(self, public_path: str) -> str | None:
        """Return the URL to request for a public path; None if it cannot be requested without the proxy."""
        if not self.strips_prefix:
            return self.origin + public_path
        return self.origin + (public_path.removeprefix(self.prefix) or "/") if self.contains(public_path) else None

    def contains(self, public_path: str) -> bool:
        """Return whether a path is the prefix or under it, however a proxy reads it.

        A path with `.` or `..` segments never is: proxies and HTTP clients resolve them, also if they are escaped
        (https://url.spec.whatwg.org/#double-dot-path-segment), and the request would go to another app.
        """
        return is_under(public_path, self.prefix) and not _has_dot_segment(public_path)

    def repeats_prefix(self, declared_path: str) -> bool:
        """Return whether a path that the app declares starts with the prefix."""
        return bool(self.prefix) and self.contains(declared_path)

    def resolve(self, reference: str, page: str) -> SplitResult | None:
        """Return the absolute URL of a reference on a public page, as browsers resolve it; None if it is invalid.

        `urljoin` follows RFC 3986 as browsers do (https://url.spec.whatwg.org/#concept-basic-url-parser); the spelling
        of escapes is unified. tests/e2e/test_browser.py compares the verdict with a real browser.
        """
        try:
            url = urlsplit(urljoin(self.public_url(page), reference))
            return url._replace(path=canonical(url.path), query=canonical(url.query))
        except ValueError:
            return None

    def is_same_host(self, url: SplitResult) -> bool:
        """Return whether a URL has the host and port of the app; the scheme does not matter."""
        return without_default_port(url) in {host.lower() for host in self.hosts}


def _has_dot_segment(path: str) -> bool:
    path = path.partition("?")[0]
    if "." not in path and "%" not in path:
        return False
    return _DOT_SEGMENT.search(unquote(unquote(path))) is not None  # a proxy may decode, and the server behind it too


def parse_target(target: VerifyTarget) -> AppAddress:
    """Parse a target; raises InvalidTargetError with one line that names the mistake."""
    url = _parse_url(target.url)
    if target.host is not None and not _HOST.fullmatch(target.host):
        raise InvalidTargetError(f"{target.host!r} is not a valid host: write a name or an address, optionally a port")
    _check_headers(target.headers)
    proxy_headers = {name.lower(): value for name, value in target.headers.items()} if target.direct else {}
    scheme = proxy_headers.get("x-forwarded-proto", url.scheme)
    if scheme not in _DEFAULT_PORTS:
        raise InvalidTargetError(f"the header X-Forwarded-Proto is {scheme!r}, but must be http or https")
    host = target.host or url.netloc
    hosts = [host]
    if target.trusted and "x-forwarded-host" in proxy_headers:
        hosts.append(proxy_headers["x-forwarded-host"])
    return AppAddress(
        origin=f"{url.scheme}://{url.netloc}",
        host_header=host,
        server_name=urlsplit(f"//{host}").hostname or url.hostname or "",
        prefix=canonical(url.path).rstrip("/"),
        scheme=scheme,
        hosts=tuple(each.lower().removesuffix(_DEFAULT_PORTS[scheme]) for each in hosts),
        strips_prefix=target.direct and target.strips,
    )


def _parse_url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port  # raises ValueError for a port that is not a number or out of range
    except ValueError as error:
        raise InvalidTargetError(f"{text!r} is not a valid URL: {error}") from None
    if url.scheme not in _DEFAULT_PORTS or not url.hostname:
        example = "https://example.com/api/v1"
        raise InvalidTargetError(f"{text!r} is not a valid URL: write scheme, host and prefix, for example {example}")
    if "@" in url.netloc:
        raise InvalidTargetError("the URL contains credentials, which are never sent: remove them")
    if "?" in text or "#" in text:
        raise InvalidTargetError(f"{text!r} contains a query or fragment: end the URL with the prefix")
    if not _HOST.fullmatch(url.netloc):
        raise InvalidTargetError(f"{text!r} contains an invalid host: write its ASCII name or its address")
    if not _PATH.fullmatch(url.path) or {".", ".."} & set(unquote(url.path).split("/")):
        raise InvalidTargetError(f"{url.path!r} is not a valid prefix: write plain segments, for example /api/v1")
    return url


def canonical(path: str) -> str:
    """Return the one spelling of a path or query: only what must be escaped is escaped, in upper case.

    Raises ValueError for text that cannot be sent.
    """
    return _ESCAPED.sub(_unescaped, quote(path, safe="/?%:@!$&'()*+,;=~"))


def _unescaped(match: re.Match[str]) -> str:
    char = unquote(match.group())
    return char if _UNRESERVED.fullmatch(char) else match.group().upper()


def without_default_port(url: SplitResult) -> str:
    """Return host and port of a URL in lower case, without the port if it is the default one of the scheme."""
    return url.netloc.lower().removesuffix(_DEFAULT_PORTS.get(url.scheme, ""))


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise InvalidTargetError(f"{name!r} is not a valid header: name and value must be printable ASCII text")
        if name.lower() == "host":
            raise InvalidTargetError("the Host header is not valid here: set the host of the target instead")
