"""The public names of the API. Changing one is a breaking change."""

from hashlib import blake2b
from json import dumps
from typing import Final

from proxiedapp.kube.key import Key

GROUP: Final = "proxiedapp.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "ProxiedApp"
PLURAL: Final = "proxiedapps"
SHORT_NAME: Final = "papp"
POLICY_KIND: Final = "ProxyPolicy"
POLICY_PLURAL: Final = "proxypolicies"
POLICY_SHORT_NAME: Final = "ppol"

SUSPENDED: Final = (f"{GROUP}/reconcile", "suspended")
"""The annotation, with its value, that stops the operator from changing an app's children."""
NOT_SUSPENDED: Final = frozenset({"", "enabled"})
"""The values of this annotation with which the operator works as without it; all others are reported."""
RECONCILE_REQUESTED: Final = f"{GROUP}/reconcile-requested-at"
"""The annotation that requests a pass when its value changes; by convention, the value is the time of the request."""

NAME_PATTERN: Final = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
"""Pattern for the name of an app, which is also the name of its Service and the value of a label."""


def short_hash(app: Key, content: object = None) -> str:
    """Return ten hexadecimal digits that depend on the app and on the content of one of its objects.

    Short enough to read in a name; a collision matters only within one cluster.
    """
    return blake2b(f"{app}\n{dumps(content, sort_keys=True)}".encode(), digest_size=5).hexdigest()
