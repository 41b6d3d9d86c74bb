"""Invalid fields of the workload, scaling, trust and TLS, which the API server and the models reject by name.

With the table in test_contract.py these are the mistakes that users can make; none of them reaches a child.
"""

from collections.abc import Callable
from typing import Any

import pytest

from proxiedapp.api.app import parse_spec
from proxiedapp_sandbox.bare import BareCluster
from tests.support.contract import BASE, both_reject, submit

SCALER = {"maxReplicas": 4}
CPU = {"type": "Utilization", "averageUtilization": 50}
VALUE = {"type": "Value", "value": "1"}


def volume(**kind: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "data", **kind}]}


def mount(path: str = "/data", name: str = "tmp", **more: Any) -> dict[str, Any]:
    return {"volumeMounts": [{"name": name, "mountPath": path, **more}]}


def sidecar(**more: Any) -> dict[str, Any]:
    return {"sidecars": [{"name": "proxy", "image": "proxy:1", **more}]}


def scaling(**more: Any) -> dict[str, Any]:
    return {"autoscaling": SCALER | more}


def metric(**more: Any) -> dict[str, Any]:
    return scaling(metrics=[more])


def behavior(**policy: Any) -> dict[str, Any]:
    return scaling(behavior={"scaleUp": policy})


def readiness(**probe: Any) -> dict[str, Any]:
    return {"probes": {"readiness": probe}}


def tls(**more: Any) -> dict[str, Any]:
    return {"route": {"tls": more}}


def target(value: Any) -> dict[str, Any]:
    return {"type": "AverageValue", "averageValue": value}


@pytest.mark.parametrize("amount", [0.5, 1, 1.0, "0.5", "500m"], ids=repr)
@pytest.mark.parametrize(
    "field",
    [
        pytest.param(lambda one: {"resources": {"limits": {"cpu": one}}}, id="resources"),
        pytest.param(lambda one: volume(emptyDir={"sizeLimit": one}), id="emptyDir"),
        pytest.param(
            lambda one: volume(
                ephemeral={
                    "volumeClaimTemplate": {
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": one}}}
                    }
                }
            ),
            id="claim",
        ),
        pytest.param(
            lambda one: {
                "env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": one}}}]
            },
            id="divisor",
        ),
        pytest.param(
            lambda one: metric(type="Resource", resource={"name": "cpu", "target": target(one)}), id="resource metric"
        ),
        pytest.param(
            lambda one: metric(type="Pods", pods={"metric": {"name": "a"}, "target": target(one)}), id="pods metric"
        ),
        pytest.param(
            lambda one: metric(
                type="External", external={"metric": {"name": "a"}, "target": {"type": "Value", "value": one}}
            ),
            id="external metric",
        ),
    ],
)
async def test_quantity_may_be_any_number_without_quotes(
    cluster: BareCluster, field: Callable[[Any], dict[str, Any]], amount: Any
) -> None:
    spec = BASE | field(amount)
    parse_spec(spec)
    await submit(cluster, spec)


