"""What a route needs of its Gateways, compared with the features that their classes list. Pure.

A class that lists no features may support all of them: Contour 1.33.8 and Envoy Gateway 1.9.1 list none. Traefik 3.7.15
lists its features, and ignores what is not among them without a report (measured).
"""

from collections.abc import Iterator
from typing import Final

from proxiedapp.api.errors import GatewayUnsupportedError
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.routing.route import NO_TIMEOUT, Parent, Route

_REWRITE: Final = "HTTPRoutePathRewrite"
_PORT_REDIRECT: Final = "HTTPRoutePortRedirect"
_SCHEME_REDIRECT: Final = "HTTPRouteSchemeRedirect"
_TIMEOUT: Final = "HTTPRouteRequestTimeout"


def reject_unsupported(route: Route, gateways: Gateways) -> None:
    """Raise GatewayUnsupportedError if a Gateway certainly cannot serve a route as it must be served."""
    for parent in route.parents:
        for feature, field, fix in _needs(route):
            if _lacks(parent, feature, gateways):
                problem = f"the Gateway {parent.gateway} does not support it: its class does not list {feature}"
                raise GatewayUnsupportedError(field, problem, fix)


def ignored_timeout(parent: Parent, route: Route, gateways: Gateways) -> str:
    """Return that a Gateway ignores the time limit of a route, as a clause; empty if that is not known."""
    if route.timeout == NO_TIMEOUT or not _lacks(parent, _TIMEOUT, gateways):
        return ""
    return (
        f"the Gateway {parent.gateway} ignores spec.route.timeout, because its class does not list {_TIMEOUT}. "
        "Set a time limit in the configuration of the proxy, or remove the field"
    )


def _needs(route: Route) -> Iterator[tuple[str, str, str]]:
    """Yield each feature without which the app would be served wrongly, the field that asks for it, and a fix."""
    if route.strips:
        fix = "Use a Gateway of another class, or a server that does not need the prefix to be removed"
        yield _REWRITE, "spec.route.pathPrefix", fix
    if route.redirect is not None:
        for feature in (_SCHEME_REDIRECT, _PORT_REDIRECT):
            yield feature, "spec.route.redirectToHTTPS", "Use a Gateway of another class, or remove the field"


def _lacks(parent: Parent, feature: str, gateways: Gateways) -> bool:
    features = gateways.class_of(parent).features
    return features is not None and feature not in features
