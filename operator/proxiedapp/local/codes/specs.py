"""Advice on the codes of ProxiedApps and of files; the examples are fields of a spec, or whole objects. Pure."""

from collections.abc import Mapping
from typing import Final

from proxiedapp.api.reasons import Reason
from proxiedapp.local.codes.advice import Advice
from proxiedapp.local.problem import Code

_POLICY: Final = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxyPolicy
metadata: {name: shops}
spec: {namespaces: {names: [team]}, allow: {pathPrefixes: [/shop]}}
"""
_INGRESS: Final = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: old, namespace: team}
spec:
  ingressClassName: traefik
  rules:
  - http:
      paths:
      - {path: %s, pathType: Prefix, backend: {service: {name: old, port: {number: 80}}}}
"""
_NAMED: Final = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {name: %s}
spec: {image: "shop:1", command: [uvicorn, "main:app"], route: {pathPrefix: /%s}}
"""

ADVICE: Final[Mapping[Code | Reason, Advice]] = {
    Code.UNREADABLE: Advice(
        "Correct the YAML at the position that is named. Render charts and patches, and check the result from standard "
        "input: `helm template ./chart | proxiedapp check -`.",
        "replicas: {{ .Values.replicas }}",
        "replicas: 2",
    ),
    Code.DUPLICATE_KEY: Advice("Remove one of the two.", "port: 8000\nport: 9000", "port: 9000"),
    Code.UNKNOWN_KIND: Advice(
        "Write `apiVersion: proxiedapp.dev/v1alpha1`, and `kind: ProxiedApp` or `kind: ProxyPolicy`.",
        (_NAMED % ("shop", "shop")).replace("v1alpha1", "v1"),
        _NAMED % ("shop", "shop"),
    ),
    Code.DUPLICATE_OBJECT: Advice(
        "Rename or remove one of the two, or put them into different namespaces.",
        f"{_NAMED % ('shop', 'a')}---\n{_NAMED % ('shop', 'b')}",
        f"{_NAMED % ('shop-a', 'a')}---\n{_NAMED % ('shop-b', 'b')}",
    ),
    Code.NO_EFFECT: Advice(
        "Remove the field, or set the field on which it depends; the message names it.",
        "route: {pathPrefix: /, stripPrefix: Always}",
        "route: {pathPrefix: /shop, stripPrefix: Always}",
    ),
    Code.PROBE_PREFIX: Advice(
        "Write the path as the app declares it, without the prefix: probes reach the pod directly.",
        "route: {pathPrefix: /shop}\nprobes: {readiness: {path: /shop/healthz}}",
        "route: {pathPrefix: /shop}\nprobes: {readiness: {path: /healthz}}",
    ),
    Reason.INVALID_SPEC: Advice(
        "Correct the field that is named. [The reference of the API](../api.md) lists what each field accepts.",
        "route: {pathPrefix: shop}",
        "route: {pathPrefix: /shop}",
    ),
    Reason.UNKNOWN_SERVER: Advice(
        "Write the command of the server itself, or name server and app, and the operator writes the command. Use "
        "`server.kind: other` for a program that reads its root path from `PROXIEDAPP_ROOT_PATH`.",
        "command: [python, main.py]",
        'server: {kind: uvicorn, app: "main:app"}',
    ),
    Reason.COMMAND_CONFLICT: Advice(
        "Remove the flag or variable, which the operator sets from the spec, or change the field that it contradicts.",
        'command: [uvicorn, --port, "9000", "main:app"]\nport: 8000',
        'command: [uvicorn, "main:app"]\nport: 9000',
    ),
    Reason.STRIP_MODE_REFUSED: Advice(
        "Remove `stripPrefix`: the operator chooses the strip mode that is right for the server.",
        'command: [granian, --interface, asgi, "main:app"]\n'
        "server: {adapter: Never}\nroute: {pathPrefix: /shop, stripPrefix: Always}",
        'command: [granian, --interface, asgi, "main:app"]\nroute: {pathPrefix: /shop}',
    ),
    Reason.CONFLICT: Advice(
        "Change the host or the prefix of one of the two apps. The older app keeps its route until then.",
        "route: {pathPrefix: /shop}\n---\nroute: {pathPrefix: /shop}",
        "route: {pathPrefix: /shop}\n---\nroute: {pathPrefix: /shop-admin}",
    ),
    Reason.NOT_ALLOWED: Advice(
        "Ask for what a policy allows, or ask who administers the cluster to allow it: "
        "[Policies](../../concepts/policy.md).",
        f"{_POLICY}---\nroute: {{pathPrefix: /orders}}",
        f"{_POLICY}---\nroute: {{pathPrefix: /shop}}",
    ),
    Reason.PROXY_UNKNOWN: Advice(
        "Set `PROXIEDAPP_PROXY_NAMESPACE` for the operator, or do not isolate: [Isolation](../../how-to/isolation.md).",
        "proxy: {isolate: true}",
        "proxy: {isolate: false}",
    ),
    Reason.LIMITED: Advice(
        "Do what the message proposes, such as to allow the adapter. [The table of servers](../../servers.md) shows "
        "what each server can do.",
        'command: [hypercorn, "main:app"]\nserver: {adapter: Never}',
        'command: [hypercorn, "main:app"]',
    ),
    Reason.OVERLAPPED: Advice(
        "Remove the other route, or move it to another host or path: "
        "[Which app is served where](../../concepts/route-keys.md).",
        f"{_INGRESS % '/shop/'}---\nroute: {{pathPrefix: /shop}}",
        f"{_INGRESS % '/old/'}---\nroute: {{pathPrefix: /shop}}",
    ),
    Reason.NOT_STICKY: Advice(
        "Set `route.sticky`, so that a client reaches the same pod each time, or run one pod.",
        'env: [{name: GRADIO_ANALYTICS_ENABLED, value: "False"}]\nreplicas: 2',
        'env: [{name: GRADIO_ANALYTICS_ENABLED, value: "False"}]\nreplicas: 2\n'
        "route: {pathPrefix: /shop, sticky: {cookie: {}}}",
    ),
    Reason.NOT_MONITORED: Advice(
        "Do what the message proposes: set where Prometheus runs, or do not isolate the app. "
        "[Metrics and alerts](../../how-to/monitoring.md).",
        "monitoring: {path: /metrics}\nproxy: {isolate: true}",
        "monitoring: {path: /metrics}",
    ),
}
