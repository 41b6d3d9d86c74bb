"""Plain routes: what each rule of an IngressRoute, Ingress or HTTPRoute matches, removes and leads to. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.plain.middleware import Effect, effect_of, ref
from proxiedapp.local.plain.objects import Objects, mapping, name_of, namespace_of, sequence, text
from proxiedapp.routing.ruleparser import Pattern, parse

NGINX: Final = "nginx.ingress.kubernetes.io/"
TRAEFIK: Final = "traefik.ingress.kubernetes.io/"
CLASS: Final = "kubernetes.io/ingress.class"
_STEPS: Final = 10_000
"""Steps that reading the rule of one route may take."""
_LITERAL: Final = re.compile(r"[A-Za-z0-9._~/-]*")


class Controller(StrEnum):
    """The proxies whose routes are read."""

    TRAEFIK = "Traefik"
    NGINX = "ingress-nginx"
    GATEWAY = "Gateway API"
    OTHER = "another controller"


@dataclass(frozen=True)
class PlainRoute:
    """One rule of a route: a host and a path, and what happens to their requests."""

    body: Manifest
    where: str
    """Path of the rule's match in the object."""
    controller: Controller
    host: str
    """Empty for any host."""
    prefix: str
    """Without a slash at its end; / for all paths."""
    by_segment: bool
    """Whether only whole path segments match; else `/api` matches /apix, too."""
    exact: bool
    """Whether only the path itself matches, not those below it."""
    service: str
    port: object
    """Number or name of the Service's port; None if the route names none."""
    service_namespace: str
    backend_field: str
    """Path of the reference to the Service in the object."""
    effect: Effect = field(default_factory=Effect)
    middlewares: tuple[tuple[str, str], ...] = ()
    """Namespace and name of the Middlewares that the route names."""
    priority: int = 0
    entry_points: tuple[str, ...] = ()
    tls: Mapping[str, Any] | None = None
    loses_path: bool = False
    """Whether the whole path is replaced, so that each request gets the same page."""
    rule: Mapping[str, Any] = field(default_factory=dict)
    """The rule of an HTTPRoute."""
    rule_field: str = ""
    """Path of that rule in the object."""
    path_value: str = ""
    """The path in the match of an HTTPRoute, as it is written."""

    @property
    def name(self) -> str:
        """Return kind, namespace and name."""
        return f"{self.body['kind']} {namespace_of(self.body)}/{name_of(self.body)}"

    @property
    def address(self) -> str:
        """Return host and prefix as messages contain them."""
        return f"{self.host or 'any host'} {self.prefix}"

    @property
    def strips(self) -> bool | None:
        """Return whether the proxy removes a part of the path; None if that is not sure."""
        return bool(self.effect.stripped) if self.effect.sure else None


def routes(objects: Objects) -> Iterator[PlainRoute]:
    """Yield each rule of each route, except those whose path cannot be determined, such as regular expressions."""
    for body in objects.all("IngressRoute"):
        yield from _ingress_route(body, objects)
    for body in objects.all("Ingress"):
        yield from _ingress(body, objects)
    for body in objects.all("HTTPRoute"):
        yield from _http_route(body)


def _ingress_route(body: Manifest, objects: Objects) -> Iterator[PlainRoute]:
    spec, namespace = mapping(body.get("spec")), namespace_of(body)
    tls = spec.get("tls")
    for number, rule in enumerate(map(mapping, sequence(spec.get("routes")))):
        names = tuple(ref(one, namespace) for one in map(mapping, sequence(rule.get("middlewares"))))
        services = [mapping(one) for one in sequence(rule.get("services"))]
        service: Mapping[str, Any] = services[0] if services else {}
        for host, prefix, by_segment, exact in _addresses(text(rule.get("match"))):
            yield PlainRoute(
                body,
                f"spec.routes[{number}].match",
                Controller.TRAEFIK,
                host,
                prefix,
                by_segment,
                exact,
                text(service.get("name")),
                service.get("port"),
                text(service.get("namespace")) or namespace,
                f"spec.routes[{number}].services[0]",
                effect_of(names, prefix, objects),
                names,
                rule["priority"] if isinstance(rule.get("priority"), int) else 0,
                tuple(map(text, sequence(spec.get("entryPoints")))),
                mapping(tls) if tls is not None else None,
            )


