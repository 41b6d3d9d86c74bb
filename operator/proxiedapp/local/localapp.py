"""An app on this machine instead of in a cluster: the operator's own decisions on its server and its route. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from proxiedapp.api.app import ProxiedApp
from proxiedapp.resources.desired import passes_prefix_header
from proxiedapp.resources.route import route_of
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.route import Route
from proxiedapp.servers.command.environment import expand_references, read_environment
from proxiedapp.servers.launch import Launch, launch
from proxiedapp.servers.machine import Machine
from proxiedapp.servers.other import ROOT_PATH_VARIABLE

ENTRY_POINT = "web"
"""The only entry point of a proxy on this machine."""


@dataclass(frozen=True, slots=True)
class LocalApp:
    """An app with the decisions that the operator makes for it."""

    app: ProxiedApp
    launch: Launch
    route: Route
    command: tuple[str, ...]
    """Program and arguments, with the references to variables replaced."""
    variables: Mapping[str, str]
    """The variables that the operator and the spec set."""
    ignored: tuple[str, ...]
    """Fields of the spec that have no effect without a cluster."""


def local_app(app: ProxiedApp, proxies: Sequence[str], machine: Machine, *, https: bool) -> LocalApp:
    """Return an app as it runs on this machine, behind proxies with these addresses.

    They replace `spec.proxy.trustedProxies`, which are the proxies of a cluster. Raises RejectedError if the operator
    would reject the spec.
    """
    spec = app.spec
    launched = launch(spec, proxies, machine=machine)
    here = replace(app, spec=spec.model_copy(update={"route": _without_tls(app)}))
    entry_points = EntryPoints((ENTRY_POINT,), {ENTRY_POINT: "https://*" if https else "http://*"})
    route = route_of(here, entry_points, strips=launched.strips, prefix_header=passes_prefix_header(app, launched))
    own = {ROOT_PATH_VARIABLE: launched.root_path, **launched.env}
    environment = read_environment([one for one in spec.env or [] if one.name not in own], own)
    words = [*(launched.command or ()), *(launched.args or ())]
    return LocalApp(
        app=app,
        launch=launched,
        route=replace(route, sticky=None, middlewares=()),
        command=tuple(expand_references(word, environment.values, environment.unknown).text for word in words),
        variables=environment.values,
        ignored=_ignored(app),
    )


def _without_tls(app: ProxiedApp) -> object:
    """Return the spec's route for the one entry point of this machine, whose scheme the command line decides."""
    route = app.spec.route
    here = {"tls": None, "redirect_to_https": False, "entry_points": None, "parent_refs": None, "timeout": None}
    return route.model_copy(update=here)


def _ignored(app: ProxiedApp) -> tuple[str, ...]:
    spec = app.spec
    fields = {
        "spec.route.middlewares": spec.route.middlewares,
        "spec.route.sticky": spec.route.sticky,
        "spec.route.parentRefs": spec.route.parent_refs,
        "spec.route.timeout": spec.route.timeout,
        "spec.initContainers": spec.init_containers,
        "spec.sidecars": spec.sidecars,
        "spec.volumes": spec.volumes,
        "spec.envFrom": spec.env_from,
        "spec.workingDir": spec.working_dir,
    }
    from_elsewhere = [f"spec.env {one.name}" for one in spec.env or [] if one.value_from is not None]
    return (*(name for name, value in fields.items() if value), *from_elsewhere)