METRICS = "spec.autoscaling.metrics[0]"
UP = "spec.autoscaling.behavior.scaleUp"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        # volumes: no access to the node, and one known type
        pytest.param(volume(hostPath={"path": "/"}), "spec.volumes[0].hostPath", id="host path"),
        pytest.param(volume(nfs={"server": "a", "path": "/"}), "spec.volumes[0].nfs", id="network disk"),
        pytest.param(volume(), "spec.volumes[0]", id="volume without a type"),
        pytest.param(volume(emptyDir={}, configMap={"name": "a"}), "spec.volumes[0]", id="volume of two types"),
        pytest.param(volume(configMap={}), "spec.volumes[0].configMap.name", id="config map without a name"),
        pytest.param(volume(secret={}), "spec.volumes[0].secret.secretName", id="secret without a name"),
        pytest.param(
            volume(persistentVolumeClaim={}),
            "spec.volumes[0].persistentVolumeClaim.claimName",
            id="claim without a name",
        ),
        pytest.param(
            volume(emptyDir={"sizeLimit": "big"}), "spec.volumes[0].emptyDir.sizeLimit", id="size is not a quantity"
        ),
        pytest.param(
            {"volumes": [{"name": "tmp", "emptyDir": {}}]}, "spec.volumes[0]", id="name of the operator's volume"
        ),
        pytest.param(
            {"volumes": [{"name": "Data", "emptyDir": {}}]}, "spec.volumes[0].name", id="volume in upper case"
        ),
        pytest.param({"volumes": [{"name": "a", "emptyDir": {}}] * 2}, "spec.volumes", id="volume twice"),
        pytest.param(mount("/opt/proxiedapp"), "spec.volumeMounts[0]", id="mount over the adapter"),
        pytest.param(mount("/opt/proxiedapp/more"), "spec.volumeMounts[0]", id="mount under the adapter"),
        pytest.param(mount(name="adapter"), "spec.volumeMounts[0]", id="mount of the adapter"),
        pytest.param(
            {"volumeMounts": [{"name": "tmp", "mountPath": "/a"}] * 2}, "spec.volumeMounts", id="two mounts at one path"
        ),
        pytest.param({"volumeMounts": [{"name": "tmp"}]}, "spec.volumeMounts[0].mountPath", id="mount without a path"),
        pytest.param(
            mount(mountPropagation="Bidirectional"),
            "spec.volumeMounts[0].mountPropagation",
            id="mount propagated to the node",
        ),
        # containers beside the app
        pytest.param({"sidecars": [{"image": "a"}]}, "spec.sidecars[0].name", id="sidecar without a name"),
        pytest.param({"sidecars": [{"name": "a"}]}, "spec.sidecars[0].image", id="sidecar without an image"),
        pytest.param({"sidecars": [{"name": "app", "image": "a"}]}, "spec.sidecars[0]", id="sidecar called app"),
        pytest.param(
            sidecar(restartPolicy="Always"), "spec.sidecars[0].restartPolicy", id="sidecar with a restart policy"
        ),
        pytest.param(
            sidecar(securityContext={"privileged": True}),
            "spec.sidecars[0].securityContext.privileged",
            id="privileged",
        ),
        pytest.param(
            sidecar(ports=[{"containerPort": 1, "hostPort": 1}]), "spec.sidecars[0].ports[0].hostPort", id="host port"
        ),
        pytest.param(
            sidecar(ports=[{"containerPort": 9000, "name": "http"}]),
            "spec.sidecars[0].ports[0]",
            id="the app's port name",
        ),
        pytest.param(
            {"initContainers": [{"name": "a", "image": "a"}] * 2}, "spec.initContainers", id="init container twice"
        ),
        pytest.param(
            {"initContainers": [{"name": "a", "image": "a", "stdin": True}]},
            "spec.initContainers[0].stdin",
            id="init container with stdin",
        ),
        # probes
        pytest.param(
            readiness(tcpSocket={"port": 1, "host": "a"}), "spec.probes.readiness.tcpSocket.host", id="host of a probe"
        ),
        pytest.param(readiness(grpc={}), "spec.probes.readiness.grpc.port", id="gRPC without a port"),
        pytest.param(readiness(path="/a", grpc={"port": 1}), "spec.probes.readiness", id="two probes in one"),
        pytest.param(
            readiness(tcpSocket={"port": 1}, httpHeaders=[{"name": "A", "value": "b"}]),
            "spec.probes.readiness",
            id="headers without a request",
        ),
        pytest.param(
            readiness(exec={"command": ["a"]}, timeoutSeconds=0),
            "spec.probes.readiness.timeoutSeconds",
            id="zero timeout",
        ),
        # scaling
        pytest.param({"autoscaling": {}}, "spec.autoscaling.maxReplicas", id="scaler without a maximum"),
        pytest.param({"autoscaling": {"maxReplicas": 0}}, "spec.autoscaling.maxReplicas", id="maximum of zero"),
        pytest.param(scaling(minReplicas=0), "spec.autoscaling.minReplicas", id="minimum of zero"),
        pytest.param(scaling(minReplicas=5), "spec.autoscaling", id="minimum above the maximum"),
        pytest.param(
            scaling(targetCPUUtilizationPercentage=0), "spec.autoscaling.targetCPUUtilizationPercentage", id="zero CPU"
        ),
        pytest.param(metric(type="Magic"), f"{METRICS}.type", id="unknown type of metric"),
        pytest.param(metric(type="Resource"), METRICS, id="metric without its source"),
        pytest.param(
            metric(type="Pods", resource={"name": "cpu", "target": CPU}), METRICS, id="source of another type"
        ),
        pytest.param(
            metric(type="Resource", resource={"name": "cpu", "target": VALUE}),
            f"{METRICS}.resource.target.",
            id="target type that the metric does not have",
        ),
        pytest.param(
            metric(type="Resource", resource={"name": "cpu", "target": {"type": "Utilization"}}),
            METRICS,
            id="target without a value",
        ),
        pytest.param(
            metric(
                type="Resource", resource={"name": "cpu", "target": {"type": "AverageValue", "averageUtilization": 1}}
            ),
            METRICS,
            id="value of another target type",
        ),
        pytest.param(
            metric(type="External", external={"metric": {"name": "a"}, "target": {"type": "Value", "value": "0"}}),
            METRICS,
            id="zero target",
        ),
        pytest.param(
            metric(type="External", external={"metric": {"name": "a"}, "target": {"type": "Value", "value": "-1"}}),
            METRICS,
            id="negative target",
        ),
        pytest.param(
            metric(type="External", external={"metric": {"name": "a/b"}, "target": VALUE}),
            f"{METRICS}.external.metric.name",
            id="metric with a slash",
        ),
        pytest.param(behavior(selectPolicy="Most"), f"{UP}.selectPolicy", id="unknown select policy"),
        pytest.param(
            behavior(stabilizationWindowSeconds=3601), f"{UP}.stabilizationWindowSeconds", id="window too long"
        ),
        pytest.param(
            behavior(policies=[{"type": "Pods", "value": 0, "periodSeconds": 1}]),
            f"{UP}.policies[0].value",
            id="policy of zero",
        ),
        pytest.param(
            behavior(policies=[{"type": "Pods", "value": 1, "periodSeconds": 1801}]),
            f"{UP}.policies[0].periodSeconds",
            id="period too long",
        ),
        pytest.param({"disruptionBudget": {}}, "spec.disruptionBudget", id="empty budget"),
        pytest.param(
            {"disruptionBudget": {"minAvailable": 1, "maxUnavailable": 1}},
            "spec.disruptionBudget",
            id="budget with minimum and maximum",
        ),
        pytest.param(
            {"disruptionBudget": {"minAvailable": -1}}, "spec.disruptionBudget.minAvailable", id="negative budget"
        ),
        pytest.param(
            {"disruptionBudget": {"minAvailable": "half"}}, "spec.disruptionBudget.minAvailable", id="budget is a word"
        ),
        # rollout
        pytest.param(
            {"rollout": {"maxSurge": 0, "maxUnavailable": 0}}, "spec.rollout", id="rollout that cannot progress"
        ),
        pytest.param({"rollout": {"maxSurge": "0%", "maxUnavailable": 0}}, "spec.rollout", id="the same in percent"),
        pytest.param({"rollout": {"preStopSeconds": 30}}, "spec.rollout", id="no time to stop"),
        pytest.param(
            {"rollout": {"terminationGracePeriodSeconds": 4}}, "spec.rollout", id="grace period shorter than the drain"
        ),
        pytest.param({"rollout": {"minReadySeconds": 600}}, "spec.rollout", id="ready after the progress deadline"),
        pytest.param({"rollout": {"maxUnavailable": "101%"}}, "spec.rollout.maxUnavailable", id="more than 100 %"),
        # scheduling
        pytest.param(
            {"scheduling": {"tolerations": [{"operator": "Like"}]}},
            "spec.scheduling.tolerations[0].operator",
            id="unknown operator",
        ),
        pytest.param(
            {"scheduling": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone"}]}},
            "spec.scheduling.topologySpreadConstraints[0].whenUnsatisfiable",
            id="spread without whenUnsatisfiable",
        ),
        pytest.param({"scheduling": {"nodeName": "one"}}, "spec.scheduling.nodeName", id="node name"),
        pytest.param(
            {"scheduling": {"priorityClassName": "A b"}},
            "spec.scheduling.priorityClassName",
            id="invalid priority class",
        ),
        # security
        pytest.param(
            {"podSecurityContext": {"hostUsers": False}}, "spec.podSecurityContext.hostUsers", id="host users"
        ),
        pytest.param({"hostNetwork": True}, "spec.hostNetwork", id="host network"),
        pytest.param({"hostPID": True}, "spec.hostPID", id="host processes"),
        pytest.param({"securityContext": {"privileged": True}}, "spec.securityContext.privileged", id="privileged app"),
        pytest.param(
            {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
            "spec.securityContext.capabilities.add[0]",
            id="capability beyond baseline",
        ),
        pytest.param(
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            "spec.securityContext.seccompProfile.type",
            id="no seccomp",
        ),
        pytest.param(
            {"securityContext": {"procMount": "Unmasked"}}, "spec.securityContext.procMount", id="unmasked /proc"
        ),
        pytest.param({"securityContext": {"runAsUser": 0}}, "spec.securityContext", id="root without runAsNonRoot"),
        pytest.param(
            {"podSecurityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
            "spec.podSecurityContext.sysctls[0].name",
            id="sysctl of the node",
        ),
        # fields of the pod
        pytest.param({"runtimeClassName": "A b"}, "spec.runtimeClassName", id="invalid runtime class"),
        pytest.param({"workingDir": ""}, "spec.workingDir", id="empty working directory"),
        pytest.param({"enableServiceLinks": "no"}, "spec.enableServiceLinks", id="service links is a string"),
        pytest.param(
            {"hostAliases": [{"ip": "db", "hostnames": ["db"]}]}, "spec.hostAliases[0].ip", id="alias of a name"
        ),
        pytest.param(
            {"hostAliases": [{"ip": "192.0.2.1", "hostnames": []}]}, "spec.hostAliases[0].hostnames", id="no name"
        ),
        pytest.param({"ports": [{"name": "http", "port": 9000}]}, "spec.ports[0]", id="port with the app's name"),
        pytest.param({"ports": [{"name": "9", "port": 9000}]}, "spec.ports[0].name", id="port without a letter"),
        pytest.param({"ports": [{"name": "a", "port": 80}]}, "spec.ports[0]", id="port of the Service"),
        pytest.param(
            {"ports": [{"name": "a", "port": 9000}, {"name": "a", "port": 9001}]}, "spec.ports", id="port name twice"
        ),
        pytest.param(
            {"ports": [{"name": "a", "port": 9000}, {"name": "b", "port": 9000}]}, "spec.ports", id="port twice"
        ),
        pytest.param({"ports": [{"name": "a", "port": 8000}]}, "spec", id="the app's own port again"),
        pytest.param({"monitoring": {"port": 8000}}, "spec", id="metrics on the app's own port, said twice"),
        pytest.param({"monitoring": {"port": 80}}, "spec.monitoring", id="metrics on the port of the Service"),
        pytest.param(
            {"monitoring": {"port": 9000}, "ports": [{"name": "a", "port": 9000}]},
            "spec",
            id="metrics on a further port",
        ),
        pytest.param(
            {"rollout": {"strategy": "Recreate", "maxSurge": 1}}, "spec.rollout", id="surge of a strategy without one"
        ),
        pytest.param({"rollout": {"strategy": "Replace"}}, "spec.rollout.strategy", id="unknown strategy"),
        pytest.param({"volumes": [{"name": "a", "csi": {}}]}, "spec.volumes[0].csi.driver", id="CSI without a driver"),
        pytest.param(
            {
                "volumes": [
                    {"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}
                ]
            },
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources",
            id="ephemeral volume without a size",
        ),
        # labels and annotations
        pytest.param(
            {"podLabels": {"app.kubernetes.io/instance": "other"}}, "spec.podLabels", id="label of the pod selector"
        ),
        pytest.param({"commonLabels": {"a b": "c"}}, "spec.commonLabels", id="label with a space"),
        pytest.param({"commonLabels": {"a": "c d"}}, "spec.commonLabels", id="value with a space"),
        pytest.param(
            {"commonAnnotations": {"kubectl.kubernetes.io/last-applied-configuration": ""}},
            "spec.commonAnnotations",
            id="kubectl's own annotation",
        ),
        pytest.param(
            {"commonLabels": {"argocd.argoproj.io/instance": "a"}}, "spec.commonLabels", id="Argo CD's own label"
        ),
        # trust
        pytest.param(
            {"proxy": {"trustedProxies": ["*", "10.0.0.0/8"], "isolate": True}},
            "spec.proxy",
            id="everyone and a network",
        ),
        pytest.param({"proxy": {"isolate": "yes"}}, "spec.proxy.isolate", id="isolate is a string"),
        # TLS
        pytest.param(tls(secretName="a", certResolver="b"), "spec.route.tls", id="two certificates"),
        pytest.param(tls(secretName="A b"), "spec.route.tls.secretName", id="invalid secret name"),
        pytest.param(tls(domains=[{"main": "a.test"}]), "spec.route.tls", id="domains without a certificate"),
        pytest.param(
            tls(certResolver="a", domains=[{"main": "http://a"}]),
            "spec.route.tls.domains[0].main",
            id="domain is a URL",
        ),
        pytest.param(tls(options={"name": "a@b"}), "spec.route.tls.options.name", id="options of another provider"),
        pytest.param(
            {"route": {"middlewares": [{"name": "a@file"}]}},
            "spec.route.middlewares[0].name",
            id="middleware of another provider",
        ),
        pytest.param(
            {"route": {"middlewares": [{"name": "a", "namespace": "b"}]}},
            "spec.route.middlewares[0].namespace",
            id="middleware of another namespace",
        ),
        pytest.param({"route": {"redirectToHTTPS": "yes"}}, "spec.route.redirectToHTTPS", id="redirect is a string"),
        # verify
        pytest.param({"verify": {"docsPath": "docs"}}, "spec.verify.docsPath", id="docs without a slash"),
        pytest.param({"verify": {"docsPath": "//evil.test/"}}, "spec.verify.docsPath", id="docs on another host"),
        pytest.param({"verify": {"extraPaths": ["http://a"]}}, "spec.verify.extraPaths[0]", id="extra URL"),
        # references
        pytest.param({"serviceAccountName": "A"}, "spec.serviceAccountName", id="account in upper case"),
        pytest.param({"automountServiceAccountToken": True}, "spec", id="token of the default account"),
        pytest.param(
            volume(projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
            "spec",
            id="volume with a token of the default account",
        ),
    ],
)
async def test_both_reject_an_invalid_field_and_name_it(
    cluster: BareCluster, change: dict[str, Any], field: str
) -> None:
    await both_reject(cluster, change, field)