def _addresses(rule: str) -> Iterator[tuple[str, str, bool, bool]]:
    """Yield host, prefix, whether it ends at segments and whether it is exact, of each address of a Traefik rule."""
    try:
        patterns = parse(rule, Budget(_STEPS))
    except BudgetError:
        return
    for pattern in sorted(patterns):
        bare = pattern.path.rstrip("/") or "/"
        if pattern.exact:
            if Pattern(pattern.host, f"{bare}/") not in patterns and Pattern(pattern.host, bare) not in patterns:
                yield pattern.host, bare, True, True
        else:
            yield pattern.host, bare, pattern.path.endswith("/"), False


def controller_of(ingress: Manifest) -> Controller:
    """Return which proxy serves an Ingress, as far as its class and its annotations show it."""
    annotations = mapping(ingress["metadata"].get("annotations"))
    named = text(mapping(ingress.get("spec")).get("ingressClassName")) or text(annotations.get(CLASS))
    if "nginx" in named or any(key.startswith(NGINX) for key in annotations):
        return Controller.NGINX
    if "traefik" in named or any(key.startswith(TRAEFIK) for key in annotations):
        return Controller.TRAEFIK
    return Controller.OTHER


def _ingress(body: Manifest, objects: Objects) -> Iterator[PlainRoute]:
    spec, namespace = mapping(body.get("spec")), namespace_of(body)
    controller = controller_of(body)
    annotations = mapping(body["metadata"].get("annotations"))
    names = middlewares_of_ingress(body)
    tls_hosts = [host for one in map(mapping, sequence(spec.get("tls"))) for host in sequence(one.get("hosts"))]
    has_tls = bool(sequence(spec.get("tls"))) or text(annotations.get(f"{TRAEFIK}router.tls")) == "true"
    for number, rule in enumerate(map(mapping, sequence(spec.get("rules")))):
        host = text(rule.get("host"))
        for index, path in enumerate(map(mapping, sequence(mapping(rule.get("http")).get("paths")))):
            where = f"spec.rules[{number}].http.paths[{index}]"
            service = mapping(mapping(path.get("backend")).get("service"))
            port = mapping(service.get("port"))
            if not service:
                continue
            found = _ingress_path(controller, path, annotations)
            if found is None:
                continue
            prefix, by_segment, exact, effect, loses = found
            if controller is Controller.TRAEFIK:
                effect = effect_of(names, prefix, objects)
            secret = {"hosts": tls_hosts} if has_tls else None
            yield PlainRoute(
                body,
                f"{where}.path" if "path" in path else where,
                controller,
                host,
                prefix,
                by_segment,
                exact,
                text(service.get("name")),
                port.get("number", port.get("name")),
                namespace,
                f"{where}.backend.service",
                effect,
                names,
                tls=secret,
                loses_path=loses,
            )


def middlewares_of_ingress(body: Manifest) -> tuple[tuple[str, str], ...]:
    """Return namespace and name of the Middlewares that an Ingress names, as `NAMESPACE-NAME@kubernetescrd`."""
    annotations, namespace = mapping(body["metadata"].get("annotations")), namespace_of(body)
    found = []
    for one in text(annotations.get(f"{TRAEFIK}router.middlewares")).split(","):
        name, _, provider = one.strip().partition("@")
        if not name:
            continue
        if provider == "kubernetescrd" and name.startswith(f"{namespace}-"):
            found.append((namespace, name.removeprefix(f"{namespace}-")))
        else:
            found.append(("", one.strip()))  # of another namespace or provider
    return tuple(found)


