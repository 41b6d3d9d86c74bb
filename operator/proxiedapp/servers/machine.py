"""Where a server runs, as far as its command depends on it: in a pod, or on a developer's machine."""

from dataclasses import dataclass
from typing import Final

from proxiedapp.api.volumes import ADAPTER_PATH

EVERY_ADDRESS: Final = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a server runs."""

    address: str = EVERY_ADDRESS
    """The address on which it listens, unless the user's command names one."""
    adapter_folder: str = ADAPTER_PATH
    """The folder that contains the adapter."""

    @property
    def is_local(self) -> bool:
        """Whether the proxy runs on the same machine, so that it reaches a server on loopback."""
        return self.address != EVERY_ADDRESS


POD: Final = Machine()
