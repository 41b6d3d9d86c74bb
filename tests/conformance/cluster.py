"""The cluster of a kubeconfig: requests to its API server, one after the other."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import httpx

from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from tests.conformance.errors import ConformanceError, WrongError

T = TypeVar("T")

GATEWAY_API: Final = "/apis/gateway.networking.k8s.io/v1"
_PLURALS: Final = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Gateway": f"{GATEWAY_API}/namespaces/{{}}/gateways",
    "HTTPRoute": f"{GATEWAY_API}/namespaces/{{}}/httproutes",
    "Namespace": "/api/v1/namespaces",
    "ReferenceGrant": "/apis/gateway.networking.k8s.io/v1beta1/namespaces/{}/referencegrants",
    "Service": "/api/v1/namespaces/{}/services",
}
_CONFLICTS: Final = 10
"""How many writes of others in a row are too many."""


def eventually(look: Callable[[], T | None], what: str, seconds: float = 60.0) -> T:
    """Call `look` until it returns something true, and return that; raises WrongError."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = found = look()
            if found:
                return found
        except (WrongError, LookupError, ValueError, OSError, httpx.HTTPError) as error:
            last = error
        time.sleep(0.1)
    raise WrongError(f"timed out after {seconds:.0f} s waiting for {what}; last: {last}")


class Cluster:
    """Reads and writes objects as the user of a kubeconfig."""

    def __init__(self, api: Api, runner: asyncio.Runner) -> None:
        self._api = api
        self._runner = runner

    def request(self, method: str, path: str, body: Manifest | None = None) -> Manifest:
        """Send a request; raises ApiError."""
        return self._runner.run(self._api.request(method, path, body))

    def read(self, path: str) -> Manifest | None:
        """Return an object; None if it does not exist."""
        try:
            return self.request("GET", path)
        except NotFoundError:
            return None

    def create(self, manifest: Manifest) -> Manifest:
        return self.request("POST", collection(manifest), manifest)

    def live(self, manifest: Manifest) -> Manifest:
        """Return an object as it is now."""
        return self.request("GET", address(manifest))

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace the spec of an object, whatever its version; raises ApiError.

        The controller of a Gateway may write its status between the read and the write.
        """
        conflicts = 0
        while True:
            try:
                return self.request("PUT", address(manifest), self.live(manifest) | {"spec": manifest["spec"]})
            except ConflictError:
                conflicts += 1
                if conflicts == _CONFLICTS:
                    raise

    def delete(self, manifest: Manifest) -> None:
        """Delete an object, if it exists."""
        try:
            self.request("DELETE", address(manifest))
        except NotFoundError:
            return


def collection(manifest: Manifest) -> str:
    return _PLURALS[manifest["kind"]].format(manifest["metadata"].get("namespace"))


def address(manifest: Manifest) -> str:
    return f"{collection(manifest)}/{manifest['metadata']['name']}"


@contextmanager
def connected(kubeconfig: Path | None) -> Iterator[Cluster]:
    """Connect to the cluster of a kubeconfig, or to the default one; raises ConformanceError if it does not answer."""
    with asyncio.Runner() as runner:
        api = Api(runner.run(connect(kubeconfig)))
        try:
            try:
                runner.run(api.request("GET", "/version"))
            except ApiError as error:
                raise ConformanceError(f"the API server does not answer: {error}") from error
            yield Cluster(api, runner)
        finally:
            runner.run(api.close())
