"""The leaves of the spec's schema, with two values for each and a valid spec that contains it.

A new leaf of text or numbers needs an entry in VALUES; booleans and enumerations do not. An entry applies to the leaves
whose path ends with its key (the longest key wins), so a type that is used at several paths needs one entry.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final, TypeAlias

from proxiedapp.api.crd import structural
from proxiedapp.api.spec import ProxiedAppSpec

Schema: TypeAlias = dict[str, Any]

SCHEMA: Final[Schema] = structural(ProxiedAppSpec)
BASE: Final[dict[str, Any]] = {"image": "shop:1", "command": ["uvicorn", "main:app"], "route": {}}
ABSENT: Final = object()

VALUES: Final[dict[str, tuple[Any, Any]]] = {
    # the app
    "image": ("shop:1.0", "shop:2.0"),
    "command": (["uvicorn", "main:app"], ["hypercorn", "main:app"]),
    "args": (["--no-access-log"], ["--log-level", "debug"]),
    "server.kind": ("uvicorn", "hypercorn"),
    "server.app": ("main:app", "other:app"),
    "server.workers": (2, 3),
    "port": (8001, 8002),
    "replicas": (0, 3),
    "route.hosts": (["a.test"], ["b.test", "c.test"]),
    "route.pathPrefix": ("/v1", "/v2"),
    "route.stripPrefix": ("Always", "Auto"),
    "route.entryPoints": (["web"], ["websecure", "web"]),
    "route.ingressClassName": ("inner", "outer"),
    "route.annotations": ({"example.com/a": "one"}, {"example.com/a": "", "b": "c"}),
    "parentRefs[].namespace": ("infra", "other"),
    "parentRefs[].sectionName": ("http", "https"),
    "route.timeout": ("0s", "1m30s"),
    "cookie.name": ("one", "other"),
    "cookie.sameSite": ("Lax", "Strict"),
    "cookie.maxAgeSeconds": (60, 3600),
    "tls.secretName": ("one", "other"),
    "tls.certResolver": ("one", "other"),
    "domains[].main": ("a.test", "*.b.test"),
    "domains[].sans": (["a.test"], ["*.b.test", "c.test"]),
    "hostAliases[].ip": ("192.0.2.1", "fd00::1"),
    "hostAliases[].hostnames": (["a.test"], ["b", "c.test"]),
    "runtimeClassName": ("one", "other"),
    "ports[].port": (9001, 9002),
    "monitoring.port": (9001, 9002),
    "csi.driver": ("csi.example.com", "other.example.com"),
    "csi.fsType": ("ext4", "xfs"),
    "csi.volumeAttributes": ({"a": "b"}, {"a": "", "c": "d"}),
    "spec.accessModes": (["ReadWriteOnce"], ["ReadWriteMany", "ReadOnlyMany"]),
    "volumeClaimTemplate.spec.resources.requests": ({"storage": "1Gi"}, {"storage": "1.5Gi"}),
    "volumeClaimTemplate.spec.resources.limits": ({"storage": "2Gi"}, {"storage": "3Gi"}),
    "spec.storageClassName": ("fast", "slow"),
    "proxy.trustedProxies": (["10.0.0.0/8"], []),
    "verify.openapiPath": ("/a.json", "/b.json"),
    "verify.docsPath": ("/a", "/b"),
    "verify.extraPaths": (["/a"], ["/b", "ws:/c"]),
    "imagePullSecrets[].name": ("one", "other"),
    "issuerRef.kind": ("Issuer", "ClusterIssuer"),
    "issuerRef.group": ("cert-manager.io", "acme.example.com"),
    "monitoring.interval": ("15s", "1m30s"),
    "monitoring.scrapeTimeout": ("10s", "500ms"),
    "monitoring.labels": ({"release": "one"}, {"release": "other", "a": ""}),
    # containers
    "name": ("one", "other"),
    "initContainers[].command": (["a"], ["b", "c"]),
    "initContainers[].args": (["a"], ["b", "c"]),
    "sidecars[].command": (["a"], ["b", "c"]),
    "sidecars[].args": (["a"], ["b", "c"]),
    "workingDir": ("/a", "/b"),
    "env[].name": ("ONE", "OTHER"),
    "env[].value": ("", "x"),
    "valueFrom.configMapKeyRef.key": ("one", "other"),
    "valueFrom.secretKeyRef.key": ("one", "other"),
    "fieldRef.fieldPath": ("metadata.name", "metadata.uid"),
    "fieldRef.apiVersion": ("v1", "v1"),
    "resourceFieldRef.resource": ("limits.cpu", "limits.memory"),
    "resourceFieldRef.containerName": ("app", "app"),
    "resourceFieldRef.divisor": ("1", "1m"),
    "envFrom[].prefix": ("ONE_", "OTHER_"),
    "resources.requests": ({"cpu": "0.5"}, {"cpu": "100m", "memory": "0.5Gi"}),
    "resources.limits": ({"cpu": 2}, {"cpu": "2500m", "memory": "1Gi"}),
    "ports[].name": ("one", "other"),
    "ports[].containerPort": (9001, 9002),
    # probes and hooks
    "path": ("/a", "/b"),
    "httpHeaders[].name": ("Host", "Accept"),
    "httpHeaders[].value": ("a.test", "b.test"),
    "exec.command": (["a"], ["b", "c"]),
    "tcpSocket.port": (9001, "http"),
    "httpGet.port": (9001, 9002),
    "httpGet.scheme": ("HTTPS", "HTTP"),
    "grpc.port": (9001, 9002),
    "grpc.service": ("one", ""),
    "initialDelaySeconds": (1, 0),
    "periodSeconds": (1, 20),
    "timeoutSeconds": (2, 3),
    "readiness.successThreshold": (2, 3),
    "readinessProbe.successThreshold": (2, 3),
    "successThreshold": (1, 1),
    "failureThreshold": (4, 5),
    "terminationGracePeriodSeconds": (40, 50),
    "sleep.seconds": (1, 2),
    # volumes
    "volumes[].name": ("one", "other"),
    "configMap.name": ("one", "other"),
    "secret.secretName": ("one", "other"),
    "defaultMode": (0o400, 0o444),
    "items[].key": ("one", "other"),
    "items[].path": ("one", "other"),
    "items[].mode": (0o400, 0o444),
    "emptyDir.medium": ("Memory", ""),
    "emptyDir.sizeLimit": ("0.5Gi", 1024),
    "persistentVolumeClaim.claimName": ("one", "other"),
    "serviceAccountToken.audience": ("one", "other"),
    "serviceAccountToken.expirationSeconds": (3600, 7200),
    "serviceAccountToken.path": ("one", "other"),
    "volumeMounts[].name": ("tmp", "data"),
    "volumeMounts[].mountPath": ("/one", "/other"),
    "volumeMounts[].subPath": ("one", "other"),
    "volumeMounts[].subPathExpr": ("$(ONE)", "$(OTHER)"),
    # rollout
    "rollout.maxSurge": ("50%", 1),
    "rollout.maxUnavailable": (0, "34%"),
    "rollout.preStopSeconds": (0, 9),
    "rollout.revisionHistoryLimit": (0, 3),
    "rollout.minReadySeconds": (0, 3),
    "rollout.progressDeadlineSeconds": (60, 90),
    # scaling
    "autoscaling.minReplicas": (2, 3),
    "autoscaling.maxReplicas": (8, 9),
    "autoscaling.targetCPUUtilizationPercentage": (50, 60),
    "autoscaling.metrics[].type": ("Resource", "Resource"),
    "metrics[].resource.name": ("cpu", "memory"),
    "metrics[].containerResource.name": ("cpu", "memory"),
    "containerResource.container": ("app", "proxy"),
    "describedObject.apiVersion": ("v1", "apps/v1"),
    "describedObject.kind": ("Service", "Queue"),
    "target.type": ("Value", "Value"),
    "resource.target.type": ("Utilization", "Utilization"),
    "containerResource.target.type": ("Utilization", "Utilization"),
    "pods.target.type": ("AverageValue", "AverageValue"),
    "target.averageUtilization": (50, 60),
    "target.averageValue": ("10", 5),
    "target.value": ("10", "500m"),
    "policies[].type": ("Pods", "Percent"),
    "policies[].value": (1, 2),
    "policies[].periodSeconds": (15, 30),
    "selectPolicy": ("Min", "Disabled"),
    "stabilizationWindowSeconds": (0, 60),
    "disruptionBudget.minAvailable": (1, "50%"),
    "disruptionBudget.maxUnavailable": (1, "50%"),
    # scheduling
    "nodeSelector": ({"disk": "ssd"}, {"disk": "", "zone": "a"}),
    "tolerations[].key": ("one", "other"),
    "tolerations[].operator": ("Exists", "Equal"),
    "tolerations[].tolerationSeconds": (0, 60),
    "tolerations[].value": ("one", "other"),
    "matchExpressions[].key": ("one", "other"),
    "matchExpressions[].operator": ("Exists", "DoesNotExist"),
    "matchExpressions[].values": (["one"], ["one", "other"]),
    "matchFields[].key": ("metadata.name", "metadata.name"),
    "matchFields[].operator": ("In", "NotIn"),
    "matchFields[].values": (["one"], ["other"]),
    "matchLabels": ({"app": "one"}, {"app": "other", "tier": ""}),
    "namespaces": (["one"], ["one", "other"]),
    "topologyKey": ("zone", "host"),
    "weight": (1, 100),
    "maxSkew": (1, 2),
    "minDomains": (1, 2),
    "matchLabelKeys": (["one"], ["other"]),
    "priorityClassName": ("high", "low"),
    # security
    "serviceAccountName": ("one", "other"),
    "localhostProfile": ("one", "other"),
    "seccompProfile.type": ("RuntimeDefault", "RuntimeDefault"),
    "appArmorProfile.type": ("RuntimeDefault", "RuntimeDefault"),
    "capabilities.drop": ([], ["NET_RAW", "ALL"]),
    "capabilities.add": (["CHOWN"], ["NET_BIND_SERVICE", "CHOWN"]),
    "runAsUser": (1000, 2000),
    "runAsGroup": (0, 2000),
    "fsGroup": (0, 2000),
    "level": ("s0:c1,c2", "s0:c3,c4"),
    "supplementalGroups": ([1], [2, 3]),
    "sysctls[].name": ("net.ipv4.tcp_syncookies", "net.ipv4.ip_unprivileged_port_start"),
    "sysctls[].value": ("0", "1"),
    # labels
    "podLabels": ({"tier": "one"}, {"tier": "other", "a": ""}),
    "podAnnotations": ({"example.com/a": "one"}, {"example.com/a": "", "b": "c"}),
    "commonLabels": ({"team": "one"}, {"team": "other", "a": ""}),
    "commonAnnotations": ({"example.com/a": "one"}, {"example.com/a": "", "b": "c"}),
}

_HANDLER: Final = {"tcpSocket": {"port": 9001}}
_PROBE_LEAVES: Final = (
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
)
_SEVERAL: Final = {"readiness", "liveness", "startup"}
_UTILIZATION: Final = {"type": "Utilization", "averageUtilization": 50}
_AVERAGE_VALUE: Final = {"type": "AverageValue", "averageValue": "10", "averageUtilization": ABSENT}
_METRIC: Final = {"metric": {"name": "one"}, "target": {"type": "Value", "value": "10"}}
_OBJECT: Final = {"describedObject": {"kind": "Service", "name": "one"}, **_METRIC}

AROUND: Final[dict[str, dict[str, Any]]] = {
    "server.app": {"kind": "uvicorn"},
    "tls.domains[]": {"certResolver": "one"},
    "route.timeout": {"parentRefs": [{"name": "main", "namespace": "infra"}]},
    "autoscaling.minReplicas": {"maxReplicas": 8},
    "disruptionBudget.unhealthyPodEvictionPolicy": {"minAvailable": 1},
    "metrics[].type": {"resource": {"name": "cpu", "target": _UTILIZATION}},
    "metrics[].resource": {"type": "Resource", "resource": {"name": "cpu", "target": _UTILIZATION}},
    "metrics[].containerResource": {
        "type": "ContainerResource",
        "containerResource": {"container": "app", "name": "cpu", "target": _UTILIZATION},
    },
    "metrics[].pods": {
        "type": "Pods",
        "pods": {"metric": {"name": "one"}, "target": {"type": "AverageValue", "averageValue": "10"}},
    },
    "metrics[].object": {"type": "Object", "object": _OBJECT},
    "metrics[].external": {"type": "External", "external": _METRIC},
    "resource.target.averageValue": _AVERAGE_VALUE,
    "containerResource.target.averageValue": _AVERAGE_VALUE,
    "external.target.averageValue": {"type": "AverageValue", "value": ABSENT},
    "object.target.averageValue": {"type": "AverageValue", "value": ABSENT},
    "matchExpressions[].values": {"operator": "In"},
    "matchExpressions[].key": {"operator": "Exists"},
    "matchFields[].key": {"operator": "In", "values": ["one"]},
    "matchFields[].operator": {"values": ["one"]},
    "matchFields[].values": {"operator": "In"},
    "tolerations[].key": {"operator": "Exists"},
    "tolerations[].operator": {"key": "one"},
    "tolerations[].effect": {"operator": "Exists"},
    "tolerations[].value": {"key": "one", "operator": "Equal"},
    "tolerations[].tolerationSeconds": {"operator": "Exists", "effect": "NoExecute"},
    "topologySpreadConstraints[].minDomains": {"whenUnsatisfiable": "DoNotSchedule"},
    "topologySpreadConstraints[].matchLabelKeys": {"labelSelector": {"matchLabels": {"app": "one"}}},
    "seccompProfile.localhostProfile": {"type": "Localhost"},
    "appArmorProfile.localhostProfile": {"type": "Localhost"},
    "automountServiceAccountToken": {"serviceAccountName": "one"},
    "downwardAPI.items[].path": {"fieldRef": {"fieldPath": "metadata.name"}},
    "downwardAPI.items[].mode": {"fieldRef": {"fieldPath": "metadata.name"}},
    "resourceFieldRef.resource": {"containerName": "app"},
    "resourceFieldRef.divisor": {"containerName": "app"},
    **{f"probes.{kind}.httpHeaders[]": {"path": "/a"} for kind in _SEVERAL},
    "envFrom[].prefix": {"configMapRef": {"name": "one"}},
    "volumes[].name": {"emptyDir": {}},
    **{f"probes.{kind}.{leaf}": {"path": "/a"} for kind in _SEVERAL for leaf in _PROBE_LEAVES},
    **{f"sidecars[].{kind}Probe.{leaf}": _HANDLER for kind in _SEVERAL for leaf in _PROBE_LEAVES},
}
"""What a field needs next to it beyond the schema's `required`, or excludes (ABSENT), by an ending of its path."""

