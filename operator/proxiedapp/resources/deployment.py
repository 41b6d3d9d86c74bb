"""The Deployment: the app's pods, with the server told its prefix and whom to trust, locked down by default."""

from typing import Any

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.containers import APP, PORT_NAME
from proxiedapp.api.rollout import Rollout
from proxiedapp.api.volumes import ADAPTER, ADAPTER_PATH
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.environment import environment
from proxiedapp.resources.kinds import DEPLOYMENT
from proxiedapp.resources.metadata import child, labels, selector
from proxiedapp.resources.pod import container_security, mounts, pod_spec, resources
from proxiedapp.resources.probes import container_probes
from proxiedapp.servers.launch import Launch


def deployment(app: ProxiedApp, launch: Launch, replicas: int | None) -> Manifest:
    """Build the Deployment; without replicas they are somebody else's to say."""
    spec = app.spec
    metadata: dict[str, Any] = {
        "labels": labels(app.key) | (spec.common_labels or {}) | (spec.pod_labels or {}),
        "annotations": (spec.common_annotations or {}) | (spec.pod_annotations or {}),
    }
    return child(
        DEPLOYMENT,
        app.key,
        app.key.name,
        spec={
            **({} if replicas is None else {"replicas": replicas}),
            "selector": {"matchLabels": selector(app.key)},
            **_rollout(spec.rollout),
            "template": {
                "metadata": {name: value for name, value in metadata.items() if value},
                "spec": pod_spec(app, _container(app, launch), adapter=launch.adapter),
            },
        },
    )


def _rollout(rollout: Rollout) -> dict[str, Any]:
    taken = {"revision_history_limit", "min_ready_seconds", "progress_deadline_seconds"}
    given = rollout.model_dump(by_alias=True, exclude_none=True, include=taken)
    steps = rollout.model_dump(by_alias=True, exclude_none=True, include={"max_surge", "max_unavailable"})
    return given | ({"strategy": {"rollingUpdate": steps}} if steps else {})


def _container(app: ProxiedApp, launch: Launch) -> dict[str, Any]:
    spec = app.spec
    container: dict[str, Any] = {"name": APP, "image": spec.image}
    if spec.image_pull_policy is not None:
        container["imagePullPolicy"] = spec.image_pull_policy
    if launch.command:
        container["command"] = list(launch.command)
    if launch.args:
        container["args"] = list(launch.args)
    container["ports"] = [{"name": PORT_NAME, "containerPort": spec.port, "protocol": "TCP"}]
    container |= environment(spec, launch.env) | resources(spec.resources) | container_probes(spec.probes)
    if spec.rollout.pre_stop_seconds:
        # The server goes on until the proxy has learned that the pod goes, or requests would meet a closed port.
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": spec.rollout.pre_stop_seconds}}}
    container["securityContext"] = container_security(spec.security_context)
    container["volumeMounts"] = mounts(spec)
    if launch.adapter:
        container["volumeMounts"].append({"name": ADAPTER, "mountPath": ADAPTER_PATH, "readOnly": True})
    return container
