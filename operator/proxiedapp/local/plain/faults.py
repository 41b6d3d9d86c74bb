"""What is wrong between plain routes, Services and workloads: the faults that break an app behind a prefix. Pure.

Only what the files show is reported. What may be elsewhere, such as a Service or a Middleware of another repository, is
taken to be right.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from proxiedapp.api.addresses import is_ip_or_network
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.plain.objects import Objects, mapping, name_of, namespace_of, sequence, text
from proxiedapp.local.plain.route import Controller, PlainRoute, routes
from proxiedapp.local.plain.sources import RootPathInCode
from proxiedapp.local.plain.workload import Workload, by_namespace, selected
from proxiedapp.local.problem import Code, Severity
from proxiedapp.routing.ruleparser import is_rule
from proxiedapp.servers.additions import is_loopback
from proxiedapp.servers.given import Given
from proxiedapp.servers.server import Role

_ALWAYS_TRUSTED: Final = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a plain object, or in the sources of its app."""

    body: Manifest | None
    """None for a fault in the sources."""
    where: str
    """Path of the field in the object, or FILE:LINE:COLUMN in the sources."""
    code: Code
    severity: Severity
    problem: str
    """Without the full stop."""
    fix: str
    """Without the full stop."""


def faults(bodies: Iterable[Manifest], sources: Sequence[RootPathInCode] = ()) -> list[Fault]:
    """Return the faults between plain objects. `sources` are the root paths that the code of their apps contains."""
    objects = Objects(bodies)
    workloads = by_namespace(objects)
    every = list(routes(objects))
    found: list[Fault] = []
    served: dict[int, tuple[Workload, list[PlainRoute]]] = {}
    for route in every:
        found += _of_rule(route, objects)
        service = objects.get("Service", route.service_namespace, route.service)
        if service is None:
            continue
        near = workloads.get(namespace_of(service), [])
        behind = selected(service, near)
        found += _of_service(route, service, behind, near)
        for workload in behind:
            served.setdefault(id(workload.body), (workload, []))[1].append(route)
    for workload, leading in served.values():
        found += _of_workload(workload, leading, objects, sources)
    found += _twice(every)
    found += _of_invalid_rules(objects)
    # Several routes, or several hosts of one, may lead to the same fault.
    return list({(id(one.body), one.where, one.code): one for one in reversed(found)}.values())[::-1]


def _of_rule(route: PlainRoute, objects: Objects) -> Iterator[Fault]:
    if not route.by_segment and route.prefix != "/":
        yield _boundary(route)
    if route.loses_path:
        yield Fault(
            route.body,
            route.where,
            Code.PATH_LOST,
            Severity.ERROR,
            f"the whole path is replaced, so every request below {route.prefix} gets the same page",
            _rewrite_fix(route),
        )
    elif not route.exact:
        yield from _of_path_value(route)
    yield from _of_middlewares(route, objects)


def _boundary(route: PlainRoute) -> Fault:
    prefix = route.prefix
    if route.controller is Controller.NGINX:
        fix = f"Write the path as {prefix}(/|$)(.*), with the rewrite-target /$2 if the prefix is stripped"
    elif route.body["kind"] == "Ingress":
        fix = f"Write a path for {prefix} with the pathType Exact, and one for {prefix}/ with Prefix"
    else:
        fix = f"Write (Path(`{prefix}`) || PathPrefix(`{prefix}/`))"
    problem = f"the rule compares characters, so {prefix}0 and {prefix}-admin match, too"
    return Fault(route.body, route.where, Code.PREFIX_BOUNDARY, Severity.WARNING, problem, fix)


def _rewrite_fix(route: PlainRoute) -> str:
    if route.controller is Controller.GATEWAY:
        return "Use the filter URLRewrite with ReplacePrefixMatch and / instead of ReplaceFullPath"
    return f"Write the path as {route.prefix}(/|$)(.*) with the pathType ImplementationSpecific, and the target as /$2"


