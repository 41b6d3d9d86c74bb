"""What a route needs of its Gateways, compared with the features that their classes list. Pure.

A class that lists no features may support all of them: Contour 1.33.8 and Envoy Gateway 1.9.1 list none. Traefik 3.7.15
lists its features, and ignores what is not among them without a report (measured).
"""

from collections.abc import Iterator
from typing import Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.errors import GatewayUnsupportedError
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.routing.route import NO_TIMEOUT, Parent, Route

_REWRITE: Final = "HTTPRoutePathRewrite"
_PATH_REDIRECT: Final = "HTTPRoutePathRedirect"
_METHOD: Final = "HTTPRouteMethodMatching"
_PORT_REDIRECT: Final = "HTTPRoutePortRedirect"
_SCHEME_REDIRECT: Final = "HTTPRouteSchemeRedirect"
_TIMEOUT: Final = "HTTPRouteRequestTimeout"
_PARENT_PORT: Final = "HTTPRouteParentRefPort"


def reject_unsupported(route: Route, gateways: Gateways) -> None:
    """Raise GatewayUnsupportedError if a Gateway certainly cannot serve a route as it must be served."""
    if route.parents and gateways.outdated:
        problem = f"the cluster has Gateway API {gateways.outdated}, which lacks fields of the app's HTTPRoute"
        fix = "Install Gateway API v1.2.0 or later, or set parentRefs: [] for an IngressRoute of Traefik"
        raise GatewayUnsupportedError("spec.route.parentRefs", problem, fix)
    for parent in route.parents:
        for feature, field, fix in _needs(route, parent):
            if _lacks(parent, feature, gateways):
                problem = f"the Gateway {parent.gateway} does not support it: its class does not list {feature}"
                raise GatewayUnsupportedError(field, problem, fix)


def limits(parent: Parent, app: ProxiedApp, route: Route, gateways: Gateways) -> str:
    """Return what a Gateway certainly does not do that the spec asks for, as clauses; empty if there is nothing."""
    found = []
    if route.timeout != NO_TIMEOUT and _lacks(parent, _TIMEOUT, gateways):
        found.append(
            f"the Gateway {parent.gateway} ignores spec.route.timeout, because its class does not list {_TIMEOUT}. "
            "Set a time limit in the configuration of the proxy, or remove the field"
        )
    if app.spec.route.redirects_bare and (feature := lacks_bare_redirect(parent, route.public, gateways)):
        prefix = route.rule.prefix
        found.append(
            f"the Gateway {parent.gateway} cannot redirect {prefix} to {prefix}/, because its class does not list "
            f"{feature}. Set spec.route.bare to Serve, and let the app redirect if its pages have relative links"
        )
    return ". Besides, ".join(found)


def lacks_bare_redirect(parent: Parent, public: tuple[str, int] | None, gateways: Gateways) -> str:
    """Return the feature that a Gateway lacks to redirect the bare prefix; empty if it lacks none, or if unknown.

    `public` are scheme and port that the redirect names, or None.
    """
    needed = (_PATH_REDIRECT, _METHOD, *(() if public is None else (_SCHEME_REDIRECT, _PORT_REDIRECT)))
    return next((feature for feature in needed if _lacks(parent, feature, gateways)), "")


def _needs(route: Route, parent: Parent) -> Iterator[tuple[str, str, str]]:
    """Yield each feature without which the app would be served wrongly, the field that asks for it, and a fix."""
    if route.strips:
        fix = "Use a Gateway of another class, or a server that does not need the prefix to be removed"
        yield _REWRITE, "spec.route.pathPrefix", fix
    if parent.port is not None:
        yield _PARENT_PORT, "spec.route.parentRefs", "Name the listener by sectionName instead of port"
    if route.redirect is not None:
        for feature in (_SCHEME_REDIRECT, _PORT_REDIRECT):
            yield feature, "spec.route.redirectToHTTPS", "Use a Gateway of another class, or remove the field"


def _lacks(parent: Parent, feature: str, gateways: Gateways) -> bool:
    features = gateways.class_of(parent).features
    return features is not None and feature not in features
