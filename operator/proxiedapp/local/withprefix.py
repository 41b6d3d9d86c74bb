"""Paths in a spec that have the prefix although they are requested without it, or the operator adds it. Pure."""

from collections.abc import Iterator
from typing import Final

from proxiedapp.api.paths import is_under
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.local.noeffect import Ineffective

_WITHOUT_PROXY: Final = (
    "this request does not pass the proxy, which removes the prefix, so the app does not know {path}"
)
_PREFIX_ADDED: Final = "the operator adds the prefix itself, so it requests {prefix}{path}"


def paths_with_prefix(spec: ProxiedAppSpec, *, strips: bool) -> Iterator[Ineffective]:
    """Yield the paths that have the prefix where they are without it; `strips` is whether the proxy removes it."""
    prefix = spec.route.path_prefix
    for field, path, why in _paths(spec, strips=strips):
        if prefix != "/" and is_under(path, prefix):
            yield Ineffective(field, why.format(prefix=prefix, path=path), f"Write {path.removeprefix(prefix) or '/'}")


def _paths(spec: ProxiedAppSpec, *, strips: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the fields with paths of the app, the paths, and why each of them is without the prefix."""
    if strips:
        for name in ("readiness", "liveness", "startup"):
            probe = getattr(spec.probes, name)
            if probe is not None and probe.path is not None:
                yield f"spec.probes.{name}.path", probe.path, _WITHOUT_PROXY
        if spec.monitoring is not None:
            yield "spec.monitoring.path", spec.monitoring.path, _WITHOUT_PROXY
    if spec.verify.enabled:
        yield "spec.verify.openapiPath", spec.verify.openapi_path, _PREFIX_ADDED
        yield "spec.verify.docsPath", spec.verify.docs_path, _PREFIX_ADDED
        for index, path in enumerate(spec.verify.extra_paths or ()):
            yield f"spec.verify.extraPaths[{index}]", path, _PREFIX_ADDED