def _of_path_value(route: PlainRoute) -> Iterator[Fault]:
    """Yield faults of an HTTPRoute in which implementations of the Gateway API differ."""
    if route.controller is not Controller.GATEWAY or not route.where.endswith(".path.value"):
        return
    value = route.path_value
    if len(value) > 1 and value.endswith("/"):
        problem = f"with a slash at its end, {value} leaves requests for {route.prefix} unstripped in some gateways"
        yield Fault(
            route.body, route.where, Code.PREFIX_BOUNDARY, Severity.WARNING, problem, f"Write {route.prefix} without it"
        )
    for index, one in enumerate(map(mapping, sequence(route.rule.get("filters")))):
        path = mapping(mapping(one.get("urlRewrite")).get("path"))
        target = path.get("replacePrefixMatch")
        where = f"{route.rule_field}.filters[{index}].urlRewrite.path.replacePrefixMatch"
        if target == "":
            problem = "with an empty replacement, Traefik sends paths without a slash, which servers answer with 400"
            yield Fault(route.body, where, Code.PATH_LOST, Severity.ERROR, problem, "Write /")
        elif isinstance(target, str) and len(target) > 1 and target.endswith("/"):
            problem = f"the replacement {target} makes {target}/x of a path in some gateways"
            yield Fault(route.body, where, Code.PATH_LOST, Severity.WARNING, problem, "Remove the slash at its end")


def _of_middlewares(route: PlainRoute, objects: Objects) -> Iterator[Fault]:
    own = namespace_of(route.body)
    field = route.where.rpartition(".")[0] if route.body["kind"] == "IngressRoute" else "metadata.annotations"
    for namespace, name in route.middlewares:
        if namespace and namespace != own:
            problem = f"Traefik does not use the Middleware {name} of the namespace {namespace} by default"
            fix = f"Create it in {own}, or set allowCrossNamespace in Traefik's configuration"
            yield Fault(route.body, field, Code.CROSS_NAMESPACE, Severity.WARNING, problem, fix)
    for namespace, name in route.effect.missing:
        similar = get_close_matches(name, objects.names("Middleware", namespace), n=1, cutoff=0.7)
        if similar and "@" not in name:
            problem = f"the Middleware {name} is not in these files, so Traefik would answer 404"
            yield Fault(
                route.body, field, Code.REFERENCE_MISSING, Severity.ERROR, problem, f"Did you mean {similar[0]}?"
            )


def _of_service(
    route: PlainRoute, service: Manifest, behind: Sequence[Workload], workloads: Sequence[Workload]
) -> Iterator[Fault]:
    spec = mapping(service.get("spec"))
    ports = [mapping(one) for one in sequence(spec.get("ports"))]
    fitting = [one for one in ports if route.port in {one.get("port"), one.get("name")}]
    if route.port is not None and ports and not fitting:
        has = " and ".join(str(one.get("port")) for one in ports)
        problem = f"the Service {name_of(service)} has no port {route.port}; it has {has}"
        yield Fault(
            route.body, route.backend_field, Code.PORT_MISMATCH, Severity.ERROR, problem, "Name one of its ports"
        )
    near = [one for one in workloads if one.name == name_of(service)]
    if not behind and near and mapping(spec.get("selector")):
        problem = f"the selector matches no pods of the {near[0].body['kind']} {near[0].name}"
        labels = ", ".join(f"{key}: {value}" for key, value in near[0].labels.items())
        fix = f"Use labels of its pods: {labels}" if labels else "Give its pods these labels"
        yield Fault(service, "spec.selector", Code.REFERENCE_MISSING, Severity.ERROR, problem, fix)
    for workload in behind:
        for port in fitting:
            yield from _of_target(service, ports.index(port), port, workload)


def _of_target(service: Manifest, index: int, port: Mapping[str, Any], workload: Workload) -> Iterator[Fault]:
    target = port.get("targetPort", port.get("port"))
    number = workload.port(target)
    where = f"spec.ports[{index}]"
    if number is None:
        problem = f"the container {workload.container.get('name', '')} has no port that is named {target}"
        fix = "Use the name or the number of one of its ports"
        yield Fault(service, where, Code.PORT_MISMATCH, Severity.ERROR, problem, fix)
        return
    listens = workload.listens
    if listens is not None and listens != number:
        problem = f"the Service leads to port {number}, but {workload.name} listens on {listens}"
        yield Fault(service, where, Code.PORT_MISMATCH, Severity.ERROR, problem, "Change one of the two")


def _of_workload(
    workload: Workload, leading: Sequence[PlainRoute], objects: Objects, sources: Sequence[RootPathInCode]
) -> Iterator[Fault]:
    if workload.server is None:
        yield from _of_unknown_server(leading, sources)
        return
    yield from _of_listening(workload)
    yield from _of_trust(workload, leading, objects)
    yield from _of_probes(workload, leading)
    code = [one for one in sources if one.belongs_to(_module(workload))]
    for route in leading:
        if route.prefix != "/" and not route.exact:
            yield from _of_root_path(workload, route, code)


