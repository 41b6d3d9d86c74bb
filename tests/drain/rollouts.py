"""Replace all pods of an app while its clients have requests, websockets and streams open."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from proxiedapp.api.containers import APP
from proxiedapp_sandbox.node.logs import log_file
from tests.drain.client import Seen
from tests.drain.cpu import cpu_seconds
from tests.drain.results import Drained
from tests.matrix.live import add_image
from tests.matrix.rows import Server, proxied_app
from tests.support.manifests import probes
from tests.support.sandbox import ROOT, Sandbox, eventually

IMAGE: Final = "drain"
FOLDER: Final = Path(__file__).parent / "images" / IMAGE
PREFIX: Final = "/api/v1"
REPLICAS: Final = 2
RATES: Final = (200, 100, 50, 25)
"""Requests per second: the first that the machine serves within MAX_SHARE."""
MAX_SHARE: Final = 0.7
"""The largest share of the machine's processors that the sandbox and the clients may need."""

_STEADY: Final = 5.0
"""Seconds of load before the rollout, in which the processor time is measured."""
_SECONDS: Final = 150.0
_EXIT_CODES: Final = 'jsonpath={.metadata.name}{" "}{.status.containerStatuses[0].state.terminated.exitCode}{"\\n"}'
"""Prints the name of a pod, and the exit code once its container has ended."""
_SHUT_DOWN: Final = "the lifespan of the app has ended"


def measure(sandbox: Sandbox, namespace: str, server: Server) -> Drained:
    """Replace the pods of an app with this server under load, and return what its clients saw."""
    add_image(sandbox, IMAGE, FOLDER)
    app = server.id
    sandbox.apply(_manifest(server, namespace, version=1))
    try:
        _wait_verified(sandbox, namespace, app)
        accepted = sandbox.conditions(app, namespace)["RouteAccepted"]
        limits = accepted["message"] if accepted["reason"] == "Limited" else ""
        for rate in RATES:
            with _Clients(sandbox, f"{app}.{namespace}.test", rate) as clients:
                before = cpu_seconds(sandbox, clients.pid)
                threading.Event().wait(_STEADY)
                share = (cpu_seconds(sandbox, clients.pid) - before) / _STEADY / (os.cpu_count() or 1)
                if share > MAX_SHARE and rate != RATES[-1]:
                    clients.kill()
                    continue
                with _ended_pods(sandbox, namespace) as ended:
                    old = _pods(sandbox, namespace, app)
                    sandbox.apply(_manifest(server, namespace, version=2))
                    eventually(lambda names=old: names <= ended.keys(), "the end of all old pods", _SECONDS)  # type: ignore[misc]
                    codes = Counter(str(ended[name]) for name in old)
                seen = clients.finish()
            folder = Path(json.loads((sandbox.folder / "node.json").read_text())["logs"])
            logs = [log_file(folder, namespace, pod, APP).read_text() for pod in old]
            return Drained(rate, round(share, 2), seen, codes, sum(_SHUT_DOWN in log for log in logs), limits)
        raise AssertionError("unreachable: the last rate is always measured")
    finally:
        sandbox.kubectl("delete", "proxiedapp", app, "-n", namespace)


def _manifest(server: Server, namespace: str, version: int) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "image": f"sandbox.local/{IMAGE}:{version}",
        "command": list(server.command),
        "replicas": REPLICAS,
        "route": {"hosts": [f"{server.id}.{namespace}.test"], "pathPrefix": PREFIX},
        "probes": probes("/ready"),
    }
    return proxied_app(server.id, namespace, spec)


def _wait_verified(sandbox: Sandbox, namespace: str, app: str) -> None:
    sandbox.wait_for("Verified", app, namespace)
    eventually(lambda: len(_pods(sandbox, namespace, app)) == REPLICAS, f"{REPLICAS} pods of {app}")


def _pods(sandbox: Sandbox, namespace: str, app: str) -> frozenset[str]:
    found = sandbox.get("pods", "-n", namespace, "-l", f"app.kubernetes.io/instance={app}")
    return frozenset(pod["metadata"]["name"] for pod in found["items"] if "deletionTimestamp" not in pod["metadata"])


@contextmanager
def _ended_pods(sandbox: Sandbox, namespace: str) -> Iterator[dict[str, int]]:
    """Yield the exit codes of pods whose container has ended, by name; the dictionary grows."""
    ended: dict[str, int] = {}
    environment = os.environ | {"KUBECONFIG": str(sandbox.folder / "admin.kubeconfig")}
    command = [sandbox.state["kubectl"], "get", "pods", "-n", namespace, "--watch", "-o", _EXIT_CODES]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watching:

        def follow() -> None:
            assert watching.stdout is not None
            for line in watching.stdout:
                name, _, code = line.strip().partition(" ")
                if code:
                    ended[name] = int(code)

        reader = threading.Thread(target=follow)
        reader.start()
        try:
            yield ended
        finally:
            watching.terminate()
            reader.join()


class _Clients:
    """The process of the clients."""

    def __init__(self, sandbox: Sandbox, host: str, rate: int) -> None:
        command = [sys.executable, "-m", "tests.drain.client", sandbox.http_url, host, PREFIX, str(rate)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        line = self._line()
        assert "begun" in line, line
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def finish(self) -> Seen:
        """Send no more requests, and return what the clients saw."""
        self._process.terminate()
        seen = Seen.read(self._line())
        assert self._process.wait() == 0
        return seen

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()
