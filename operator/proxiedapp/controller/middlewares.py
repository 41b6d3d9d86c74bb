"""The middlewares that a route names must exist before the route is written."""

from collections.abc import Iterator

from proxiedapp.api.errors import MiddlewareMissingError
from proxiedapp.controller.awaited import AwaitedObject, Place
from proxiedapp.controller.plan import Plan
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import NotFoundError
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import INGRESS_ROUTE, MIDDLEWARE


def awaited_middlewares(desired: Desired) -> Iterator[AwaitedObject]:
    """Yield the middlewares that a route names."""
    for name in desired.route.middlewares:
        yield AwaitedObject(Place(MIDDLEWARE, desired.app.key.namespace), name)


async def check_middlewares(api: Api, planned: Plan, desired: Desired) -> None:
    """Raise MiddlewareMissingError if a route that is about to be written names a Middleware that does not exist.

    Traefik disables such a router and answers 404 (measured with Traefik 3.7.15).
    """
    if not any(apply.id.kind is INGRESS_ROUTE for apply in planned.applies):
        return
    for name in desired.route.middlewares:
        try:
            await api.get(MIDDLEWARE, desired.app.key.namespace, name)
        except NotFoundError:
            raise MiddlewareMissingError(
                "spec.route.middlewares",
                f"the Middleware {name} does not exist in this namespace, and Traefik answers 404 on a route "
                "that names a missing middleware",
                "Create it, or remove it from the list",
            ) from None
