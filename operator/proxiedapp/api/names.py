"""The words by which the API server knows us. Changing one is a breaking change."""

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

SUSPENDED: Final = (f"{GROUP}/reconcile", "suspended")
"""The annotation that asks to leave an app's children alone, and its value."""

NAME_PATTERN: Final = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
"""A name that an app may have: the Service and the pods' labels carry it."""


def short_hash(app: Key, content: object = None) -> str:
    """Return ten hexadecimal digits that tell an app's object from others, and its content from an earlier one.

    Few enough to read; collisions matter within one cluster only.
    """
    return blake2b(f"{app}\n{dumps(content, sort_keys=True)}".encode(), digest_size=5).hexdigest()
