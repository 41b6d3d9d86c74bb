"""What is wrong between what a route strips and what a server is given as root path. Pure."""

from collections.abc import Iterator, Sequence

from proxiedapp.api.paths import is_under
from proxiedapp.local.plain.fault import Fault
from proxiedapp.local.plain.objects import mapping, text
from proxiedapp.local.plain.route import Controller, PlainRoute
from proxiedapp.local.plain.sources import RootPathInCode
from proxiedapp.local.plain.workload import Workload
from proxiedapp.local.problem import Code, Severity
from proxiedapp.servers.server import Role


def unknown_server_faults(leading: Sequence[PlainRoute], sources: Sequence[RootPathInCode]) -> Iterator[Fault]:
    """Yield what the sources show of an app whose command shows no server."""
    for route in leading:
        if route.prefix != "/" and route.strips and route.controller is not Controller.OTHER:
            yield from (_in_code(one, route) for one in sources if one.value in {None, route.effect.stripped})


def _in_code(one: RootPathInCode, route: PlainRoute) -> Fault:
    return Fault(
        None,
        one.place,
        Code.ROOT_PATH_IN_CODE,
        Severity.ERROR,
        f"FastAPI(root_path=...) needs a proxy that keeps the prefix, but {route.name} strips {route.effect.stripped}: "
        "redirects lose the prefix, and mounted apps answer 404",
        "Remove root_path= from the code, and give it to the server: uvicorn --root-path",
    )


def root_path_faults(workload: Workload, route: PlainRoute, code: Sequence[RootPathInCode]) -> Iterator[Fault]:
    """Yield what is wrong between a route and the root path of the server behind it."""
    server, form = workload.server, workload.form
    if server is None or form is None or route.strips is None or route.loses_path or form.strips is None:
        return
    given = workload.given(Role.ROOT_PATH)
    ignored = _ignored_root_path(workload)
    if ignored is not None:
        problem = f"{server.name} ignores {ignored}, so the app does not know its prefix {route.prefix}"
        fix = "Use a subclass of the worker with root_path in CONFIG_KWARGS, or run uvicorn itself"
        yield Fault(workload.body, workload.command_field, Code.ROOT_PATH_IGNORED, Severity.ERROR, problem, fix)
        return
    expected = route.effect.stripped if route.strips else route.prefix
    if given is not None and not given.value.known:
        return
    root_path = "" if given is None else given.value.text.rstrip("/")
    if given is None or not root_path:
        yield from _of_no_root_path(workload, route, code)
        return
    where = workload.field_of(given)
    if root_path != expected:
        verb = f"{route.name} strips {expected}" if route.strips else f"{route.name} serves {expected}"
        problem = f"{given.source} is {root_path}, but {verb}"
        fix = f"Set it to {expected}" if form.strips or not route.strips else "Use one prefix in both"
        yield Fault(workload.body, where, Code.ROOT_PATH_DIFFERS, Severity.ERROR, problem, fix)
    elif form.strips and not route.strips:
        problem = (
            f"{server.name} puts {given.source} {root_path} in front of each path, but {route.name} keeps it, so "
            "every route answers 404"
        )
        yield Fault(workload.body, where, Code.STRIP_MISMATCH, Severity.ERROR, problem, _strip_fix(route))
    elif not form.strips and route.strips:
        problem = (
            f"{server.name} only passes {given.source} {root_path} on, but {route.name} strips it, so redirects lose "
            "the prefix and mounted apps answer 404"
        )
        fix = "Remove what strips the prefix from the route, or run the app with uvicorn"
        yield Fault(workload.body, where, Code.STRIP_MISMATCH, Severity.ERROR, problem, fix)


def _strip_fix(route: PlainRoute) -> str:
    match route.controller:
        case Controller.NGINX:
            return f"Write the path as {route.prefix}(/|$)(.*), with the annotation rewrite-target: /$2"
        case Controller.GATEWAY:
            return "Add the filter URLRewrite with ReplacePrefixMatch and /"
        case _:
            return f"Add a Middleware stripPrefix with the prefix {route.prefix}"


def _ignored_root_path(workload: Workload) -> str | None:
    """Return the flag or variable for a root path that the server does not read; None if there is none."""
    invocation = workload.invocation
    if invocation is None or workload.has_setting(Role.ROOT_PATH):
        return None
    if any(option == "--root-path" for option in invocation.options):
        return "--root-path"
    return next((name for name in ("UVICORN_ROOT_PATH", "ROOT_PATH") if invocation.variable(name) is not None), None)


def _of_no_root_path(workload: Workload, route: PlainRoute, code: Sequence[RootPathInCode]) -> Iterator[Fault]:
    if not route.strips:
        return  # the app may have the prefix in its own routes
    in_code = [one for one in code if one.value in {None, route.effect.stripped}]
    if in_code:
        yield _in_code(in_code[0], route)
        return
    server = workload.server
    name = "" if server is None else server.name
    if server is not None and server.by_flags.strips and workload.has_setting(Role.ROOT_PATH):
        fix = f"Add --root-path {route.effect.stripped} to its command"
    elif server is not None and server.by_flags.strips:
        fix = f"{name} has no option for it: use a subclass of the worker, or run uvicorn --root-path"
    else:
        fix = f"Remove what strips the prefix from the route, and give {name} its option for the root path"
    problem = (
        f"{route.name} strips {route.effect.stripped}, but {name} is not given it as root path, so the docs page "
        "asks for /openapi.json and redirects lose the prefix"
    )
    yield Fault(workload.body, workload.command_field, Code.ROOT_PATH_MISSING, Severity.ERROR, problem, fix)


def probe_faults(workload: Workload, leading: Sequence[PlainRoute]) -> Iterator[Fault]:
    """Yield probes whose path has the prefix that the proxy strips."""
    stripped = {route.effect.stripped for route in leading if route.strips and not route.exact}
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        path = text(mapping(mapping(workload.container.get(name)).get("httpGet")).get("path"))
        for prefix in sorted(stripped):
            if is_under(path, prefix):
                problem = f"the kubelet reaches the pod without the proxy, so the app does not know {path}"
                fix = f"Write {path.removeprefix(prefix) or '/'}"
                where = f"{workload.path}.{name}.httpGet.path"
                yield Fault(workload.body, where, Code.PROBE_PREFIX, Severity.ERROR, problem, fix)
