"""What a sandbox needs from the network: programs, which are built or downloaded once, and manifests."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.binaries import Binaries, Progress, control_plane
from proxiedapp_sandbox.gobuild import build_lock, go_build, stale_packages
from proxiedapp_sandbox.moduledata import (
    CONTOUR,
    contour_manifests,
    gateway_api_crds,
    traefik_gateway_role,
    traefik_manifests,
)
from proxiedapp_sandbox.paths import cache_dir
from proxiedapp_sandbox.state import GatewayController, SandboxOptions
from proxiedapp_sandbox.toolchain import find_envoy

_CONTOUR_FLAGS: Final = ("-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", "-s -w")


@dataclass(frozen=True, slots=True)
class Downloads:
    """The paths of programs and manifests, all of which exist."""

    binaries: Binaries
    manifests: tuple[Path, ...]
    contour: Path | None
    """Contour's program, if it is the proxy."""


def download(options: SandboxOptions, progress: Progress) -> Downloads:
    """Return what the sandbox with these options needs; raises SandboxError."""
    binaries = control_plane(options.kube_version, progress)
    match options.gateway:
        case None:
            return Downloads(binaries, traefik_manifests(progress), None)
        case GatewayController.TRAEFIK:
            roles = (*traefik_manifests(progress), traefik_gateway_role(progress))
            return Downloads(binaries, (*gateway_api_crds(progress), *roles), None)
        case GatewayController.CONTOUR:
            progress("downloading Envoy", 0, 0)
            find_envoy()
            manifests = (*gateway_api_crds(progress), *contour_manifests(progress))
            return Downloads(binaries, manifests, contour_program(progress))


def contour_program(progress: Progress) -> Path:
    """Return Contour's program, built if needed; raises SandboxError.

    It is built in the folder of its module, so that its own go.mod and go.sum apply.
    """
    recipe = hashlib.blake2b(" ".join((CONTOUR.sum, *_CONTOUR_FLAGS)).encode(), digest_size=5).hexdigest()
    program = cache_dir() / "contour" / f"{CONTOUR.version}-{recipe}" / "contour"
    if not program.exists():
        with build_lock(program.parent):
            if not program.exists():
                _build_contour(program, progress)
    return program


def _build_contour(program: Path, progress: Progress) -> None:
    source = CONTOUR.source(progress)
    title = f"Contour {CONTOUR.version}"
    total = stale_packages(*_CONTOUR_FLAGS, "./cmd/contour", cwd=source)
    partial = program.with_suffix(".partial")

    def compiled(count: int) -> None:
        progress(f"building {title} (only once; takes some minutes)", min(count, total), total)

    go_build(title, *_CONTOUR_FLAGS, "-o", partial, "./cmd/contour", cwd=source, compiled=compiled)
    partial.replace(program)
