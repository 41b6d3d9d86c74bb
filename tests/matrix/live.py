"""Applies a ProxiedApp for all that a row needs, all at once, and asks them when they have settled."""

import ipaddress
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from tests.matrix.rows import IMAGE, ROWS, STRANGER, Role, Row, stranger
from tests.matrix.scenarios import Outcome, run_checks
from tests.matrix.visit import Place, client
from tests.support.sandbox import Sandbox, eventually

IMAGES: Final = Path(__file__).parent / "images"
APP: Final = IMAGES / "app"

_SECONDS: Final = 240.0


@dataclass(frozen=True)
class Result:
    """How a row came out."""

    row: Row
    outcomes: tuple[Outcome, ...]
    limits: str
    """What the ProxiedApp itself says stays wrong; empty if it says nothing."""

    @property
    def wrong(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.wrong)


@dataclass
class Live:
    """A running matrix."""

    place: Place
    _results: dict[str, Result] = field(default_factory=dict)

    def result(self, row: Row) -> Result:
        """Make a row's checks, once."""
        if row.id not in self._results:
            outcomes = tuple(run_checks(self.place, row))
            said = self.place.condition(row.app(Role.MAIN), "RouteAccepted")
            limits = said["message"] if said.get("reason") == "Limited" else ""
            self._results[row.id] = Result(row, outcomes, limits)
        return self._results[row.id]

    def results(self) -> tuple[Result, ...]:
        return tuple(self.result(row) for row in ROWS)


@dataclass(frozen=True)
class Settled:
    """What a sandbox knows of some ProxiedApps when nothing more is to come."""

    statuses: Mapping[str, Mapping[str, Any]]
    pods: Mapping[str, str]
    last_words: Mapping[str, str]
    """What the containers said that ended, by app."""


class Network:
    """The pods' network of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._config: dict[str, Any] = json.loads((sandbox.folder / "node.json").read_text())["network"]

    @cached_property
    def proxy(self) -> str:
        return str(self._config["gateway"])

    @cached_property
    def subnet(self) -> str:
        return str(ipaddress.ip_network(f"{self.proxy}/{self._config['prefix_length']}", strict=False))


def images_of(sandbox: Sandbox) -> Path:
    """Return the folder from which a sandbox takes its images, now and later."""
    return Path(sandbox.state["options"]["images"])


def add_image(sandbox: Sandbox, name: str, folder: Path) -> None:
    """Make a folder an image of a running sandbox."""
    link = images_of(sandbox) / name
    if not link.exists():
        link.symlink_to(folder)


@contextmanager
def namespace_of(sandbox: Sandbox) -> Iterator[str]:
    """Make a namespace for as long as it is used."""
    name = f"matrix-{uuid4().hex[:8]}"
    sandbox.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        sandbox.kubectl("delete", "proxiedapps", "--all", "-n", name)
        sandbox.kubectl("delete", "namespace", name, "--wait=false")


def settled(sandbox: Sandbox, namespace: str, ending: frozenset[str] = frozenset()) -> Settled:
    """Wait until each app is refused, or serves and has its verdict; of those in `ending` the container has ended,
    and the app says so.
    """

    def look() -> Settled:
        apps = _by_name(sandbox.get("proxiedapps", "-n", namespace))
        pods = {
            pod["metadata"]["labels"]["app.kubernetes.io/instance"]: pod["status"]
            for pod in sandbox.get("pods", "-n", namespace)["items"]
        }
        last_words = {name: _last_words(pods.get(name, {})) for name in ending}
        waiting = [name for name, app in apps.items() if name not in ending and not _has_settled(app)]
        waiting += [
            name for name, words in last_words.items() if not words or "CrashLoopBackOff" not in _said(apps[name])
        ]
        if waiting:
            raise LookupError("; ".join(f"{name}: {_said(apps[name])}" for name in waiting))
        return Settled(
            {name: app["status"] for name, app in apps.items()},
            {name: pod.get("podIP", "") for name, pod in pods.items()},
            last_words,
        )

    return eventually(look, "the end of all rollouts", seconds=_SECONDS)


def _by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in found["items"]}


def _last_words(pod: dict[str, Any]) -> str:
    """Return what a pod's container said when it last ended; empty if it has not."""
    for container in pod.get("containerStatuses", []):
        for state in (container.get("state", {}), container.get("lastState", {})):
            if "terminated" in state:
                return str(state["terminated"].get("message") or state["terminated"].get("reason"))
    return ""


def _has_settled(app: dict[str, Any]) -> bool:
    status = app.get("status", {})
    if status.get("observedGeneration") != app["metadata"]["generation"]:
        return False
    said = {each["type"]: each["status"] for each in status["conditions"]}
    return said.get("Stalled") == "True" or (said.get("Ready") == "True" and "Verified" in said)


def _said(app: dict[str, Any]) -> str:
    conditions = app.get("status", {}).get("conditions", [])
    return ", ".join(f"{each['type']}={each['status']} {each['reason']}" for each in conditions) or "nothing"


@contextmanager
def place_for(sandbox: Sandbox, namespace: str, found: Settled) -> Iterator[Place]:
    """Return where a settled namespace is asked."""
    with client() as asking:
        urls = {"http": sandbox.http_url, "https": sandbox.https_url}
        yield Place(namespace, {"http": urls["http"], "https": urls["https"]}, found.pods, found.statuses, asking)


@contextmanager
def matrix(sandbox: Sandbox) -> Iterator[Live]:
    """Run everything that the matrix asks."""
    add_image(sandbox, IMAGE, APP)
    add_image(sandbox, STRANGER, IMAGES / STRANGER)
    proxy = Network(sandbox).proxy
    with namespace_of(sandbox) as namespace:
        apps = [row.manifest(role, namespace, proxy) for row in ROWS for role in row.roles]
        sandbox.apply(stranger(namespace), *apps)
        found = settled(sandbox, namespace)
        with place_for(sandbox, namespace, found) as place:
            eventually(lambda: _routes_are_live(place), "routes of all apps in Traefik")
            yield Live(place)


def _routes_are_live(place: Place) -> bool:
    """Whether the proxy knows every route; what it answers is not judged here."""
    for row in ROWS:
        for role in row.roles:
            name = row.app(role)
            if place.condition(name, "Stalled").get("status") == "True":
                continue
            answer = place.ask("http", f"plain.{name}.{place.namespace}.test", "/api/v1/app")
            if answer.status_code == httpx.codes.NOT_FOUND and answer.text.strip() == "404 page not found":
                raise LookupError(name)
    return True


def copy_app(folder: Path) -> None:
    """Put the app's files, as they are now, into an image that has programs of its own."""
    for entry in APP.iterdir():
        if entry.is_dir():
            shutil.copytree(entry, folder / entry.name, dirs_exist_ok=True)
        else:
            shutil.copy(entry, folder / entry.name)
