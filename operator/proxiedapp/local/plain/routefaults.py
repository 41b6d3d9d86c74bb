"""What is wrong with plain routes themselves: their rules, paths, middlewares and duplicates. Pure."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from proxiedapp.local.plain.fault import Fault
from proxiedapp.local.plain.objects import Objects, mapping, namespace_of, sequence, text
from proxiedapp.local.plain.route import Controller, PlainRoute
from proxiedapp.local.problem import Code, Severity
from proxiedapp.routing.ruleparser import is_rule


def rule_faults(route: PlainRoute, objects: Objects) -> Iterator[Fault]:
    """Yield what is wrong with one rule of a route."""
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


def duplicate_faults(every: Sequence[PlainRoute]) -> Iterator[Fault]:
    """Yield rules that match the same requests with the same priority."""
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


def invalid_rule_faults(objects: Objects) -> Iterator[Fault]:
    """Yield rules that Traefik cannot parse."""
    for body in objects.all("IngressRoute"):
        for number, rule in enumerate(map(mapping, sequence(mapping(body.get("spec")).get("routes")))):
            match = text(rule.get("match"))
            if rule.get("syntax") != "v2" and not is_rule(match):
                problem = "Traefik 3 cannot parse this rule, and disables the route"
                fix = "Quote values with backticks, give each matcher one value, and begin paths with a slash"
                where = f"spec.routes[{number}].match"
                yield Fault(body, where, Code.RULE_INVALID, Severity.ERROR, problem, fix)