NEEDED: Final = (
    "exec.command",
    "localhostProfile",
    "matchExpressions[].values",
    "matchFields[].values",
    "path",
    "resourceFieldRef.containerName",
    "server.app",
    "server.kind",
    "tolerations[].operator",
    "target.averageUtilization",
    "target.averageValue",
    "target.value",
    "disruptionBudget.minAvailable",
    "disruptionBudget.maxUnavailable",
)
"""Fields that their object needs beyond the schema's `required`."""

WHOLE: Final[dict[str, dict[str, Any]]] = {
    "server.app": {"image": "shop:1", "route": {}},
    "server.kind": {"image": "shop:1", "route": {}, "server": {"app": "main:app"}},
    **{
        f"issuerRef.{leaf}": BASE | {"route": {"hosts": ["a.test"], "tls": {"issuerRef": {"name": "one"}}}}
        for leaf in ("name", "kind", "group")
    },
    **{
        f"serviceAccountToken.{leaf}": BASE | {"serviceAccountName": "one"}
        for leaf in ("audience", "expirationSeconds", "path")
    },
    "volumeMounts[].name": BASE | {"volumes": [{"name": "data", "emptyDir": {}}]},
}
"""The spec to start from, for leaves that are not valid in BASE."""


def leaves() -> list[str]:
    """Return the paths of all leaves: values, and lists and maps of values; `[]` means the items of a list."""
    return list(_leaves("", SCHEMA))


