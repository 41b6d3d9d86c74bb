"""Run the matrix: apply all ProxiedApps at once, wait until they have settled, and run the checks."""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from proxiedapp_sandbox.gatewayapi import GATEWAY, GATEWAY_NAMESPACE
from tests.matrix.appclient import Cluster, EntryPoint, client
from tests.matrix.proxies import BY_GATEWAY, INGRESS_ROUTE, Proxy
from tests.matrix.rows import IMAGE, ROWS, UNTRUSTED_CLIENT, Role, Row, untrusted_client
from tests.matrix.scenarios import Outcome, run_checks
from tests.support.sandbox import Sandbox, eventually

IMAGES: Final = Path(__file__).parent / "images"
APP: Final = IMAGES / "app"

_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Result:
    """The outcomes of a row."""

    row: Row
    outcomes: tuple[Outcome, ...]
    limits: str
    """The limits that the ProxiedApp itself reports; empty if it reports none."""

    @property
    def wrong(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.wrong)


@dataclass
class Live:
    """A running matrix."""

    cluster: Cluster
    _results: dict[str, Result] = field(default_factory=dict)

    def result(self, row: Row) -> Result:
        """Run the checks of a row, once."""
        if row.id not in self._results:
            outcomes = tuple(run_checks(self.cluster, row))
            accepted = self.cluster.condition(row.app(Role.MAIN), "RouteAccepted")
            limits = accepted["message"] if accepted.get("reason") == "Limited" else ""
            self._results[row.id] = Result(row, outcomes, limits)
        return self._results[row.id]

    def results(self) -> tuple[Result, ...]:
        return tuple(self.result(row) for row in ROWS)


@dataclass(frozen=True)
class Settled:
    """The state of some ProxiedApps after their rollouts."""

    statuses: Mapping[str, Mapping[str, Any]]
    pods: Mapping[str, str]
    last_outputs: Mapping[str, str]
    """The last output of terminated containers, by app."""


class Network:
    """The pod network of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._config: dict[str, Any] = json.loads((sandbox.folder / "node.json").read_text())["network"]

    @cached_property
    def proxy(self) -> str:
        return str(self._config["gateway"])

    @cached_property
    def subnet(self) -> str:
        return str(ipaddress.ip_network(f"{self.proxy}/{self._config['prefix_length']}", strict=False))


def proxy_of(sandbox: Sandbox) -> Proxy:
    """Return the proxy of a sandbox."""
    gateway = sandbox.state["options"]["gateway"]
    return INGRESS_ROUTE if gateway is None else BY_GATEWAY[gateway]


def images_of(sandbox: Sandbox) -> Path:
    """Return the folder that a sandbox takes its images from."""
    return Path(sandbox.state["options"]["images"])


def add_image(sandbox: Sandbox, name: str, folder: Path) -> None:
    """Add a folder as an image to a running sandbox."""
    link = images_of(sandbox) / name
    if not link.exists():
        link.symlink_to(folder)


@contextmanager
def namespace_of(sandbox: Sandbox) -> Iterator[str]:
    """Yield a new namespace, and delete it afterwards."""
    name = f"matrix-{uuid4().hex[:8]}"
    sandbox.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        sandbox.kubectl("delete", "proxiedapps", "--all", "-n", name)
        sandbox.kubectl("delete", "namespace", name, "--wait=false")


def settled(
    sandbox: Sandbox,
    namespace: str,
    ending: frozenset[str] = frozenset(),
    verdicts: Mapping[str, str] = MappingProxyType({}),
) -> Settled:
    """Wait until each app is rejected, or is ready and verified.

    For the apps in `ending`, wait until the container has terminated and the app reports it. `verdicts` are the reasons
    of Verified to wait for, by app: a proxy that is slow to load its routes causes another one at first.
    """

    def check() -> Settled:
        apps = _by_name(sandbox.get("proxiedapps", "-n", namespace))
        pods = {
            pod["metadata"]["labels"]["app.kubernetes.io/instance"]: pod["status"]
            for pod in sandbox.get("pods", "-n", namespace)["items"]
        }
        last_outputs = {name: _last_output(pods.get(name, {})) for name in ending}
        waiting = [
            name for name, app in apps.items() if name not in ending and not _has_settled(app, verdicts.get(name))
        ]
        waiting += [
            name
            for name, output in last_outputs.items()
            if not output or "CrashLoopBackOff" not in _conditions_text(apps[name])
        ]
        if waiting:
            raise LookupError("; ".join(f"{name}: {_conditions_text(apps[name])}" for name in waiting))
        return Settled(
            {name: app["status"] for name, app in apps.items()},
            {name: pod.get("podIP", "") for name, pod in pods.items()},
            last_outputs,
        )

    return eventually(check, "the end of all rollouts", seconds=_SECONDS)


def _by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in found["items"]}


def _last_output(pod: dict[str, Any]) -> str:
    """Return the message of a pod's last terminated container; empty if none has terminated."""
    for container in pod.get("containerStatuses", []):
        for state in (container.get("state", {}), container.get("lastState", {})):
            if "terminated" in state:
                return str(state["terminated"].get("message") or state["terminated"].get("reason"))
    return ""


