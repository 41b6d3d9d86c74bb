"""The ConfigMap that carries the adapter into the pod. Its name carries a hash of the adapter's source.

So pods keep the adapter they were started with, a new one rolls them out like any other change, and the old ConfigMap
goes once no pod is left that mounts it.
"""

from proxiedapp.api.names import short_hash
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CONFIG_MAP
from proxiedapp.resources.metadata import child
from proxiedapp.servers.adapter import MODULE, source


def adapter_name(app: Key) -> str:
    """Return the ConfigMap's name."""
    return f"{app.name}-adapter-{short_hash(app, source())}"


def adapter_config_map(app: Key) -> Manifest:
    """Build the ConfigMap."""
    return child(CONFIG_MAP, app, adapter_name(app), data={f"{MODULE}.py": source()}, immutable=True)
