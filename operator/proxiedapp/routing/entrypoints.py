"""Which entry points serve an app, and which redirect its clients to HTTPS. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.route import RouteSpec
from proxiedapp.routing.route import Parent

_STANDARD_PORT = 443


def is_gateway(entry_point: str) -> bool:
    """Return whether an entry point is a Gateway, by namespace and name: no name of Traefik's contains a slash."""
    return "/" in entry_point


@dataclass(frozen=True, slots=True)
class EntryPoints:
    """Traefik's entry points, as far as the operator's settings describe them, and the Gateways in their place."""

    default: tuple[str, ...]
    """Entry points for apps that name none."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Public URL of each entry point; its scheme shows whether the entry point uses TLS by default."""
    gateways: tuple[Parent, ...] = ()
    """Gateways for apps without `parentRefs`; if there are none, these apps use entry points."""
    reported: Mapping[str, str] = field(default_factory=dict)
    """Public URL of each Gateway and its listeners, as the Gateways of an app show it; `urls` comes before it."""

    def parents_of(self, route: RouteSpec) -> tuple[Parent, ...]:
        """Return the Gateways that serve an app; none if entry points of Traefik serve it."""
        if route.parent_refs is None:
            return self.gateways
        return tuple(Parent(one.namespace, one.name, one.section_name, one.port) for one in route.parent_refs)

    def for_route(self, route: RouteSpec) -> "AppEntryPoints":
        """Sort the entry points of an app into the main ones and those that need a route without TLS.

        A Gateway counts as an entry point with its namespace and name, which no entry point of Traefik can have.
        With `redirectToHTTPS`, an app that names no plain entry point redirects from the default ones. If the app needs
        TLS, an entry point that the settings do not describe counts as one that uses TLS.
        """
        if parents := self.parents_of(route):
            return AppEntryPoints(tuple(parent.gateway for parent in parents), ())
        named = tuple(route.entry_points or self.default)
        if route.tls is None and not route.redirect_to_https:
            return AppEntryPoints(named, ())
        plain = tuple(name for name in named if self._is_plain(name))
        if route.redirect_to_https and not plain:
            plain = tuple(name for name in self.default if self._is_plain(name))
        return AppEntryPoints(tuple(name for name in named if not self._is_plain(name)), plain)

    def https_port(self, names: tuple[str, ...]) -> int | None:
        """Return the public HTTPS port of the first of these that is described; None for 443 or no description."""
        ports = [urlsplit(self.urls[name]).port for name in names if name in self.urls]
        return ports[0] if ports and ports[0] not in {None, _STANDARD_PORT} else None

    def all_use_tls(self, names: tuple[str, ...]) -> bool:
        """Return whether each of these entry points is described as one that uses TLS."""
        return all(self.urls.get(name, "").startswith("https:") for name in names)

    def _is_plain(self, name: str) -> bool:
        return self.urls.get(name, "").startswith("http:")


@dataclass(frozen=True, slots=True)
class AppEntryPoints:
    """The entry points of one app."""

    main: tuple[str, ...]
    """Those of the app's first IngressRoute, which has the app's TLS settings."""
    plain: tuple[str, ...]
    """Those that need an IngressRoute of their own, without TLS."""

    def reject_without_https(self) -> None:
        """Raise InvalidSpecError if the app needs HTTPS and none of its entry points offers it."""
        if not self.main:
            raise InvalidSpecError(
                "spec.route.entryPoints",
                f"none of {', '.join(self.plain)} uses TLS, but spec.route.tls or redirectToHTTPS requires HTTPS",
                "Add an entry point that uses TLS, such as websecure",
            )
