"""The Service in front of the app's pods."""

from typing import Final

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import SERVICE
from proxiedapp.resources.metadata import child, selector

SERVICE_PORT: Final = 80


def service(app: Key) -> Manifest:
    """Return the Service. It always uses port 80, so that a new `spec.port` changes only the pods."""
    port = {"name": PORT_NAME, "port": SERVICE_PORT, "targetPort": PORT_NAME, "protocol": "TCP"}
    return child(SERVICE, app, app.name, spec={"selector": selector(app), "ports": [port]})
