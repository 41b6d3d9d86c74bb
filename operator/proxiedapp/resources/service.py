"""The Service in front of the app's pods."""

from collections.abc import Iterable
from typing import Any, Final

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.api.network import SERVICE_PORT, AppPort
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import SERVICE
from proxiedapp.resources.metadata import child, selector

SERVICE_TYPE: Final = "ClusterIP"


def service(app: Key, further: Iterable[AppPort] = ()) -> Manifest:
    """Return the Service. It always uses port 80, so that a new `spec.port` changes only the pods.

    The `further` ports keep their numbers.

    The type is the default one, but only a field that is applied is set back if another client changes it: as an
    ExternalName, the Service would lead proxy and checks to any address.
    """
    ports: list[dict[str, Any]] = [
        {"name": PORT_NAME, "port": SERVICE_PORT, "targetPort": PORT_NAME, "protocol": "TCP"},
        *({"name": one.name, "port": one.port, "targetPort": one.port, "protocol": one.protocol} for one in further),
    ]
    return child(SERVICE, app, app.name, spec={"type": SERVICE_TYPE, "selector": selector(app), "ports": ports})
