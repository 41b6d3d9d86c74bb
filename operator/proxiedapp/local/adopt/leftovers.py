"""What plain routes and Services contain for which a ProxiedApp has no field: all of it is reported. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.adopt.adoption import Adoption
from proxiedapp.local.plain.objects import Objects, mapping, name_of, namespace_of, sequence, text
from proxiedapp.local.plain.route import TRAEFIK, PlainRoute

_NO_FIELD: Final = "A ProxiedApp has no field for it."
_UNREAD: Final = "Which paths of which hosts it matches cannot be determined. Check whether the app needs them."
_NARROWING: Final = re.compile(
    r"\b(ClientIP|Header|HeaderRegexp|HostRegexp|Method|PathRegexp|Query|QueryRegexp)\(|!", re.IGNORECASE
)
_INGRESS_ROUTE: Final = frozenset({"entryPoints", "ingressClassName", "routes", "tls"})
_RULE: Final = frozenset({"kind", "match", "middlewares", "priority", "services"})
_SERVICE: Final = frozenset({"kind", "name", "namespace", "port", "sticky"})
_TLS: Final = frozenset({"certResolver", "domains", "options", "secretName"})
_HTTP_RULE: Final = frozenset({"backendRefs", "filters", "matches", "name"})
_BACKEND: Final = frozenset({"group", "kind", "name", "namespace", "port", "weight"})
_ANNOTATIONS: Final = frozenset(
    f"{TRAEFIK}router.{name}" for name in ("entrypoints", "middlewares", "tls", "tls.certresolver", "tls.options")
)
_ISSUERS: Final = frozenset({"cert-manager.io/issuer", "cert-manager.io/cluster-issuer"})


def leave_of_routes(objects: Objects, leading: Collection[PlainRoute], adoption: Adoption) -> None:
    """Report what is in the routes that lead to the Services of a workload, and in no field of its spec.

    `leading` are those of their rules that can be read.
    """
    services = {(one.service_namespace, one.service) for one in leading}
    read = {(id(one.body), one.where.partition("]")[0]) for one in leading}
    for body in objects.all("IngressRoute"):
        for where, rule in _rules(body, "spec.routes", services, "services"):
            _of_rule(body, rule, adoption, read=(id(body), where) in read)
    for body in objects.all("HTTPRoute"):
        for where, rule in _rules(body, "spec.rules", services, "backendRefs"):
            _of_http_rule(body, rule, adoption, read=(id(body), where) in read)
    for body in {id(one.body): one.body for one in leading}.values():
        _of_object(body, adoption)


def leave_of_service(service: Manifest, leading: Collection[PlainRoute], adoption: Adoption) -> None:
    """Report what is in a Service and in no field of the spec."""
    spec, name = mapping(service.get("spec")), f"Service {name_of(service)}"
    if spec.get("type", "ClusterIP") != "ClusterIP":
        why = "The proxy is the way in; create a second Service with the labels of the new pods if you need this type."
        adoption.leave(f"{name}: type {spec['type']}", why)
    if spec.get("sessionAffinity", "None") != "None":
        adoption.leave(f"{name}: sessionAffinity", "Use route.sticky for sessions.")
    ports = [mapping(one) for one in sequence(spec.get("ports"))]
    used = {one.port for one in leading if one.service == name_of(service)}
    for port in ports if len(ports) > 1 else ():
        if not used & {port.get("port"), port.get("name")}:
            why = "The Service of the app has one port; create a second Service with the labels of the new pods."
            adoption.leave(f"{name}: port {port.get('name') or port.get('port')}", why)
    for key in mapping(service["metadata"].get("annotations")):
        if key.startswith(TRAEFIK):
            adoption.leave(f"{name}: {key}", _NO_FIELD)


def _rules(
    body: Manifest, field: str, services: Collection[tuple[str, str]], backends: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rules of a route that lead to one of the Services, each with its place as far as its number."""
    rules = sequence(mapping(body.get("spec")).get(field.removeprefix("spec.")))
    for number, rule in enumerate(map(mapping, rules)):
        named = (mapping(one) for one in sequence(rule.get(backends)))
        if any((text(one.get("namespace")) or namespace_of(body), text(one.get("name"))) in services for one in named):
            yield f"{field}[{number}", rule


