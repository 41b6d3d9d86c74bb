"""Images are folders: `sandbox.local/NAME:anything` is the folder NAME, and its programs are its `.venv/bin`."""

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
    """One image that exists."""

    name: str
    folder: Path
    """Without symbolic links."""

    @property
    def id(self) -> str:
        """Return what a pod's status calls the image."""
        return f"folder://{self.folder}"

    def search_path(self, default_bin: Path, machine: str) -> str:
        """Return PATH for processes of this image: its own programs, the default ones, the machine's."""
        own = self.folder / ".venv" / "bin"
        return os.pathsep.join([*([str(own)] if own.is_dir() else []), str(default_bin), machine])


def find_image(reference: str, images: Path) -> Image:
    """Return the image that a container names; raises NotStartableError with what there is to choose from."""
    match = _NAME.fullmatch(reference.removeprefix(REGISTRY)) if reference.startswith(REGISTRY) else None
    if match is not None and (images / match["name"]).is_dir():
        return Image(match["name"], (images / match["name"]).resolve())
    known = sorted(entry.name for entry in images.iterdir() if entry.is_dir()) if images.is_dir() else []
    usable = [f"{REGISTRY}{name}" for name in known if _NAME.fullmatch(name)]
    raise NotStartableError(
        "ErrImagePull",
        f"image {reference!r} is not in the sandbox: use one of {', '.join(usable)}, each with any tag"
        if usable
        else f"image {reference!r} is not in the sandbox: {images} has no folders, each of which would be an image",
    )
