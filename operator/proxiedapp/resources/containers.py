"""The containers of a pod: the app's own, init containers and sidecars."""

from copy import deepcopy
from typing import Any, Final

from proxiedapp.api.containers import APP, PORT_NAME, InitContainer, Sidecar
from proxiedapp.api.kubernetes import ResourceRequirements
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.resources.environment import environment
from proxiedapp.resources.ports import further_ports
from proxiedapp.resources.probes import container_probes, with_probe_defaults
from proxiedapp.resources.security import container_security
from proxiedapp.resources.volumes import app_mounts
from proxiedapp.routing.rule import concrete_host
from proxiedapp.servers.launch import Launch
from proxiedapp.servers.other import ROOT_PATH_VARIABLE

_MESSAGE_POLICY: Final = {"terminationMessagePolicy": "FallbackToLogsOnError"}
"""By default, a pod's status has nothing of what a crashed program printed, so no condition could report it."""


def app_container(spec: ProxiedAppSpec, launch: Launch) -> dict[str, Any]:
    """Return the app's container, started as `launch` says."""
    container: dict[str, Any] = {"name": APP, "image": spec.image}
    if spec.image_pull_policy is not None:
        container["imagePullPolicy"] = spec.image_pull_policy
    if launch.command:
        container["command"] = list(launch.command)
    if launch.args:
        container["args"] = list(launch.args)
    if spec.working_dir is not None:
        container["workingDir"] = spec.working_dir
    container["ports"] = [
        {"name": PORT_NAME, "containerPort": spec.port, "protocol": "TCP"},
        *({"name": one.name, "containerPort": one.port, "protocol": one.protocol} for one in further_ports(spec)),
    ]
    container |= (
        environment(spec, {ROOT_PATH_VARIABLE: launch.root_path, **launch.env})
        | _resources(spec.resources)
        | container_probes(spec.probes, concrete_host(spec.route.hosts or ()))
    )
    if spec.rollout.pre_stop_seconds:
        # The server keeps serving until the proxy has removed the pod; else requests would reach a closed port.
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": spec.rollout.pre_stop_seconds}}}
    container["securityContext"] = container_security(spec.security_context)
    container["volumeMounts"] = app_mounts(spec, adapter=launch.adapter)
    return container | _MESSAGE_POLICY


def init_container(spec: InitContainer, root_path: str) -> dict[str, Any]:
    """Return an init container. It gets the root path, because it may write the app's pages or configuration."""
    container: dict[str, Any] = {"name": spec.name, "image": spec.image}
    plain = {"image_pull_policy", "command", "args", "working_dir"}
    container |= {name: value for name, value in spec.model_dump(by_alias=True, include=plain).items() if value}
    own = {} if any(one.name == ROOT_PATH_VARIABLE for one in spec.env or ()) else {ROOT_PATH_VARIABLE: root_path}
    container |= environment(spec, own) | _resources(spec.resources)
    container["securityContext"] = container_security(spec.security_context)
    if spec.volume_mounts:
        container["volumeMounts"] = deepcopy(spec.volume_mounts)
    return container | _MESSAGE_POLICY


def sidecar(spec: Sidecar, root_path: str) -> dict[str, Any]:
    """Return a sidecar: an init container that Kubernetes keeps running."""
    more = {"ports", "readiness_probe", "liveness_probe", "startup_probe", "lifecycle"}
    fields = spec.model_dump(by_alias=True, exclude_none=True, include=more)
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if name in fields:
            fields[name] = with_probe_defaults(fields[name])
    for hook in fields.get("lifecycle", {}).values():
        if "httpGet" in hook:
            hook["httpGet"] = {"scheme": "HTTP", "path": "/"} | hook["httpGet"]
    return (
        init_container(spec, root_path)
        | {"restartPolicy": "Always"}
        | {name: value for name, value in fields.items() if value}
    )


def _resources(spec: ResourceRequirements | None) -> dict[str, Any]:
    """Return a container's `resources` without empty parts, which the API server would not store."""
    amounts = spec.model_dump(by_alias=True, exclude_none=True) if spec is not None else {}
    kept = {name: quantities for name, quantities in amounts.items() if quantities}
    return {"resources": kept} if kept else {}
