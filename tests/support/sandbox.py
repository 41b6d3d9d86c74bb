"""A running sandbox for tests: kubectl, the operator's requests in the audit log, and the proxy."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import orjson

from proxiedapp.controller.watchedkinds import watched_children
from proxiedapp.resources.kinds import TRAEFIK_GROUP
from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.processes import ProcessId, identity
from tests.support import plain
from tests.support.objects import Objects

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PATIENCE: Final = 180.0
"""Seconds after which a wait has failed. Nothing here takes a minute, except on a machine that is busy."""
TIMEOUT: Final = f"{PATIENCE:.0f}s"
"""The same as an option of kubectl and Helm."""
EXAMPLES = ROOT / "examples"

_GET = ArgumentParser(exit_on_error=False)
_GET.add_argument("what")
_GET.add_argument("name", nargs="?", default="")
_GET.add_argument("-n", dest="namespace", default="default")
_GET.add_argument("-A", dest="all_namespaces", action="store_true")
_GET.add_argument("-l", dest="labels")
_GET.add_argument("--field-selector", dest="fields")


@lru_cache(maxsize=4)
def _objects(kubeconfig: Path, _changed: int) -> Objects:
    return Objects(kubeconfig)


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Call `look` until it returns something true, and return that; failures count as not yet."""
    deadline = time.monotonic() + seconds
    last: object = None
    while (begun := time.monotonic()) < deadline:
        try:
            last = found = look()
            if found:
                return found
        except (AssertionError, LookupError, ValueError, httpx.HTTPError, subprocess.CalledProcessError) as error:
            last = error
        # What looks longer pauses longer: a wait that keeps a core busy delays what it waits for.
        time.sleep(max(0.1, 2 * (time.monotonic() - begun)))
    raise AssertionError(f"timed out after {seconds:.0f} s waiting for {what}; last result: {last}")


