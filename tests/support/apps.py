"""Specs and apps for tests: as little as is valid, and what the test is about."""

from typing import Any, Final

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.key import Key
from proxiedapp.resources.defaults import Defaults, PodSelector
from proxiedapp.routing.entrypoints import EntryPoints

PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""The proxies that are trusted by default."""

ENTRY_POINTS: Final = EntryPoints(("web", "websecure"), {"web": "http://*", "websecure": "https://*"})

PROXY: Final = PodSelector("traefik", {"app.kubernetes.io/name": "traefik"})
"""The proxy's pods, as in Traefik's own chart."""

MONITORING: Final = PodSelector("monitoring", {"app.kubernetes.io/name": "prometheus"})
"""The pods that read metrics, as in the Prometheus operator's own chart."""

DEFAULTS: Final = Defaults(entry_points=ENTRY_POINTS, trusted_proxies=PRIVATE, proxy=PROXY, monitoring=MONITORING)
"""The defaults of the operator's settings, except for those that say which pods belong to the proxy."""


def a_spec(prefix: str | None = "/api/v1", **fields: Any) -> dict[str, Any]:
    """Write a spec as JSON values; `fields` in camelCase, `route` added to the prefix."""
    route = ({} if prefix is None else {"pathPrefix": prefix}) | fields.pop("route", {})
    runs = fields.keys() & {"command", "args", "server"}
    command = {} if runs else {"command": ["uvicorn", "main:app"]}
    return {"image": "shop:1", **command, "route": route, **fields}


def spec_of(prefix: str | None = "/api/v1", **fields: Any) -> ProxiedAppSpec:
    return parse_spec(a_spec(prefix, **fields))


def an_app(
    name: str = "shop", prefix: str | None = "/api/v1", *, namespace: str = "default", **fields: Any
) -> ProxiedApp:
    return ProxiedApp(Key(namespace, name), spec_of(prefix, **fields))