def _has_settled(app: dict[str, Any], verdict: str | None) -> bool:
    status = app.get("status", {})
    if status.get("observedGeneration") != app["metadata"]["generation"]:
        return False
    conditions = {each["type"]: each for each in status["conditions"]}
    if "Stalled" in conditions:
        return True
    reported = conditions.get("Verified", {}).get("reason")
    return conditions["Ready"]["status"] == "True" and reported is not None and verdict in {reported, None}


def _conditions_text(app: dict[str, Any]) -> str:
    conditions = app.get("status", {}).get("conditions", [])
    return ", ".join(f"{each['type']}={each['status']} {each['reason']}" for each in conditions) or "no conditions"


@contextmanager
def cluster_for(sandbox: Sandbox, namespace: str, found: Settled) -> Iterator[Cluster]:
    """Yield the settled apps of a namespace with a client."""
    with client() as http:
        urls: dict[EntryPoint, str] = {"http": sandbox.http_url, "https": sandbox.https_url}
        yield Cluster(namespace, urls, found.pods, found.statuses, http, proxy_of(sandbox))


@contextmanager
def matrix(sandbox: Sandbox) -> Iterator[Live]:
    """Run all apps of the matrix."""
    add_image(sandbox, IMAGE, APP)
    add_image(sandbox, UNTRUSTED_CLIENT, IMAGES / UNTRUSTED_CLIENT)
    proxy = Network(sandbox).proxy
    with namespace_of(sandbox) as namespace:
        apps = [untrusted_client(namespace)]
        apps += [row.manifest(role, namespace, proxy) for row in ROWS for role in row.roles]
        if proxy_of(sandbox).gateway:
            for app in apps:
                app["spec"]["route"]["parentRefs"] = [{"name": GATEWAY, "namespace": GATEWAY_NAMESPACE}]
        sandbox.apply(*apps)
        wrong = {Role.NO_ROOT_PATH: "OpenAPIServers", Role.ROOT_PATH_IN_CODE: "RedirectPrefix"}
        verdicts = {row.app(role): reason for row in ROWS for role, reason in wrong.items() if role in row.roles}
        found = settled(sandbox, namespace, verdicts=verdicts)
        with cluster_for(sandbox, namespace, found) as cluster:
            eventually(lambda: _routes_are_live(cluster), "routes of all apps in the proxy")
            yield Live(cluster)


def _routes_are_live(cluster: Cluster) -> bool:
    """Return True if the proxy has all routes; raises LookupError for the first one that it does not have."""
    for row in ROWS:
        for role in row.roles:
            name = row.app(role)
            if cluster.condition(name, "Stalled").get("status") == "True":
                continue
            answer = cluster.get("http", f"plain.{name}.{cluster.namespace}.test", "/api/v1/app")
            if cluster.proxy.is_own_404(answer):
                raise LookupError(name)
    return True