def _ingress_path(
    controller: Controller, path: Mapping[str, Any], annotations: Mapping[str, Any]
) -> tuple[str, bool, bool, Effect, bool] | None:
    """Return prefix, whether it ends at segments, whether it is exact, the effect, and whether the path is lost."""
    value, kind = text(path.get("path")) or "/", text(path.get("pathType"))
    exact = kind == "Exact"
    if controller is not Controller.NGINX:
        if not value.startswith("/"):
            return None
        # Traefik writes PathPrefix, which compares characters (v3.7.13, unless strictPrefixMatching is set).
        by_segment = exact or value.endswith("/") or controller is not Controller.TRAEFIK
        return value.rstrip("/") or "/", by_segment, exact, Effect(), False
    target = text(annotations.get(f"{NGINX}rewrite-target"))
    regex = bool(target and "$" in target) or text(annotations.get(f"{NGINX}use-regex")) == "true"
    if not regex:
        prefix = value.rstrip("/") or "/"
        loses = bool(target) and prefix not in {"/", target.rstrip("/")}
        return prefix, True, exact, Effect(), loses
    literal = _LITERAL.match(value)
    base = "" if literal is None else literal.group()
    prefix, rest = base.rstrip("/") or "/", value[len(base) :]
    if base.endswith("/") and not rest.startswith("?"):
        by_segment = True
    else:
        by_segment = rest == "" or rest.startswith(("(/|$)", "($|/)", "(?:/|$)"))
    if not target:
        return prefix, by_segment, False, Effect(), False
    effect = Effect()
    if "$" not in target:
        return prefix, by_segment, False, effect, prefix != "/"
    if "(" not in rest:
        return prefix, by_segment, False, effect, True
    kept = target.partition("$")[0].rstrip("/")
    if kept == prefix.rstrip("/"):
        return prefix, by_segment, False, effect, False
    effect.stripped = prefix if not kept and prefix != "/" else ""
    effect.sure = not kept
    return prefix, by_segment, False, effect, False


def _http_route(body: Manifest) -> Iterator[PlainRoute]:
    spec, namespace = mapping(body.get("spec")), namespace_of(body)
    hosts = [text(host) for host in sequence(spec.get("hostnames"))] or [""]
    for number, rule in enumerate(map(mapping, sequence(spec.get("rules")))):
        backends = [mapping(one) for one in sequence(rule.get("backendRefs"))]
        backend: Mapping[str, Any] = backends[0] if backends else {}
        matches = [mapping(one) for one in sequence(rule.get("matches"))] or [{}]
        for index, match in enumerate(matches):
            path = mapping(match.get("path"))
            value, kind = text(path.get("value")) or "/", text(path.get("type")) or "PathPrefix"
            if kind not in {"PathPrefix", "Exact"}:
                continue
            prefix = value.rstrip("/") or "/"
            where = f"spec.rules[{number}].matches[{index}].path.value"
            effect, loses = _filters(rule, prefix)
            for host in hosts:
                yield PlainRoute(
                    body,
                    where if path else f"spec.rules[{number}]",
                    Controller.GATEWAY,
                    host,
                    prefix,
                    True,
                    kind == "Exact",
                    text(backend.get("name")),
                    backend.get("port"),
                    text(backend.get("namespace")) or namespace,
                    f"spec.rules[{number}].backendRefs[0]",
                    effect,
                    loses_path=loses,
                    rule=rule,
                    rule_field=f"spec.rules[{number}]",
                    path_value=text(path.get("value")),
                )


def _filters(rule: Mapping[str, Any], prefix: str) -> tuple[Effect, bool]:
    effect = Effect()
    for one in map(mapping, sequence(rule.get("filters"))):
        rewrite = mapping(mapping(one.get("urlRewrite")).get("path"))
        if text(rewrite.get("type")) == "ReplaceFullPath":
            return effect, prefix != "/"
        if text(rewrite.get("type")) == "ReplacePrefixMatch" and prefix != "/":
            replacement = text(rewrite.get("replacePrefixMatch"))
            if replacement.strip("/") == "":
                effect.stripped = prefix
            elif replacement.rstrip("/") != prefix:
                effect.sure = False
        if mapping(one.get("requestRedirect")).get("scheme") == "https":
            effect.redirects_to_https = True
        if one.get("type") == "ExtensionRef":
            effect.sure = False
    return effect, False
