"""The fields of a pod in a spec: containers, volumes, security and scheduling. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from proxiedapp.api.paths import is_under
from proxiedapp.api.volumes import ADAPTER, TMP
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.adopt.adoption import Adoption
from proxiedapp.local.plain.objects import mapping, sequence, text
from proxiedapp.local.plain.workload import Workload
from proxiedapp.servers.server import Role

_COPIED: Final = {
    "image": "image",
    "imagePullPolicy": "imagePullPolicy",
    "workingDir": "workingDir",
    "envFrom": "envFrom",
    "resources": "resources",
    "securityContext": "securityContext",
}
"""Fields of a container that a spec has under the same meaning."""
_POD: Final = {
    "serviceAccountName": "serviceAccountName",
    "automountServiceAccountToken": "automountServiceAccountToken",
    "securityContext": "podSecurityContext",
    "imagePullSecrets": "imagePullSecrets",
    "hostAliases": "hostAliases",
    "runtimeClassName": "runtimeClassName",
    "enableServiceLinks": "enableServiceLinks",
}
_SCHEDULING: Final = ("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName")
_DEFAULTS: Final[Mapping[str, Any]] = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationMessagePath": "/dev/termination-log",
}
"""What the API server adds to pods and containers (Kubernetes v1.36.3, `pkg/apis/core/v1/defaults.go`)."""
_HANDLED: Final = frozenset(
    {"containers", "initContainers", "volumes", "terminationGracePeriodSeconds", "serviceAccount", *_SCHEDULING, *_POD}
)
_OF_CONTAINER: Final = frozenset(
    {
        "name", "command", "args", "env", "volumeMounts", "ports", "readinessProbe", "livenessProbe", "startupProbe",
        "terminationMessagePolicy",
    }
)  # fmt: skip
_PROBES: Final = {"readinessProbe": "readiness", "livenessProbe": "liveness", "startupProbe": "startup"}
_VOLUMES: Final = frozenset(
    {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "downwardAPI", "csi", "ephemeral"}
)
_SIDECAR: Final = ("ports", "readinessProbe", "livenessProbe", "startupProbe", "lifecycle")
_DROPPED_ROLES: Final = (Role.ROOT_PATH, Role.TRUST, Role.HOST, Role.PORT, Role.BIND, Role.INTERFACE)
"""Settings that the operator writes."""


def pod_fields(workload: Workload, stripped: str, adoption: Adoption) -> Manifest:
    """Return the fields of a spec for the pods; `stripped` is the prefix that the proxy removes."""
    container = workload.container
    spec: Manifest = {
        name: container[field] for field, name in _COPIED.items() if container.get(field) not in (None, {}, [])
    }
    spec |= _command(workload, adoption)
    port = workload.listens or _first_port(container) or 8000
    spec["port"] = port
    spec |= _ports(container, port, adoption)
    if env := _environment(workload):
        spec["env"] = env
    if probes := dict(_probes(workload, port, stripped, adoption)):
        spec["probes"] = probes
    spec |= _volumes(workload, adoption)
    spec |= _other_containers(workload)
    pod = workload.pod
    spec |= {name: pod[field] for field, name in _POD.items() if pod.get(field) not in (None, {}, [])}
    if spec.get("serviceAccountName") == "default":
        del spec["serviceAccountName"]
    if scheduling := {name: pod[name] for name in _SCHEDULING if pod.get(name) not in (None, {}, [])}:
        spec["scheduling"] = scheduling
    _leave_others(workload, adoption)
    return spec


def _leave_others(workload: Workload, adoption: Adoption) -> None:
    where = f"{workload.body['kind']} {workload.name}"
    for name, value in workload.pod.items():
        if name not in _HANDLED and _DEFAULTS.get(name) != value:
            adoption.leave(
                f"{where}: {name}", "It has no field: see `What has no field` in the how-to From plain manifests."
            )
    for name, value in workload.container.items():
        if name in _OF_CONTAINER or name in _COPIED or _DEFAULTS.get(name) == value:
            continue
        if name == "lifecycle":
            why = "The operator needs the preStop hook; rollout.preStopSeconds sets its length."
            adoption.leave(f"{where}: lifecycle", why)
        else:
            adoption.leave(f"{where}: {name} of the container", "It has no field.")


def _command(workload: Workload, adoption: Adoption) -> Manifest:
    """Return command, args and server, without the flags that the operator writes."""
    container = workload.container
    given = {name: list(sequence(container.get(name))) for name in ("command", "args") if container.get(name)}
    if workload.server is None:
        why = (
            "Its command does not show a server, so kind: other is set, and the operator adds no flags. Write the "
            "server's command in spec.command instead, if it is one that the operator knows."
        )
        adoption.leave(f"{workload.body['kind']} {workload.name}: command", why)
        return {**given, "server": {"kind": "other"}}
    flags = _operators_flags(workload)
    if "command" not in given:  # the server is named by the arguments, as with an entry point that runs any command
        given = {"command": given.pop("args", [])}
    kept = {name: list(_without(words, flags)) for name, words in given.items()}
    return {name: words for name, words in kept.items() if words}


def _operators_flags(workload: Workload) -> dict[str, bool]:
    """Return the flags that the operator writes itself, and whether each takes a value."""
    server, form = workload.server, workload.form
    if server is None or form is None:
        return {}
    found = {"--proxy-headers": False}
    for role in _DROPPED_ROLES:
        setting = form.settings.get(role)
        found.update(dict.fromkeys(setting.flags if setting is not None else (), True))
    return found


def _without(words: list[str], flags: Mapping[str, bool]) -> Iterator[str]:
    skip = False
    for word in words:
        if skip:
            skip = False
            continue
        name, equals, _ = word.partition("=")
        if name in flags:
            skip = flags[name] and not equals
            continue
        yield word


def _environment(workload: Workload) -> list[Any]:
    """Return the variables, without those by which the operator configures the server."""
    form = workload.form
    own = {"FORWARDED_ALLOW_IPS", "PROXIEDAPP_ROOT_PATH"}
    for role in _DROPPED_ROLES if form is not None else ():
        setting = form.settings.get(role) if form is not None else None
        own |= set(setting.variables if setting is not None else ())
    return [one for one in sequence(workload.container.get("env")) if mapping(one).get("name") not in own]


def _first_port(container: Mapping[str, Any]) -> int | None:
    ports = [one.get("containerPort") for one in map(mapping, sequence(container.get("ports")))]
    return next((port for port in ports if isinstance(port, int)), None)


def _ports(container: Mapping[str, Any], port: int, adoption: Adoption) -> Manifest:
    further = []
    for index, one in enumerate(map(mapping, sequence(container.get("ports")))):
        number = one.get("containerPort")
        if number == port or not isinstance(number, int):
            continue
        name = text(one.get("name")) or f"port-{index}"
        if name in {"http", "metrics"}:
            adoption.leave(f"port {number}, which is named {name}", "Metrics are collected by spec.monitoring.port.")
            continue
        further.append({"name": name, "port": number} | ({"protocol": one["protocol"]} if one.get("protocol") else {}))
    return {"ports": further} if further else {}


def _probes(workload: Workload, port: int, stripped: str, adoption: Adoption) -> Iterator[tuple[str, Manifest]]:
    for field, name in _PROBES.items():
        probe = dict(mapping(workload.container.get(field)))
        if not probe:
            continue
        request = mapping(probe.pop("httpGet", None))
        if request:
            target = workload.port(request.get("port"))
            if target not in {None, port} or text(request.get("scheme")) == "HTTPS":
                why = "HTTP probes reach spec.port over plain HTTP; use exec for another port."
                adoption.leave(f"{workload.body['kind']} {workload.name}: {field}", why)
                continue
            path = text(request.get("path")) or "/"
            if stripped and is_under(path, stripped):
                path = path.removeprefix(stripped) or "/"
            probe["path"] = path
            if request.get("httpHeaders"):
                probe["httpHeaders"] = request["httpHeaders"]
        elif mapping(probe.get("tcpSocket")):
            number = workload.port(mapping(probe["tcpSocket"]).get("port"))
            if number is not None:
                probe["tcpSocket"] = {"port": number}
        yield name, probe


def _volumes(workload: Workload, adoption: Adoption) -> Manifest:
    kept: dict[str, Manifest] = {}
    renamed: dict[str, str] = {}
    for volume in map(mapping, sequence(workload.pod.get("volumes"))):
        name = text(volume.get("name"))
        type_ = next((key for key in volume if key != "name"), "emptyDir")
        if type_ not in _VOLUMES:
            adoption.leave(f"volume {name} of the type {type_}", "Use a PersistentVolumeClaim or a CSI driver.")
            continue
        renamed[name] = f"{name}-data" if name in {TMP, ADAPTER} else name
        kept[name] = {**volume, "name": renamed[name]}
    mounts = []
    for mount in map(mapping, sequence(workload.container.get("volumeMounts"))):
        name = text(mount.get("name"))
        if name not in kept:
            continue
        if mount.get("mountPath") == "/tmp" and "emptyDir" in kept[name]:  # noqa: S108 - the operator mounts one there
            continue
        mounts.append({**mount, "name": renamed[name]})
    everywhere = [
        text(mount.get("name"))
        for container in (*sequence(workload.pod.get("containers")), *sequence(workload.pod.get("initContainers")))
        for mount in map(mapping, sequence(mapping(container).get("volumeMounts")))
    ]
    used = {mount["name"] for mount in mounts} | {renamed[name] for name in everywhere if name in renamed}
    found: Manifest = {}
    if volumes := [volume for volume in kept.values() if volume["name"] in used]:
        found["volumes"] = volumes
    if mounts:
        found["volumeMounts"] = mounts
    return found


def _other_containers(workload: Workload) -> Manifest:
    found: dict[str, list[Manifest]] = {"initContainers": [], "sidecars": []}
    for index, container in enumerate(map(mapping, sequence(workload.pod.get("containers")))):
        if index != workload.index:
            found["sidecars"].append(_helper(container, sidecar=True))
    for container in map(mapping, sequence(workload.pod.get("initContainers"))):
        sidecar = container.get("restartPolicy") == "Always"
        found["sidecars" if sidecar else "initContainers"].append(_helper(container, sidecar=sidecar))
    return {name: containers for name, containers in found.items() if containers}


def _helper(container: Mapping[str, Any], *, sidecar: bool) -> Manifest:
    fields = ("name", "image", "imagePullPolicy", "command", "args", "workingDir", "env", "envFrom", "resources")
    fields = (*fields, "volumeMounts", "securityContext", *(_SIDECAR if sidecar else ()))
    return {name: container[name] for name in fields if container.get(name) not in (None, {}, [])}
