"""`adopt` reports all that plain objects have and a ProxiedApp has not, in sets of real shape."""

import yaml

from proxiedapp.local.adopt.adopt import adopt
from proxiedapp.local.adopt.adoption import Adoption
from proxiedapp.process.settings import Settings
from tests.support.each import each

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, annotations: {reloader.stakater.com/auto: "true", 7: x}}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - name: web
        image: shop:1
        command: [uvicorn, "main:app", --host, 0.0.0.0, --root-path, /shop]
        ports: [{name: http, containerPort: 8000}, {name: metrics, containerPort: 9090}]
      - {name: agent, image: "agent:1", ports: [{name: admin, containerPort: 7000}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop, annotations: {traefik.ingress.kubernetes.io/service.passhostheader: "false"}}
spec:
  selector: {app: shop}
  ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9090, targetPort: metrics}]
---
"""
STRIP = """\
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip}
spec: {stripPrefix: {prefixes: [/shop]}}
---
"""
CHAIN = """\
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: all}
spec: {chain: {middlewares: [{name: security}, {name: strip}]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: security}
spec: {headers: {stsSeconds: 31536000}}
---
"""
OF_ALL_SETS = ["annotation reloader.stakater.com/auto", "port metrics", "service.passhostheader"]

INGRESS_ROUTE = """\
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: %s}
spec:
  entryPoints: [websecure]
  routes:
  - {kind: Rule, match: %s, middlewares: [{name: all}], services: [{name: shop, port: 80%s}]}
  tls: {secretName: shop-tls%s}
---
"""
TWO_ROUTES = INGRESS_ROUTE % ("one", "'Host(`a.test`) && PathPrefix(`/shop/`)'", "", "") + INGRESS_ROUTE % (
    "two",
    "'Host(`b.test`) && PathPrefix(`/shop/`)'",
    ", weight: 3, serversTransport: slow, passHostHeader: false",
    ", store: {name: default}",
)
REGEX = INGRESS_ROUTE % ("one", "'Host(`a.test`) && PathPrefix(`/shop/`)'", "", "") + INGRESS_ROUTE % (
    "old",
    "'PathRegexp(`^/(old|v[0-9]+)/`)'",
    "",
    "",
)
NGINX = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: /$2
    nginx.ingress.kubernetes.io/server-snippet: return 418;
    cert-manager.io/cluster-issuer: letsencrypt
    cert-manager.io/duration: 2160h
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: shop, port: {name: http}}}
  tls: [{hosts: [a.test], secretName: a-tls}, {hosts: [b.test], secretName: b-tls}]
  rules:
  - host: a.test
    http:
      paths:
      - path: /shop(/|$)(.*)
        pathType: ImplementationSpecific
        backend: {service: {name: shop, port: {name: http}}}
"""
TRAEFIK = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    traefik.ingress.kubernetes.io/router.middlewares: default-strip@kubernetescrd
    traefik.ingress.kubernetes.io/router.priority: "42"
spec:
  ingressClassName: traefik
  rules:
  - http: {paths: [{path: /shop/, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}
"""
HTTP_ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: main}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /shop}}]
    filters:
    - {type: URLRewrite, urlRewrite: {hostname: inside.test, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}
    - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Team, value: a}], remove: [Cookie]}}
    timeouts: {request: 30s}
    backendRefs: [{name: shop, port: 80}]
  - matches: [{path: {type: RegularExpression, value: "/old/.*"}}]
    backendRefs: [{name: shop, port: 80}]
"""

SETS = {
    "two IngressRoutes with a chain": (
        STRIP + CHAIN + TWO_ROUTES,
        ["services.weight", "services.serversTransport", "services.passHostHeader", "tls.store"],
    ),
    "regular expression": (STRIP + CHAIN + REGEX, ["rule PathRegexp(`^/(old|v[0-9]+)/`)"]),
    "nginx": (NGINX, ["server-snippet", "tls secret b-tls", "defaultBackend", "cert-manager.io/duration"]),
    "Ingress of Traefik": (STRIP + TRAEFIK, ["router.priority"]),
    "HTTPRoute": (
        HTTP_ROUTE,
        ["urlRewrite.hostname", "header X-Team", "removal of the request header Cookie", "rules.timeouts", "/old/.*"],
    ),
}


def adopted(text: str) -> Adoption:
    (found,) = adopt(filter(None, yaml.safe_load_all(text)), Settings().defaults)
    return found


@each(SETS)
def test_what_has_no_field_is_in_the_report(name: str) -> None:
    """Regular expressions, other services' options, filters and annotations were dropped in silence."""
    text, expected = SETS[name]
    found = adopted(WORKLOAD + text)
    assert found.app["spec"]["route"]["pathPrefix"] == "/shop"
    report = [f"{one.what}: {one.why}" for one in found.left]
    missing = [word for word in OF_ALL_SETS + expected if not any(word in line for line in report)]
    assert missing == [], report


def test_hosts_and_middlewares_of_two_routes_are_carried_over() -> None:
    found = adopted(WORKLOAD + STRIP + CHAIN + TWO_ROUTES)
    route = found.app["spec"]["route"]
    assert route["hosts"] == ["a.test", "b.test"]
    assert route["middlewares"] == [{"name": "security"}]
    assert route["tls"]["secretName"] == "shop-tls"
    assert [one["name"] for one in found.app["spec"]["sidecars"]] == ["agent"]