def _module(workload: Workload) -> str:
    invocation = workload.invocation
    return "" if invocation is None or invocation.app is None else invocation.app.value.text


def _of_unknown_server(leading: Sequence[PlainRoute], sources: Sequence[RootPathInCode]) -> Iterator[Fault]:
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


def _of_root_path(workload: Workload, route: PlainRoute, code: Sequence[RootPathInCode]) -> Iterator[Fault]:
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


def _of_listening(workload: Workload) -> Iterator[Fault]:
    form, invocation = workload.form, workload.invocation
    if form is None or invocation is None:
        return
    if binds := workload.all_given(Role.BIND):
        hosts = [bind.value.text.rpartition(":")[0].strip("[]") for bind in binds if bind.value.known]
        if hosts and all(is_loopback(host) for host in hosts):
            yield _loopback(workload, workload.field_of(binds[0]), binds[0].source)
        return
    setting = invocation.server.setting(form, Role.HOST, invocation.subcommand)
    bind = form.settings.get(Role.BIND)
    given = workload.given(Role.HOST)
    if given is not None:
        if given.value.known and is_loopback(given.value.text):
            yield _loopback(workload, workload.field_of(given), given.source)
        return
    default = setting.default if setting is not None else bind.default if bind is not None else None
    host = (default or "").rpartition(":")[0] if bind is not None and setting is None else default or ""
    if host and is_loopback(host) and not sequence(workload.container.get("envFrom")):
        flag = setting.flags[0] if setting is not None and setting.flags else bind.flags[0] if bind is not None else ""
        yield _loopback(workload, workload.command_field, f"without {flag}, {invocation.server.name}")


def _loopback(workload: Workload, where: str, source: str) -> Fault:
    subject = source if source.startswith("without") else f"with this {source}, the server"
    problem = f"{subject} listens on loopback only, so the proxy cannot reach the pod"
    return Fault(workload.body, where, Code.LOOPBACK_ONLY, Severity.ERROR, problem, "Let it listen on 0.0.0.0")


def _of_trust(workload: Workload, leading: Sequence[PlainRoute], objects: Objects) -> Iterator[Fault]:
    server, form, invocation = workload.server, workload.form, workload.invocation
    if server is None or form is None or invocation is None or not leading:
        return
    if Role.TRUST not in form.settings:
        yield from _of_no_trust_setting(workload, leading)
        return
    if "--no-proxy-headers" in invocation.options:
        problem = (
            "--no-proxy-headers makes the server ignore X-Forwarded-*, so redirects use http and clients are unknown"
        )
        yield _trust(workload, workload.command_field, problem, "Remove it, and list the proxy's addresses")
        return
    given = workload.given(Role.TRUST)
    if given is not None:
        yield from _of_trusted(workload, given, objects)
    elif not sequence(workload.container.get("envFrom")):  # the variable may come from there
        problem = (
            f"{server.name} trusts only loopback by default, so X-Forwarded-* of the proxy is ignored: redirects use "
            "http, and the client's address is the proxy's"
        )
        fix = "Set FORWARDED_ALLOW_IPS to the network of the proxy's pods, such as 10.42.0.0/16"
        yield _trust(workload, workload.command_field, problem, fix)


def _of_trusted(workload: Workload, given: Given, objects: Objects) -> Iterator[Fault]:
    if not given.value.known:
        return
    where = workload.field_of(given)
    listed = [part.strip() for part in given.value.text.split(",") if part.strip()]
    if "*" in listed:
        if not _isolated(workload, objects):
            problem = (
                f"{given.source} trusts every client that reaches the pod, so any pod can forge the client's address"
            )
            fix = "List the network of the proxy's pods, or admit only the proxy by a NetworkPolicy"
            code, severity = Code.TRUST_EVERYONE, Severity.WARNING
            yield Fault(workload.body, where, code, severity, problem, fix)
        return
    wrong = [one for one in listed if not is_ip_or_network(one)]
    if wrong:
        problem = f"{given.source} has {wrong[0]}, which servers compare as text, so they trust no proxy by it"
        fix = "Write an address, or a network without host bits such as 10.42.0.0/16"
        yield Fault(workload.body, where, Code.TRUST_MISSING, Severity.ERROR, problem, fix)
    elif set(listed) <= _ALWAYS_TRUSTED:
        problem = f"{given.source} trusts only loopback, and the proxy runs in another pod"
        yield _trust(workload, where, problem, "Add the network of the proxy's pods, such as 10.42.0.0/16")


