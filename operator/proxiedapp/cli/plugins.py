"""Commands of other distributions, which register them under the entry-point group `proxiedapp.commands`.

Names and summaries are written down here, so that `--help` lists a command without looking through every installed
distribution, and so that a command whose distribution is missing can say which one to install.
"""

from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.cli.errors import fail

GROUP: Final = "proxiedapp.commands"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A command of another distribution."""

    name: str
    summary: str
    distribution: str

    def load(self) -> Any:
        """Import the command, or end with one line that says how to get it."""
        from importlib import metadata  # noqa: PLC0415 - imports email and zipfile: a quarter of the time of --help

        found = metadata.entry_points(group=GROUP, name=self.name)
        if not found:
            fail(f"`proxiedapp {self.name}` is in another package: run `pip install {self.distribution}`")
        try:
            return next(iter(found)).load()
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way while it is imported
            problem = " ".join(f"{type(error).__name__}: {error}".split())
            fail(f"`proxiedapp {self.name}` cannot be loaded ({problem}): reinstall {self.distribution}")


SANDBOX: Final = Plugin(
    "sandbox", "Run a real control plane, Traefik and a node on this machine, without containers.", "proxiedapp-sandbox"
)
