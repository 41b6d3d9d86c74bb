"""The immutable ConfigMap with the ASGI adapter. Its name contains a hash of the adapter's source.

So each pod keeps the adapter that it was started with, a new adapter causes a rollout like any other change, and the
old ConfigMap is pruned once no pod mounts it.
"""

from proxiedapp.api.names import short_hash
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CONFIG_MAP
from proxiedapp.resources.metadata import child
from proxiedapp.servers.adapter import MODULE, source


def adapter_name(app: Key) -> str:
    """Return the name of the ConfigMap."""
    return f"{app.name}-adapter-{short_hash(app, source())}"


def adapter_config_map(app: Key) -> Manifest:
    """Return the ConfigMap."""
    return child(CONFIG_MAP, app, adapter_name(app), data={f"{MODULE}.py": source()}, immutable=True)
