"""Advice on the codes of plain Deployments and their routes; the examples are the lines that matter. Pure."""

from collections.abc import Mapping
from typing import Final

from proxiedapp.local.codes.advice import Advice
from proxiedapp.local.problem import Code

ADVICE: Final[Mapping[Code, Advice]] = {
    Code.STRIP_MISMATCH: Advice(
        "Choose a server that fits the route, or change the Middleware. "
        "[Prefix, strip mode and root path](../../concepts/prefix.md) has the pairs.",
        'command: [hypercorn, --root-path, /api, "main:app"] # behind a Middleware stripPrefix',
        'command: [uvicorn, --root-path, /api, "main:app"] # or no stripPrefix',
    ),
    Code.ROOT_PATH_MISSING: Advice(
        "Give the server the prefix as its root path.",
        'command: [uvicorn, "main:app"] # behind a Middleware stripPrefix with /api',
        'command: [uvicorn, --root-path, /api, "main:app"]',
    ),
    Code.ROOT_PATH_DIFFERS: Advice(
        "Use the same prefix in the route and in the command.",
        'command: [uvicorn, --root-path, /api/v1, "main:app"] # the route strips /api',
        'command: [uvicorn, --root-path, /api, "main:app"]',
    ),
    Code.ROOT_PATH_IGNORED: Advice(
        "Use a server that reads the option, such as uvicorn, which has `--workers`, too.",
        'command: [gunicorn, -k, uvicorn.workers.UvicornWorker, --root-path, /api, "main:app"]',
        'command: [uvicorn, --workers, "4", --root-path, /api, "main:app"]',
    ),
    Code.ROOT_PATH_IN_CODE: Advice(
        "Remove `root_path` from the code, and give it to the server.",
        'app = FastAPI(root_path="/api") # behind a Middleware stripPrefix with /api',
        "app = FastAPI() # and uvicorn --root-path /api",
    ),
    Code.PREFIX_BOUNDARY: Advice(
        "End the rule at a path segment.",
        "match: PathPrefix(`/api`)",
        "match: Path(`/api`) || PathPrefix(`/api/`)",
    ),
    Code.PATH_LOST: Advice(
        "Keep what follows the prefix when the path is rewritten.",
        "path: /api # with nginx.ingress.kubernetes.io/rewrite-target: /",
        "path: /api(/|$)(.*) # with nginx.ingress.kubernetes.io/rewrite-target: /$2",
    ),
    Code.RULE_INVALID: Advice(
        "Write the rule in the syntax of Traefik 3: each matcher takes one value.",
        "match: Host(`a.test`, `b.test`)",
        "match: Host(`a.test`) || Host(`b.test`)",
    ),
    Code.ROUTE_TWICE: Advice(
        "Remove one of the two routes, or give them different paths, hosts or priorities.",
        "match: PathPrefix(`/api/`) # in two IngressRoutes",
        "match: PathPrefix(`/api/`) # in one, and PathPrefix(`/admin/`) in the other",
    ),
    Code.TRUST_MISSING: Advice(
        "Trust the network of the proxy's pods: [Trusted proxies](../../concepts/trust.md).",
        "env: [] # uvicorn trusts only loopback",
        "env: [{name: FORWARDED_ALLOW_IPS, value: 10.42.0.0/16}] # the network of the proxy's pods",
    ),
    Code.TRUST_EVERYONE: Advice(
        "Trust the proxy alone, or add a NetworkPolicy that admits only the proxy.",
        'env: [{name: FORWARDED_ALLOW_IPS, value: "*"}] # without a NetworkPolicy',
        "env: [{name: FORWARDED_ALLOW_IPS, value: 10.42.0.0/16}]",
    ),
    Code.LOOPBACK_ONLY: Advice(
        "Listen on all addresses of the pod.",
        'command: [uvicorn, "main:app"] # uvicorn listens on 127.0.0.1 by default',
        'command: [uvicorn, --host, 0.0.0.0, "main:app"]',
    ),
    Code.PORT_MISMATCH: Advice(
        "Use the same port in the command, the container, the Service and the route; a name is safer than a number.",
        "targetPort: 8080 # of the Service; the container has containerPort: 8000",
        "targetPort: http # of the Service; the container has {name: http, containerPort: 8000}",
    ),
    Code.REFERENCE_MISSING: Advice(
        "Write the name or the labels exactly as in the other object.",
        "selector: {app: shops} # of the Service; the pods have app: shop",
        "selector: {app: shop}",
    ),
    Code.CROSS_NAMESPACE: Advice(
        "Copy the Middleware into the namespace of the route.",
        "middlewares: [{name: strip, namespace: shared}]",
        "middlewares: [{name: strip}]",
    ),
}
