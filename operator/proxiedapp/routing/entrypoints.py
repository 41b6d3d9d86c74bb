"""At which entry points an app answers, and at which it sends clients on to https. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.route import RouteSpec

_STANDARD_PORT = 443


@dataclass(frozen=True, slots=True)
class EntryPoints:
    """What the operator's settings know of Traefik's entry points."""

    default: tuple[str, ...]
    """For apps that name none."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Where each is reached from outside: its scheme tells whether it speaks TLS by itself."""

    def named_by(self, route: RouteSpec) -> "Listening":
        """Divide an app's entry points; the operator's plain ones redirect for an app that names none of its own.

        An entry point that the settings do not know is taken for one that speaks TLS, if the app asks for TLS.
        """
        named = tuple(route.entry_points or self.default)
        if route.tls is None and not route.redirect_to_https:
            return Listening(named, ())
        plain = tuple(name for name in named if self._is_plain(name))
        if route.redirect_to_https and not plain:
            plain = tuple(name for name in self.default if self._is_plain(name))
        return Listening(tuple(name for name in named if not self._is_plain(name)), plain)

    def https_port(self, names: tuple[str, ...]) -> int | None:
        """Return the port by which clients reach these by https; None for the usual one."""
        ports = [urlsplit(self.urls[name]).port for name in names if name in self.urls]
        return ports[0] if ports and ports[0] not in {None, _STANDARD_PORT} else None

    def _is_plain(self, name: str) -> bool:
        return self.urls.get(name, "").startswith("http:")


@dataclass(frozen=True, slots=True)
class Listening:
    """An app's entry points."""

    together: tuple[str, ...]
    """Those of the app's first IngressRoute; with TLS if the app has settings for it."""
    plain: tuple[str, ...]
    """Those that need an IngressRoute of their own, without TLS."""

    def refuse_none(self) -> None:
        """Raise InvalidSpecError where TLS was asked for and no entry point has it."""
        if not self.together:
            raise InvalidSpecError(
                "spec.route.entryPoints",
                f"{', '.join(self.plain)} speaks plain http, but spec.route.tls or redirectToHTTPS needs https",
                "Name an entry point for https too, like websecure",
            )
