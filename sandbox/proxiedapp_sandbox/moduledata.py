"""Manifests of other projects, taken from their Go modules and kept in the cache folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.binaries import Progress
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.gobuild import downloaded
from proxiedapp_sandbox.paths import cache_dir

TRAEFIK_VERSION: Final = "v3.7.13"
"""Version of Traefik's CRDs: the newest in the Go module proxy, which lags a few patches behind the program."""
GATEWAY_API_VERSION: Final = "v1.6.1"
"""The newest version whose module does not need a newer Go than `module/go-toolchain.txt` has."""
CONTOUR_VERSION: Final = "v1.33.8"


@dataclass(frozen=True, slots=True)
class GoModule:
    """A Go module with its version and checksum."""

    title: str
    path: str
    version: str
    sum: str

    def source(self, progress: Progress) -> Path:
        """Return the folder with the module's files, and download them if needed; raises SandboxError."""
        progress(f"downloading {self.title} {self.version}", 0, 0)
        found = downloaded(self.path, self.version)
        if found["Sum"] != self.sum:
            raise SandboxError(f"{self.path}@{self.version} has the checksum {found['Sum']}, not {self.sum}")
        return Path(found["Dir"])

    def files(self, folder: str, names: tuple[str, ...], progress: Progress) -> tuple[Path, ...]:
        """Return copies of files of one folder of the module; raises SandboxError."""
        cache = cache_dir() / self.title.lower().replace(" ", "-") / self.version
        if not all((cache / name).exists() for name in names):
            source = self.source(progress) / folder
            cache.mkdir(parents=True, exist_ok=True)
            for name in names:
                _write_atomically(cache / name, (source / name).read_bytes())
        return tuple(cache / name for name in names)


TRAEFIK: Final = GoModule(
    "Traefik", "github.com/traefik/traefik/v3", TRAEFIK_VERSION, "h1:T8wy9KuaFzCkmXCqAzDy7t73pBDR1DHrJe3pqXpNXTw="
)
GATEWAY_API: Final = GoModule(
    "Gateway API", "sigs.k8s.io/gateway-api", GATEWAY_API_VERSION, "h1:mock6phZbI6rvZerwrVNk7hVNymQgHo+6sJ81Ia7ftY="
)
CONTOUR: Final = GoModule(
    "Contour",
    "github.com/projectcontour/contour",
    CONTOUR_VERSION,
    "h1:QoOfwqWws+CVRFpsRC2+f1DmB5IdurtyUtepIsiWfE0=",
)

GATEWAY_KINDS: Final = (
    "gatewayclasses",
    "gateways",
    "httproutes",
    "grpcroutes",
    "tcproutes",
    "tlsroutes",
    "referencegrants",
    "backendtlspolicies",
)
"""The kinds of Gateway API whose CRDs are installed: all that Traefik watches."""

_TRAEFIK_FOLDER: Final = "docs/content/reference/dynamic-configuration"


def traefik_manifests(progress: Progress) -> tuple[Path, ...]:
    """Return the files with Traefik's CRDs and its role; raises SandboxError."""
    return TRAEFIK.files(_TRAEFIK_FOLDER, ("kubernetes-crd-definition-v1.yml", "kubernetes-crd-rbac.yml"), progress)


def traefik_gateway_role(progress: Progress) -> Path:
    """Return the file with the role of Traefik's provider for Gateway API; raises SandboxError."""
    (file,) = TRAEFIK.files(_TRAEFIK_FOLDER, ("kubernetes-gateway-rbac.yml",), progress)
    return file


def gateway_api_crds(progress: Progress) -> tuple[Path, ...]:
    """Return the files with the CRDs of Gateway API's standard channel; raises SandboxError."""
    names = tuple(f"gateway.networking.k8s.io_{kind}.yaml" for kind in GATEWAY_KINDS)
    return GATEWAY_API.files("config/crd/standard", names, progress)


def contour_manifests(progress: Progress) -> tuple[Path, ...]:
    """Return the files with Contour's accounts, CRDs and roles; raises SandboxError."""
    names = ("00-common.yaml", "01-crds.yaml", "02-role-contour.yaml", "02-rbac.yaml")
    return CONTOUR.files("examples/contour", names, progress)


def _write_atomically(file: Path, content: bytes) -> None:
    """Write a file so that readers find all of its content or no file."""
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(file)
