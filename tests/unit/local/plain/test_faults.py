"""`check` finds the faults of plain manifests at their lines, and nothing in manifests that are right.

Each faulty case changes a few lines of a set that is right; @@ stands where the problem must be reported.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxiedapp.local.check import check
from proxiedapp.local.problem import Problem
from proxiedapp.local.yamlsource import Position
from proxiedapp.process.settings import Settings

DATA = Path(__file__).parent / "data"
GOOD = sorted(DATA.glob("*.yaml"))
DEFAULTS = Settings().defaults
MARK = "@@"

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: web
          image: registry.test/orders:1
          command:
            - uvicorn
            - main:app
          args:
            - --host=0.0.0.0
            - --port=8000
            - --root-path=/api
          env:
            - name: FORWARDED_ALLOW_IPS
              value: 10.42.0.0/16
          ports:
            - {name: http, containerPort: 8000}
          readinessProbe:
            httpGet: {path: /healthz, port: http}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: http}
---
"""
INGRESS_ROUTE = """\
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: orders, namespace: shop}
spec:
  entryPoints: [websecure]
  routes:
    - kind: Rule
      match: Host(`orders.test`) && (Path(`/api`) || PathPrefix(`/api/`))
      middlewares:
        - name: strip
      services:
        - {name: orders, port: 80}
  tls: {secretName: orders-tls}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip, namespace: shop}
spec:
  stripPrefix: {prefixes: [/api]}
"""
NGINX = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: orders
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: /$2
spec:
  ingressClassName: nginx
  rules:
    - host: orders.test
      http:
        paths:
          - path: /api(/|$)(.*)
            pathType: ImplementationSpecific
            backend: {service: {name: orders, port: {number: 80}}}
"""
TRAEFIK_INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: orders
  namespace: shop
  annotations:
    traefik.ingress.kubernetes.io/router.middlewares: shop-strip@kubernetescrd
spec:
  ingressClassName: traefik
  rules:
    - host: orders.test
      http:
        paths:
          - path: /api
            pathType: Exact
            backend: {service: {name: orders, port: {name: http}}}
          - path: /api/
            pathType: Prefix
            backend: {service: {name: orders, port: {name: http}}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip, namespace: shop}
spec:
  stripPrefix: {prefixes: [/api]}
"""
HTTP_ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: orders, namespace: shop}
spec:
  parentRefs: [{name: gateway}]
  hostnames: [orders.test]
  rules:
    - matches:
        - path: {type: PathPrefix, value: /api}
      filters:
        - type: URLRewrite
          urlRewrite:
            path:
              type: ReplacePrefixMatch
              replacePrefixMatch: /
      backendRefs:
        - {name: orders, port: 80}
"""
ROUTES = {"traefik": INGRESS_ROUTE, "nginx": NGINX, "ingress": TRAEFIK_INGRESS, "gateway": HTTP_ROUTE}


@dataclass(frozen=True)
class Case:
    """A set of manifests with one fault."""

    title: str
    code: str
    route: str
    changes: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        text = DEPLOYMENT + ROUTES[self.route]
        for old, new in self.changes:
            assert text.count(old) >= 1, (self.title, old)
            text = text.replace(old, new, 1)
        return text


def cases() -> list[Case]:
    found = []
    for part in re.split(r"^=== ", (DATA / "faulty.txt").read_text(), flags=re.MULTILINE)[1:]:
        first, _, body = part.partition("\n")
        title, code, route = first.split(" | ")
        changes = re.findall(r"^<<<\n(.*?)\n--->\n(.*?)\n>>>$", body, re.MULTILINE | re.DOTALL)
        found.append(Case(title, code, route, tuple(changes)))
    return found


FAULTY = cases()
ROOT = "- --root-path=/api\n"


def problems(text: str) -> list[Problem]:
    return check({"set.yaml": text}, DEFAULTS).problems


@pytest.mark.parametrize("one", FAULTY, ids=lambda one: one.title)
def test_one_problem_is_reported_where_it_is(one: Case) -> None:
    before, mark, _ = one.text.partition(MARK)
    assert mark
    expected = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
    found = problems(one.text.replace(MARK, ""))
    assert [(each.code, each.position) for each in found] == [(one.code, expected)]
    assert not found[0].problem.endswith(".")
    assert not found[0].fix.endswith(".")
    assert found[0].fix


@pytest.mark.parametrize("route", ROUTES)
def test_sets_that_are_right_have_no_problem(route: str) -> None:
    assert problems(DEPLOYMENT + ROUTES[route]) == []


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_nothing_is_reported_in_manifests_of_real_shape(file: Path) -> None:
    assert [one.text for one in problems(file.read_text())] == []


def test_manifests_of_real_shape_are_many() -> None:
    assert len(GOOD) >= 30


def test_isolated_pods_may_trust_everyone() -> None:
    policy = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  podSelector: {matchLabels: {app: orders}}
  ingress: [{from: [{namespaceSelector: {matchLabels: {name: traefik}}}]}]
"""
    text = (DEPLOYMENT + INGRESS_ROUTE).replace("value: 10.42.0.0/16", "value: '*'") + policy
    assert problems(text) == []


def test_root_path_in_the_code_is_found_in_the_sources_of_the_app() -> None:
    text = (DEPLOYMENT + INGRESS_ROUTE).replace(ROOT, "- --workers=2\n")
    right = "from fastapi import FastAPI\napp = FastAPI()\n"
    wrong = 'import fastapi\napp = fastapi.FastAPI(\n    title="orders", root_path="/api")\n'
    sources = {"src/other.py": wrong, "src/main.py": wrong, "src/broken.py": "FastAPI(root_path="}
    (found,) = check({"set.yaml": text}, DEFAULTS, sources).problems
    assert (found.file, found.position, found.code) == ("src/main.py", Position(3, 31), "RootPathInCode")
    (found,) = check({"set.yaml": text}, DEFAULTS, {"src/main.py": right}).problems
    assert found.code == "RootPathMissing"


def test_same_root_path_in_code_and_command_is_right() -> None:
    wrong = 'from fastapi import FastAPI\napp = FastAPI(root_path="/api")\n'
    assert check({"set.yaml": DEPLOYMENT + INGRESS_ROUTE}, DEFAULTS, {"main.py": wrong}).problems == []


@pytest.mark.parametrize("junk", ["kind: Deployment\nmetadata: {name: [1]}\napiVersion: apps/v1\nspec: 3\n", "- 1\n"])
def test_objects_of_any_shape_are_read(junk: str) -> None:
    problems(f"{junk}---\n{DEPLOYMENT}")
