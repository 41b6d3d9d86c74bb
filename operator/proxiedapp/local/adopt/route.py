"""The fields of a route in a spec, from the plain routes that lead to a workload. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from proxiedapp.api.addresses import is_ip_or_network
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.adopt.adoption import Adoption
from proxiedapp.local.plain.objects import mapping, name_of, namespace_of, sequence, text
from proxiedapp.local.plain.route import CLASS, NGINX, TRAEFIK, Controller, PlainRoute
from proxiedapp.local.plain.workload import Workload
from proxiedapp.servers.server import Role

_CERT_MANAGER: Final = "cert-manager.io/"
_TOOLS: Final = ("kubectl.kubernetes.io/", "meta.helm.sh/", "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/")
"""Annotations by which tools track the objects that they apply."""
_NGINX_FIXES: Final[Mapping[str, str]] = {
    "rewrite-target": "",
    "use-regex": "",
    "ssl-redirect": "",
    "force-ssl-redirect": "",
    "affinity": "",
    "session-cookie-name": "",
    "proxy-body-size": "Traefik has no limit by default; a Middleware with buffering.maxRequestBodyBytes sets one.",
    "proxy-read-timeout": "Traefik has no such limit on answers by default.",
    "proxy-send-timeout": "Traefik has no such limit by default.",
    "proxy-buffering": "Traefik does not buffer by default.",
    "whitelist-source-range": "Create a Middleware with ipAllowList, and name it in route.middlewares.",
    "auth-url": "Create a Middleware with forwardAuth, and name it in route.middlewares.",
    "auth-type": "Create a Middleware with basicAuth, and name it in route.middlewares.",
    "limit-rps": "Create a Middleware with rateLimit, and name it in route.middlewares.",
    "enable-cors": "Create a Middleware with headers, or use CORSMiddleware in the app.",
    "app-root": "Create a Middleware with redirectRegex, and name it in route.middlewares.",
}
"""What replaces each annotation of ingress-nginx; empty if the route itself carries it over."""


def choose(routes: Sequence[PlainRoute], adoption: Adoption) -> list[PlainRoute]:
    """Return the routes of one prefix: the one with the most rules, and of several such the first."""
    usable = [route for route in routes if not route.exact or _has_sibling(route, routes)]
    for route in routes:
        if route not in usable:
            why = "It matches exactly one path; a ProxiedApp serves a prefix with all paths below it."
            adoption.leave(f"{route.name}: {route.address}", why)
    prefixes = [route.prefix for route in usable]
    if not prefixes:
        return []
    chosen = max(dict.fromkeys(prefixes), key=lambda prefix: (prefix != "/", prefixes.count(prefix)))
    for route in usable:
        if route.prefix != chosen:
            why = "An app has one prefix: write another ProxiedApp for this one."
            adoption.leave(f"{route.name}: {route.address}", why)
    return [route for route in usable if route.prefix == chosen]


def _has_sibling(route: PlainRoute, routes: Sequence[PlainRoute]) -> bool:
    return any(not one.exact and (one.host, one.prefix) == (route.host, route.prefix) for one in routes)


def route_fields(routes: Sequence[PlainRoute], workload: Workload, adoption: Adoption) -> Manifest:
    """Return `spec.route` for routes of one prefix."""
    fields: Manifest = {}
    hosts = [host for host in dict.fromkeys(route.host for route in routes) if host]
    if hosts and all(route.host for route in routes):
        fields["hosts"] = hosts
    prefix = routes[0].prefix
    if prefix != "/":
        fields["pathPrefix"] = prefix
    points = list(dict.fromkeys(point for route in routes for point in route.entry_points))
    if points:
        fields["entryPoints"] = points
    for body in {id(route.body): route.body for route in routes}.values():
        match body["kind"]:
            case "IngressRoute":
                _ingress_route(body, fields, adoption)
            case "Ingress":
                _ingress(body, fields, adoption)
            case _:
                _http_route(body, fields, adoption)
    if middlewares := _middlewares(routes, adoption):
        fields["middlewares"] = middlewares
    if any(route.effect.redirects_to_https for route in routes):
        fields["redirectToHTTPS"] = True
    for route in routes:
        _leave_of_rule(route, workload, adoption)
    return fields


def _middlewares(routes: Sequence[PlainRoute], adoption: Adoption) -> list[Manifest]:
    found: dict[str, None] = {}
    for route in routes:
        missing = [one for one in route.effect.missing if "@" not in one[1]]
        for namespace, name in (*route.effect.others, *missing):
            if namespace == namespace_of(route.body):
                found[name] = None
            else:
                adoption.leave(f"{route.name}: Middleware {namespace}/{name}", "Create it in the namespace of the app.")
        for _, name in route.effect.missing:
            if "@" in name:
                why = (
                    "References to other providers could be those of other teams; create a Middleware in the namespace."
                )
                adoption.leave(f"{route.name}: Middleware {name}", why)
    return [{"name": name} for name in found]


def _leave_of_rule(route: PlainRoute, workload: Workload, adoption: Adoption) -> None:
    if route.priority:
        why = "The operator computes priorities, so that no app takes requests of another one."
        adoption.leave(f"{route.name}: priority {route.priority}", why)
    if not route.by_segment and route.prefix != "/":
        why = (
            f"Requests for {route.prefix}x and the like no longer reach the app: rules of the operator end at segments."
        )
        adoption.leave(f"{route.name}: {route.address}", why)
    kept = route.strips is False and route.prefix != "/" and workload.server is not None
    if kept and workload.given(Role.ROOT_PATH) is None:
        why = (
            f"The proxy keeps {route.prefix} and the server gets no root path, so the app's own routes contain it. "
            "Remove it from the code: the operator configures the root path, and requests reach the app without it."
        )
        adoption.leave(f"{route.name}: {route.prefix} in the app's routes", why)
    elif route.strips is None and route.controller is not Controller.OTHER:
        adoption.leave(
            f"{route.name}: changes of the path", "Check what they do: the app gets its paths without the prefix."
        )


def _ingress_route(body: Manifest, fields: Manifest, adoption: Adoption) -> None:
    spec = mapping(body.get("spec"))
    if spec.get("tls") is not None:
        tls = {
            name: value
            for name, value in mapping(spec["tls"]).items()
            if name in {"secretName", "certResolver", "domains"} and value
        }
        options = mapping(mapping(spec["tls"]).get("options"))
        if text(options.get("namespace")) in {"", namespace_of(body)} and options.get("name"):
            tls["options"] = {"name": options["name"]}
        elif options:
            adoption.leave(
                f"IngressRoute {name_of(body)}: tls.options", "Create the TLSOption in the namespace of the app."
            )
        fields["tls"] = tls
    if text(spec.get("ingressClassName")):
        fields["ingressClassName"] = spec["ingressClassName"]
    for rule in map(mapping, sequence(spec.get("routes"))):
        services = [mapping(one) for one in sequence(rule.get("services"))]
        if len(services) > 1:
            why = "A ProxiedApp has one Service; use two apps and a TraefikService of your own for weights."
            adoption.leave(f"IngressRoute {name_of(body)}: several services", why)
        if services and mapping(mapping(services[0].get("sticky")).get("cookie")):
            fields["sticky"] = {"cookie": _cookie(mapping(mapping(services[0]["sticky"])["cookie"]))}
    _annotations(body, fields)


def _cookie(cookie: Mapping[str, Any]) -> Manifest:
    found: Manifest = {name: cookie[name] for name in ("name", "secure", "httpOnly") if name in cookie}
    if text(cookie.get("sameSite")):
        found["sameSite"] = text(cookie["sameSite"]).capitalize()
    if isinstance(cookie.get("maxAge"), int) and cookie["maxAge"] > 0:
        found["maxAgeSeconds"] = cookie["maxAge"]
    return found


def _ingress(body: Manifest, fields: Manifest, adoption: Adoption) -> None:
    spec, annotations = mapping(body.get("spec")), mapping(body["metadata"].get("annotations"))
    name = f"Ingress {name_of(body)}"
    _ingress_tls(spec, annotations, fields)
    if points := text(annotations.get(f"{TRAEFIK}router.entrypoints")):
        fields["entryPoints"] = [point.strip() for point in points.split(",") if point.strip()]
    if text(annotations.get(f"{TRAEFIK}router.tls.options")):
        adoption.leave(f"{name}: tls.options", "Name the TLSOption in route.tls.options.")
    named = text(spec.get("ingressClassName")) or text(annotations.get(CLASS))
    if "nginx" in named or any(key.startswith(NGINX) for key in annotations):
        why = (
            "Traefik serves the ProxiedApp, not nginx: change DNS or the load balancer in the switch, as the steps say."
        )
        adoption.leave(f"{name}: ingress class {named or 'nginx'}", why)
        _nginx(name, annotations, fields, adoption)
    elif named and named != "traefik":
        fields["ingressClassName"] = named
    _annotations(body, fields)


def _ingress_tls(spec: Mapping[str, Any], annotations: Mapping[str, Any], fields: Manifest) -> None:
    tls = [mapping(one) for one in sequence(spec.get("tls"))]
    issuer = {"issuer": "Issuer", "cluster-issuer": "ClusterIssuer"}
    found: Manifest = {}
    if tls and text(tls[0].get("secretName")):
        found["secretName"] = tls[0]["secretName"]
    for key, kind in issuer.items():
        if value := text(annotations.get(f"{_CERT_MANAGER}{key}")):
            found["issuerRef"] = {"name": value, "kind": kind}
    if resolver := text(annotations.get(f"{TRAEFIK}router.tls.certresolver")):
        found = {"certResolver": resolver}
    if tls or found or text(annotations.get(f"{TRAEFIK}router.tls")) == "true":
        fields["tls"] = found


def _nginx(name: str, annotations: Mapping[str, Any], fields: Manifest, adoption: Adoption) -> None:
    given = {key.removeprefix(NGINX): text(value) for key, value in annotations.items() if key.startswith(NGINX)}
    if ("tls" in fields and given.get("ssl-redirect", "true") == "true") or given.get("force-ssl-redirect") == "true":
        fields["redirectToHTTPS"] = True  # nginx redirects by default if the Ingress has TLS
    if given.get("affinity") == "cookie":
        cookie = given.get("session-cookie-name", "")
        fields["sticky"] = {"cookie": {"name": cookie} if cookie else {}}
    for key in given:
        why = _NGINX_FIXES.get(key, "It has no counterpart that can be derived; look for a Middleware of Traefik.")
        if why:
            adoption.leave(f"{name}: {NGINX}{key}", why)


def _annotations(body: Manifest, fields: Manifest) -> None:
    """Carry over annotations for other controllers, such as external-dns."""
    known = (NGINX, TRAEFIK, _CERT_MANAGER, CLASS, *_TOOLS)
    found = {
        key: value
        for key, value in mapping(body["metadata"].get("annotations")).items()
        if not key.startswith(known) and isinstance(value, str)
    }
    if found:
        fields["annotations"] = {**fields.get("annotations", {}), **found}


def _http_route(body: Manifest, fields: Manifest, adoption: Adoption) -> None:
    spec, name = mapping(body.get("spec")), f"HTTPRoute {name_of(body)}"
    fields["parentRefs"] = _parents(body, name, adoption)
    for rule in map(mapping, sequence(spec.get("rules"))):
        for match in map(mapping, sequence(rule.get("matches"))):
            if any(match.get(key) for key in ("headers", "queryParams", "method")):
                adoption.leave(
                    f"{name}: matches by headers, query or method", "A ProxiedApp gets all requests of its prefix."
                )
        for one in map(mapping, sequence(rule.get("filters"))):
            if one.get("type") not in {"URLRewrite", "RequestHeaderModifier"}:
                adoption.leave(f"{name}: filter {one.get('type')}", "A ProxiedApp has no field for it.")
        if len(sequence(rule.get("backendRefs"))) > 1:
            adoption.leave(f"{name}: several backendRefs", "A ProxiedApp has one Service.")
    _annotations(body, fields)


def _parents(body: Manifest, name: str, adoption: Adoption) -> list[Manifest]:
    """Return the Gateways of an HTTPRoute, each once; by default they are in its own namespace."""
    found: dict[tuple[str, str], Manifest] = {}
    for one in map(mapping, sequence(mapping(body.get("spec")).get("parentRefs"))):
        if one.get("kind", "Gateway") != "Gateway":
            adoption.leave(f"{name}: parentRef {one.get('kind')}", "A ProxiedApp is served by Gateways.")
            continue
        key = (text(one.get("namespace")) or namespace_of(body), text(one.get("name")))
        chosen = {field: one[field] for field in ("sectionName", "port") if field in one and key not in found}
        for field in ("sectionName", "port"):
            if field in found.get(key, ()):
                why = f"A ProxiedApp names a Gateway once; without {field}, all listeners that allow the app serve it."
                adoption.leave(f"{name}: {field}", why)
        found[key] = {"name": key[1], "namespace": key[0], **chosen}
    return [*found.values()]


def proxy_fields(workload: Workload, adoption: Adoption) -> Manifest:
    """Return `spec.proxy`, if the trusted proxies that the server is given can be carried over."""
    given = workload.given(Role.TRUST)
    if given is None or not given.value.known:
        return {}
    listed = [part.strip() for part in given.value.text.split(",") if part.strip()]
    networks = [one for one in listed if is_ip_or_network(one) and one not in {"127.0.0.1", "::1"}]
    if "*" in listed:
        why = (
            "The operator's setting is used. * trusts all clients that reach the pod, and requires proxy.isolate: true."
        )
        adoption.leave(f"{given.source}: *", why)
        return {}
    return {"proxy": {"trustedProxies": networks}} if networks else {}
