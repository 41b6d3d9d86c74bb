"""Images are folders: `sandbox.local/NAME:TAG` is the folder NAME, whatever the tag, with programs in `.venv/bin`."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.node.errors import NotStartableError

REGISTRY: Final = "sandbox.local/"

_NAME: Final = re.compile(r"(?P<name>[a-z0-9]+(?:[._-]+[a-z0-9]+)*)(?::[^/@]+)?(?:@.+)?")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that exists."""

    name: str
    folder: Path
    """Its path, without symbolic links."""

    @property
    def id(self) -> str:
        """Return the `imageID` in a pod's status."""
        return f"folder://{self.folder}"

    def search_path(self, default_bin: Path, host_path: str) -> str:
        """Return PATH for processes of this image: its own programs, then the default ones, then the host's."""
        own = self.folder / ".venv" / "bin"
        return os.pathsep.join([*([str(own)] if own.is_dir() else []), str(default_bin), host_path])


def find_image(reference: str, images: Path) -> Image:
    """Return the image of a reference; raises NotStartableError, which lists the images that exist."""
    match = _NAME.fullmatch(reference.removeprefix(REGISTRY)) if reference.startswith(REGISTRY) else None
    if match is not None and (images / match["name"]).is_dir():
        return Image(match["name"], (images / match["name"]).resolve())
    known = sorted(entry.name for entry in images.iterdir() if entry.is_dir()) if images.is_dir() else []
    usable = [f"{REGISTRY}{name}" for name in known if _NAME.fullmatch(name)]
    raise NotStartableError(
        "ErrImagePull",
        f"image {reference!r} does not exist in the sandbox: use {', '.join(usable)} (any tag)"
        if usable
        else f"image {reference!r} does not exist in the sandbox: add a folder for it to {images}, which has none",
    )
