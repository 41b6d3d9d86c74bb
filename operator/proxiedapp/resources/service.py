"""The Service in front of the app's pods."""

from typing import Final

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import SERVICE
from proxiedapp.resources.metadata import child, selector

SERVICE_PORT: Final = 80
SERVICE_TYPE: Final = "ClusterIP"


def service(app: Key) -> Manifest:
    """Return the Service. It always uses port 80, so that a new `spec.port` changes only the pods.

    The type is the default one, but only a field that is applied is set back if another client changes it: as an
    ExternalName, the Service would lead proxy and checks to any address.
    """
    port = {"name": PORT_NAME, "port": SERVICE_PORT, "targetPort": PORT_NAME, "protocol": "TCP"}
    return child(SERVICE, app, app.name, spec={"type": SERVICE_TYPE, "selector": selector(app), "ports": [port]})