def proxiedapp(*arguments: str | Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would."""
    command = [sys.executable, "-m", "proxiedapp.cli", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, timeout=900, check=False)


@dataclass(frozen=True)
class Request:
    """One request of the operator, from the audit log."""

    verb: str
    uri: str
    resource: str
    group: str
    subresource: str
    name: str
    code: int
    denied: bool
    """Whether the account's role does not allow the request (admission plugins may refuse for other reasons)."""

    @property
    def writes(self) -> bool:
        return self.verb in {"create", "update", "patch", "delete", "deletecollection"}


@dataclass(frozen=True)
class Sandbox:
    """The sandbox of a test session."""

    folder: Path
    http_url: str
    https_url: str

    @property
    def env(self) -> dict[str, str]:
        return {"PROXIEDAPP_SANDBOX_DIR": str(self.folder)}

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    @property
    def objects(self) -> Objects:
        """The objects of the cluster, read as the administrator."""
        kubeconfig = self.folder / "admin.kubeconfig"
        return _objects(kubeconfig, kubeconfig.stat().st_mtime_ns)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return proxiedapp("sandbox", *arguments, env=self.env)

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run the sandbox's own kubectl as the administrator, and return what it prints."""
        done = subprocess.run(
            [self.state["kubectl"], *map(str, arguments)],
            env=os.environ | {"KUBECONFIG": str(self.folder / "admin.kubeconfig")},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout if check else done.stdout + done.stderr

    def get(self, *arguments: str) -> Any:
        """Return an object, or a list of them, as JSON values; the arguments are those of `kubectl get`."""
        parsed = _GET.parse_args(arguments)
        return self.objects.get(
            parsed.what,
            parsed.name,
            namespace=None if parsed.all_namespaces else parsed.namespace,
            labels=parsed.labels,
            fields=parsed.fields,
        )

    def names(self, kinds: str, namespace: str) -> set[str]:
        """Return the existing objects of some kinds, as kind/name."""
        return self.objects.names(kinds, namespace)

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Create the objects, or change those that exist, as `kubectl apply` does."""
        for manifest in manifests:
            self.objects.apply(manifest)

    def wait_ready(self, name: str, namespace: str) -> None:
        self.wait_for("Ready", name, namespace)

    def wait_for(self, condition: str, name: str, namespace: str) -> None:
        """Wait until a condition of an app's present generation is True."""
        self.objects.wait_for(condition, "proxiedapp", name, namespace, PATIENCE)

    def conditions(self, name: str, namespace: str) -> dict[str, dict[str, Any]]:
        app = self.get("proxiedapp", name, "-n", namespace)
        return {each["type"]: each for each in app.get("status", {}).get("conditions", [])}

    def verdicts_are_in(self, namespace: str) -> bool:
        """Whether each app that is ready has a verdict on its present spec, unless its spec asks for none."""
        for app in self.get("proxiedapps", "-n", namespace)["items"]:
            found = {each["type"]: each for each in app["status"]["conditions"]}
            asked = app["spec"].get("verify", {}).get("enabled", True) and found["Ready"]["status"] == "True"
            if asked and found.get("Verified", {}).get("observedGeneration") != app["metadata"]["generation"]:
                return False
        return True

    def stalled(self, name: str, namespace: str) -> dict[str, Any]:
        """Wait until an app is stalled, and return that condition."""
        return eventually(lambda: self.conditions(name, namespace).get("Stalled"), f"{name} is stalled")

    def events(self, namespace: str) -> dict[str, str]:
        """Return the notes of the Events about apps, by reason. An Event is written after the status: wait for it."""
        found = self.get("events", "-n", namespace)["items"]
        return {one["reason"]: one["message"] for one in found if one["involvedObject"]["kind"] == "ProxiedApp"}

    def requests(self) -> list[Request]:
        """Return all requests that the operator has made so far."""
        found = []
        complete, _, _ = Path(self.state["audit_log"]).read_bytes().rpartition(b"\n")  # the API server writes meanwhile
        for line in complete.splitlines():  # tens of thousands
            entry = orjson.loads(line)
            ref = entry.get("objectRef", {})
            found.append(
                Request(
                    entry["verb"],
                    entry["requestURI"],
                    ref.get("resource", ""),
                    ref.get("apiGroup", ""),
                    ref.get("subresource", ""),
                    ref.get("name", ""),
                    entry.get("responseStatus", {}).get("code", 0),
                    entry.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid",
                )
            )
        return found

    def writes(self) -> list[Request]:
        """Return the requests that write, except for renewals of the Lease."""
        return [request for request in self.requests() if request.writes and request.resource != "leases"]

    def metric(self, name: str, **labels: str) -> float:
        """Return one of the operator's metrics, summed over the labels that are not given."""
        return self.metrics()(name, **labels)

    def metrics(self) -> "Metrics":
        """Return all of the operator's metrics at this moment."""
        return Metrics(plain.get(f"{self.state['operator_health']}/metrics").text)


@dataclass(frozen=True)
class Metrics:
    """The metrics of an operator, in Prometheus' text format."""

    text: str

    def __call__(self, name: str, **labels: str) -> float:
        """Return one metric, summed over the labels that are not given."""
        wanted = {f'{key}="{value}"' for key, value in labels.items()}
        found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", self.text, re.MULTILINE)
        return sum(float(value) for given, value in found if wanted <= set(given.split(",")))


def can_run_here() -> bool:
    """Whether this user can run a sandbox on this machine: as root, or in a user namespace."""
    command = ["unshare", "--user", "--map-root-user", "--net", "--mount", "true"]
    return os.geteuid() == 0 or subprocess.run(command, capture_output=True, check=False).returncode == 0


def start_sandbox(
    folder: Path, images: Path = EXAMPLES, *, operator: bool = True, gateway: str | None = None, **extra_env: str
) -> Sandbox:
    """Start a sandbox beside the user's own, on ports of its own; `gateway` is what serves its Gateway."""
    http_port, https_port = free_ports(2)
    sandbox = Sandbox(folder, f"http://127.0.0.1:{http_port}", f"https://127.0.0.1:{https_port}")
    done = proxiedapp(
        *("sandbox", "up", "--detach", "--images", images),
        *("--http-port", str(http_port), "--https-port", str(https_port)),
        *(() if operator else ("--no-operator",)),
        *(() if gateway is None else ("--gateway", gateway)),
        env=sandbox.env | extra_env,
    )
    assert done.returncode == 0, done.stderr
    return sandbox


def ip(*arguments: str, check: bool = True) -> str:
    """Run a command of iproute2 and return what it prints."""
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=check).stdout


def links_and_namespaces(network_id: str) -> str:
    """Return the links and network namespaces whose names contain a network's ID."""
    return "\n".join(line for line in (ip("-br", "link") + ip("netns")).splitlines() if network_id in line)


def processes_of(sandbox: Sandbox) -> list[ProcessId]:
    """Return every process of a sandbox, those of its pods included."""
    components = [ProcessId(*component["process"]) for component in sandbox.state["components"].values()]
    spaces = [line.split()[0] for line in ip("netns").splitlines() if line.startswith(f"pa-{sandbox.state['id']}-")]
    # A pod may end meanwhile.
    pods = [identity(int(pid)) for space in spaces for pid in ip("netns", "pids", space, check=False).split()]
    return [*components, *filter(None, pods)]


@contextmanager
def stopped_at_the_end(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Stop a sandbox when the block ends, and when this process is killed in it; nothing of it may be left.

    The sandbox runs in the background. pytest-xdist kills its workers at Ctrl-C, so that no fixture of theirs ends. A
    process in a session of its own therefore waits for the end of its standard input, and then stops the sandbox.
    """
    script = "import sys; sys.stdin.read(); from proxiedapp.cli import app; app(['sandbox', 'down'])"
    log = sandbox.folder / "stop.log"  # a pipe would have no reader, and to write into it would end the process
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-c", script],
            env=os.environ | sandbox.env,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as stopper,
    ):
        network, processes = sandbox.state["id"], []
        try:
            yield sandbox
            processes = processes_of(sandbox)
        finally:
            stopper.communicate(timeout=PATIENCE)
            assert stopper.returncode == 0, log.read_text()
        assert not [each for each in processes if each.alive]
        assert links_and_namespaces(network) == "", "it leaves nothing behind"


@contextmanager
def without_operator(folder: Path, images: Path) -> Iterator[Sandbox]:
    """Run a sandbox like a cluster before the operator is installed, except for its namespace. kubectl is an image."""
    with stopped_at_the_end(start_sandbox(folder, images, operator=False)) as sandbox:
        programs = images / "kubectl" / ".venv" / "bin"
        programs.mkdir(parents=True)
        (programs / "kubectl").symlink_to(sandbox.state["kubectl"])
        base = ROOT / "manifests" / "base"
        sandbox.kubectl(
            "delete",
            "-f",
            base / "rbac.yaml",
            "-f",
            ROOT / "crds" / "proxiedapps.yaml",
            "-f",
            ROOT / "crds" / "proxypolicies.yaml",
        )
        yield sandbox


def create_quota(sandbox: Sandbox, namespace: str, hard: str) -> None:
    """Create the quota `small`, and wait until Kubernetes has counted what it limits, after which it refuses more."""
    sandbox.kubectl("create", "quota", "small", f"--hard={hard}", "-n", namespace)
    eventually(lambda: "used" in sandbox.get("quota", "small", "-n", namespace)["status"], "the quota is counted")


def three_more_resyncs(sandbox: Sandbox) -> None:
    """Wait for three more lists of each kind and three more passes."""
    kinds = ("ProxiedApp", *(kind.kind for kind in watched_children(frozenset({TRAEFIK_GROUP}))))

    def counts() -> list[float]:
        metrics = sandbox.metrics()
        lists = [metrics("proxiedapp_resyncs_total", kind=kind) for kind in kinds]
        return [*lists, metrics("proxiedapp_reconciles_total", outcome="ready")]

    before = counts()
    eventually(lambda: all(now >= then + 3 for now, then in zip(counts(), before, strict=True)), "three resyncs")


def kill_operator(sandbox: Sandbox) -> None:
    """Kill the operator, and wait until another process is ready."""
    old = sandbox.state["components"]["operator"]["process"]
    os.kill(old[0], signal.SIGKILL)

    def replaced() -> bool:
        now = sandbox.state["components"]["operator"]
        return now["process"] != old and bool(now["ready"])

    eventually(replaced, "the operator has restarted")


def come_to_rest(sandbox: Sandbox, namespace: str) -> None:
    """Wait until nothing is left to write about the apps of a namespace, nor about those that earlier tests deleted."""
    eventually(lambda: sandbox.verdicts_are_in(namespace), "the verdicts")
    three_more_resyncs(sandbox)


def assert_silence(sandbox: Sandbox, namespace: str) -> None:
    """Assert that nothing is written at rest."""
    come_to_rest(sandbox, namespace)
    before = len(sandbox.writes())
    three_more_resyncs(sandbox)
    assert sandbox.writes()[before:] == []