def _trust(workload: Workload, where: str, problem: str, fix: str) -> Fault:
    return Fault(workload.body, where, Code.TRUST_MISSING, Severity.WARNING, problem, fix)


def _of_no_trust_setting(workload: Workload, leading: Sequence[PlainRoute]) -> Iterator[Fault]:
    """Yield that a server which cannot be told which proxies to trust is served over HTTPS."""
    server, invocation = workload.server, workload.invocation
    if server is None or invocation is None or not any(_uses_tls(route) for route in leading):
        return
    if "--proxy-headers" in invocation.options or server.name == "other":
        return
    if server.name == "daphne":
        problem, fix = (
            "daphne ignores X-Forwarded-* without --proxy-headers, so redirects use http",
            "Add --proxy-headers",
        )
    else:
        problem = f"{server.name} has no option for trusted proxies, so redirects use http although clients use https"
        fix = "Wrap the app in a middleware that reads X-Forwarded-*, or run it with uvicorn"
    yield _trust(workload, workload.command_field, problem, fix)


def _uses_tls(route: PlainRoute) -> bool:
    return route.tls is not None or "websecure" in route.entry_points


def _isolated(workload: Workload, objects: Objects) -> bool:
    """Return whether a NetworkPolicy restricts which pods reach the workload."""
    for policy in objects.all("NetworkPolicy"):
        spec = mapping(policy.get("spec"))
        wanted = mapping(mapping(spec.get("podSelector")).get("matchLabels"))
        types = sequence(spec.get("policyTypes")) or ["Ingress"]
        if (
            namespace_of(policy) == workload.namespace
            and wanted.items() <= workload.labels.items()
            and "Ingress" in types
        ):
            return True
    return False


def _of_probes(workload: Workload, leading: Sequence[PlainRoute]) -> Iterator[Fault]:
    stripped = {route.effect.stripped for route in leading if route.strips and not route.exact}
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        path = text(mapping(mapping(workload.container.get(name)).get("httpGet")).get("path"))
        for prefix in sorted(stripped):
            if path == prefix or path.startswith(f"{prefix}/"):
                problem = f"the kubelet reaches the pod without the proxy, so the app does not know {path}"
                fix = f"Write {path.removeprefix(prefix) or '/'}"
                where = f"{workload.path}.{name}.httpGet.path"
                yield Fault(workload.body, where, Code.PROBE_PREFIX, Severity.ERROR, problem, fix)


def _twice(every: Sequence[PlainRoute]) -> Iterator[Fault]:
    first: dict[tuple[Any, ...], PlainRoute] = {}
    for route in every:
        if route.controller in {Controller.GATEWAY, Controller.OTHER}:
            continue  # the oldest HTTPRoute gets the requests, by the specification
        points = route.entry_points or ("",)
        ingress_class = text(mapping(route.body.get("spec")).get("ingressClassName"))
        for point in points:
            key = (route.controller, route.host, route.prefix, route.by_segment, route.exact, point, ingress_class)
            earlier = first.setdefault((*key, route.priority), route)
            if earlier is not route and not (earlier.body is route.body and earlier.where == route.where):
                problem = (
                    f"{earlier.name} matches {route.address} with the same priority, so either of them gets requests"
                )
                fix = "Change host, path or priority of one of them"
                yield Fault(route.body, route.where, Code.ROUTE_TWICE, Severity.WARNING, problem, fix)
                break


def _of_invalid_rules(objects: Objects) -> Iterator[Fault]:
    for body in objects.all("IngressRoute"):
        for number, rule in enumerate(map(mapping, sequence(mapping(body.get("spec")).get("routes")))):
            match = text(rule.get("match"))
            if rule.get("syntax") != "v2" and not is_rule(match):
                problem = "Traefik 3 cannot parse this rule, and disables the route"
                fix = "Quote values with backticks, give each matcher one value, and begin paths with a slash"
                where = f"spec.routes[{number}].match"
                yield Fault(body, where, Code.RULE_INVALID, Severity.ERROR, problem, fix)
