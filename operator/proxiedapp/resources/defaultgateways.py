"""The Gateways of the operator's settings, for apps that name none. Pure."""

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.base import ApiModel
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.route import ParentRef
from proxiedapp.routing.entrypoints import EntryPoints


def with_default_gateways(app: ProxiedApp, entry_points: EntryPoints) -> ProxiedApp:
    """Return an app whose spec names the Gateways that serve it.

    Raises InvalidSpecError if the spec cannot be used with them, or has a field that requires a Gateway and there is
    none: the API server does not know the operator's settings.
    """
    route = app.spec.route
    if not route.parent_refs and not entry_points.parents_of(route):
        if route.timeout is not None:
            problem = "it requires a Gateway, and neither route.parentRefs nor the operator's settings name one"
            raise InvalidSpecError("spec.route.timeout", problem, "Name a Gateway in parentRefs, or remove timeout")
        return app
    if route.parent_refs is not None:
        return app
    refs = [
        ParentRef(namespace=one.namespace, name=one.name, section_name=one.section) for one in entry_points.gateways
    ]
    spec = app.spec.model_copy(update={"route": route.model_copy(update={"parent_refs": refs})})
    _check("spec.route", spec.route)
    _check("spec", spec)
    return ProxiedApp(app.key, spec)


def _check(field: str, model: ApiModel) -> None:
    broken = next((rule.message for rule in model.rules if not rule.is_valid(model)), None)
    if broken is not None:
        problem = f"{broken}. The spec has no parentRefs, so the operator's settings name the Gateways"
        raise InvalidSpecError(field, problem, "Set route.parentRefs: [] for an IngressRoute of Traefik, or remove it")