def _of_rule(body: Manifest, rule: Mapping[str, Any], adoption: Adoption, *, read: bool) -> None:
    name, match = f"IngressRoute {name_of(body)}", text(rule.get("match"))
    if not read:
        adoption.leave(f"{name}: rule {match}", _UNREAD)
    elif _NARROWING.search(match):
        adoption.leave(f"{name}: rule {match}", "An app gets all requests for its hosts and its prefix.")
    _leave_keys(f"{name}: routes", rule, _RULE, adoption)
    for service in map(mapping, sequence(rule.get("services"))):
        _leave_keys(f"{name}: services", service, _SERVICE, adoption)
        if text(service.get("kind")) == "TraefikService":
            adoption.leave(f"{name}: TraefikService {text(service.get('name'))}", _NO_FIELD)


def _of_http_rule(body: Manifest, rule: Mapping[str, Any], adoption: Adoption, *, read: bool) -> None:
    name = f"HTTPRoute {name_of(body)}"
    paths = [mapping(mapping(one).get("path")) for one in sequence(rule.get("matches"))]
    for path in paths:
        if not read or path.get("type") == "RegularExpression":
            adoption.leave(f"{name}: path {text(path.get('value'))}", _UNREAD)
    _leave_keys(f"{name}: rules", rule, _HTTP_RULE, adoption)
    for backend in map(mapping, sequence(rule.get("backendRefs"))):
        _leave_keys(f"{name}: backendRefs", backend, _BACKEND, adoption)
    for one in map(mapping, sequence(rule.get("filters"))):
        if "hostname" in mapping(one.get("urlRewrite")):
            adoption.leave(f"{name}: urlRewrite.hostname", "The app gets the host that the client requested.")
        changes = mapping(one.get("requestHeaderModifier"))
        for header in (mapping(each) for kind in ("set", "add") for each in sequence(changes.get(kind))):
            if text(header.get("name")).lower() != "x-forwarded-prefix":
                adoption.leave(f"{name}: request header {text(header.get('name'))}", _NO_FIELD)
        for removed in sequence(changes.get("remove")):
            adoption.leave(f"{name}: removal of the request header {text(removed)}", _NO_FIELD)


def _of_object(body: Manifest, adoption: Adoption) -> None:
    spec, name = mapping(body.get("spec")), f"{body['kind']} {name_of(body)}"
    if body["kind"] == "IngressRoute":
        _leave_keys(name, spec, _INGRESS_ROUTE, adoption)
        _leave_keys(f"{name}: tls", mapping(spec.get("tls")), _TLS, adoption)
    if body["kind"] != "Ingress":
        return
    for each in map(mapping, sequence(spec.get("tls"))[1:]):
        if each.get("secretName") != mapping(sequence(spec["tls"])[0]).get("secretName"):
            adoption.leave(f"{name}: tls secret {text(each.get('secretName'))}", "An app has one certificate.")
    if "defaultBackend" in spec:
        adoption.leave(f"{name}: defaultBackend", _NO_FIELD)
    for key in mapping(body["metadata"].get("annotations")):
        if key.startswith((TRAEFIK, "cert-manager.io/")) and key not in _ANNOTATIONS | _ISSUERS:
            adoption.leave(f"{name}: {key}", _NO_FIELD)


def _leave_keys(what: str, given: Iterable[str], known: Collection[str], adoption: Adoption) -> None:
    for key in given:
        if key not in known:
            adoption.leave(f"{what}.{key}" if ": " in what else f"{what}: {key}", _NO_FIELD)