def values_of(leaf: str) -> tuple[Any, Any]:
    """Return two values of a leaf; raises LookupError if VALUES has no entry for it."""
    given: tuple[Any, Any] | None = _ending(leaf, VALUES)
    if given is not None:
        return given
    schema = _schema_at(leaf)
    if schema.get("type") == "boolean":
        return True, False
    if "enum" in schema:
        return schema["enum"][0], schema["enum"][-1]
    raise LookupError(f"{leaf} has no values: add some to tests/support/leaves.py")


def spec_with(leaf: str, value: Any) -> dict[str, Any] | None:
    """Return a valid spec in which the leaf has the value, or in which only the leaf is missing for ABSENT.

    Returns None if there is no such spec, because the object needs the leaf.
    """
    whole = _ending(leaf, WHOLE)
    spec = deepcopy(BASE if whole is None else whole)
    steps = leaf.split(".")
    at, schema = spec, SCHEMA
    for depth, step in enumerate(steps):
        path = ".".join(steps[: depth + 1])
        name, is_list = step.removesuffix("[]"), step.endswith("[]")
        for beside, given in (_ending(path, AROUND) or {}).items():
            if given is ABSENT:
                at.pop(beside, None)
            else:
                at[beside] = deepcopy(given)
        if depth == len(steps) - 1:
            if value is ABSENT:
                at.pop(name, None)
                return (
                    None if name in schema.get("required", []) or path.endswith(NEEDED) or path == "command" else spec
                )
            at[name] = value
            return spec
        schema = schema["properties"][name]
        if is_list:
            schema = schema["items"]
            at[name] = at.get(name) or [_required(path, schema)]
            at = at[name][0]
        else:
            at[name] = at.get(name) or _required(path, schema)
            at = at[name]
    raise AssertionError(leaf)


def _leaves(path: str, schema: Schema) -> Iterator[str]:
    if "properties" in schema:
        for name, child in schema["properties"].items():
            yield from _leaves(f"{path}.{name}" if path else name, child)
    elif "properties" in schema.get("items", {}):
        yield from _leaves(f"{path}[]", schema["items"])
    else:
        yield path


def _schema_at(path: str) -> Schema:
    schema = SCHEMA
    for step in path.split("."):
        schema = schema["properties"][step.removesuffix("[]")]
        schema = schema["items"] if step.endswith("[]") else schema
    return schema


def _ending(path: str, table: dict[str, Any]) -> Any:
    """Return the entry whose key is the longest ending of the path; None if there is none."""
    steps = path.split(".")
    endings = (".".join(steps[start:]) for start in range(len(steps)))
    return next((table[ending] for ending in endings if ending in table), None)


def _required(path: str, schema: Schema) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in schema.get("required", []):
        child = schema["properties"][name]
        below = f"{path}.{name}"
        if "properties" in child:
            made[name] = _required(below, child)
        elif "properties" in child.get("items", {}):
            made[name] = [_required(f"{below}[]", child["items"])]
        else:
            made[name] = values_of(below)[0]
    return made
