"""The pod: the app's container, other containers, volumes, security and scheduling."""

from typing import Any, Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.resources.containers import app_container, init_container, sidecar
from proxiedapp.resources.merge import without_empty
from proxiedapp.resources.security import pod_security
from proxiedapp.resources.volumes import volumes
from proxiedapp.servers.launch import Launch

_DEFAULT_ACCOUNT: Final = "default"
"""Written out because the API server copies the name into the deprecated field `serviceAccount` (Kubernetes v1.36.3,
`pkg/apis/core/v1/conversion.go`), from which it would restore an account that the spec no longer names."""


def pod_spec(app: ProxiedApp, launch: Launch) -> dict[str, Any]:
    """Return the spec of the app's pods."""
    spec = app.spec
    pod: dict[str, Any] = {
        "serviceAccountName": spec.service_account_name or _DEFAULT_ACCOUNT,
        "automountServiceAccountToken": spec.automount_service_account_token,
        # Off by default: a Service named "uvicorn" would set UVICORN_PORT in every pod of its namespace.
        "enableServiceLinks": spec.enable_service_links,
        "securityContext": pod_security(spec.pod_security_context),
        "terminationGracePeriodSeconds": spec.rollout.termination_grace_period_seconds,
    }
    # Sidecars come first, so that a migration can use one that proxies the database.
    init_containers = [sidecar(one, launch.root_path) for one in spec.sidecars or ()]
    init_containers += [init_container(one, launch.root_path) for one in spec.init_containers or ()]
    if init_containers:
        pod["initContainers"] = init_containers
    pod["containers"] = [app_container(spec, launch)]
    pod["volumes"] = volumes(app, adapter=launch.adapter)
    if spec.image_pull_secrets:
        pod["imagePullSecrets"] = [secret.model_dump(by_alias=True) for secret in spec.image_pull_secrets]
    if spec.host_aliases:
        pod["hostAliases"] = [alias.model_dump(by_alias=True) for alias in spec.host_aliases]
    if spec.runtime_class_name is not None:
        pod["runtimeClassName"] = spec.runtime_class_name
    return pod | without_empty(spec.scheduling.model_dump(by_alias=True, exclude_none=True))
