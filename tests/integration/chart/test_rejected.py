"""Both Helms reject invalid values before they write anything, and name the value."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.helm import CHART, KUBE_VERSION, Helm


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"replicaCount": 1}, "replicaCount", id="a value that does not exist"),
        pytest.param({"image": {"repo": "a"}}, "repo", id="a nested value that does not exist"),
        pytest.param({"image": "proxiedapp/operator"}, "/image", id="image is a string"),
        pytest.param({"image": {"repository": "Upper/case"}}, "/image/repository", id="repository in upper case"),
        pytest.param({"image": {"registry": "https://a/"}}, "/image/registry", id="registry is a URL"),
        pytest.param({"image": {"tag": "a b"}}, "/image/tag", id="tag with a space"),
        pytest.param({"image": {"tag": 1.2}}, "/image/tag", id="tag is a number"),
        pytest.param({"image": {"digest": "sha256:short"}}, "/image/digest", id="digest too short"),
        pytest.param({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy", id="unknown pull policy"),
        pytest.param({"imagePullSecrets": ["a"]}, "/imagePullSecrets/0", id="pull secret is a string"),
        pytest.param({"replicas": -1}, "/replicas", id="negative replicas"),
        pytest.param({"replicas": "1"}, "/replicas", id="replicas is a string"),
        pytest.param({"fullnameOverride": "Not_a_name"}, "/fullnameOverride", id="invalid name"),
        pytest.param({"terminationGracePeriodSeconds": 0}, "/terminationGracePeriodSeconds", id="no time to stop"),
        pytest.param({"resources": {"limit": {}}}, "limit", id="limit instead of limits"),
        pytest.param({"nodeSelector": ["linux"]}, "/nodeSelector", id="node selector is a list"),
        pytest.param(
            {"topologySpreadConstraints": [{"maxSkew": 1}]}, "topologyKey", id="spread without a topology key"
        ),
        pytest.param({"livenessProbe": {"httpGet": {"path": "/"}}}, "httpGet", id="probe with a handler"),
        pytest.param({"podDisruptionBudget": {"maxUnavailable": 0}}, "/podDisruptionBudget", id="budget of zero"),
        pytest.param({"settings": {"logLevel": "loud"}}, "/settings/logLevel", id="unknown log level"),
        pytest.param({"settings": {"log_level": "info"}}, "log_level", id="a setting under its variable's name"),
        pytest.param({"settings": {"namespaces": ["a"]}}, "namespaces", id="a setting that is a value of its own"),
        pytest.param({"settings": {"concurrency": 0}}, "/settings/concurrency", id="no concurrency"),
        pytest.param({"settings": {"entryPoints": []}}, "/settings/entryPoints", id="no entry points"),
        pytest.param({"settings": {"entryPoints": ["a@b"]}}, "/settings/entryPoints/0", id="entry point with an at"),
        pytest.param({"settings": {"trustedProxies": "10.0.0.0/8"}}, "/settings/trustedProxies", id="list is a string"),
        pytest.param({"settings": {"healthPort": 0}}, "/settings/healthPort", id="port 0"),
        pytest.param({"namespaces": ["UPPER"]}, "/namespaces/0", id="namespace in upper case"),
        pytest.param({"namespaces": ["a", "a"]}, "/namespaces", id="namespace twice"),
        pytest.param({"extraEnv": [{"value": "a"}]}, "name", id="variable without a name"),
        pytest.param(
            {"extraEnv": [{"name": "PROXIEDAPP_LOG_LEVEL", "value": "debug"}]},
            "/extraEnv/0/name",
            id="a setting as an extra variable",
        ),
        pytest.param({"metrics": {"service": {"port": 70000}}}, "/metrics/service/port", id="port too high"),
        pytest.param(
            {"metrics": {"serviceMonitor": {"interval": "30"}}},
            "/metrics/serviceMonitor/interval",
            id="interval without a unit",
        ),
        pytest.param(
            {"metrics": {"prometheusRule": {"disabled": ["Typo"]}}},
            "/metrics/prometheusRule/disabled/0",
            id="an alert that does not exist",
        ),
        pytest.param(
            {"metrics": {"prometheusRule": {"job": 'a"b'}}}, "/metrics/prometheusRule/job", id="a job with a quote"
        ),
        pytest.param({"networkPolicy": {"from": [{"namespace": "a"}]}}, "namespace", id="invalid peer"),
        pytest.param({"test": {"enabled": True}}, "/test/image", id="test without an image"),
        # Templates report values that contradict each other.
        pytest.param(
            {"metrics": {"service": {"enabled": False}, "serviceMonitor": {"enabled": True}}},
            "metrics.serviceMonitor.enabled needs metrics.service.enabled",
            id="ServiceMonitor without a Service",
        ),
        pytest.param(
            {"metrics": {"service": {"enabled": False}, "prometheusRule": {"enabled": True}}},
            "metrics.prometheusRule.enabled needs metrics.service.enabled, or metrics.prometheusRule.job",
            id="alerts for a job that does not exist",
        ),
        pytest.param(
            {"namespaces": ["team-a"], "test": {"enabled": True, "image": "kubectl"}},
            "the operator does not serve the namespace proxiedapp-system",
            id="a test in a namespace that is not served",
        ),
    ],
)
async def test_invalid_value_is_rejected_and_named(
    helm: Helm, tmp_path: Path, values: dict[str, Any], named: str
) -> None:
    file = tmp_path / "values.json"
    file.write_text(json.dumps({"image": {"repository": "proxiedapp/operator"}} | values))
    release = ("proxiedapp", CHART, "-n", "proxiedapp-system", "--kube-version", KUBE_VERSION)
    done = helm.run("template", *release, "--values", file)
    assert done.returncode != 0
    assert named in done.stderr


async def test_chart_without_an_image_says_what_to_set(helm: Helm) -> None:
    """The default was a name that anyone could have registered, and its pods never started."""
    done = helm.run("template", "proxiedapp", CHART, "--kube-version", KUBE_VERSION)
    assert (done.returncode, done.stdout) == (1, "")
    assert "image.repository is not set: build the operator's image, push it to a registry" in done.stderr
    assert "--set image.repository=registry.example/proxiedapp" in done.stderr


async def test_cluster_that_is_too_old_is_rejected(helm: Helm) -> None:
    done = helm.run("template", "proxiedapp", CHART, "--kube-version", "1.30.9")
    assert done.returncode != 0
    assert "requires kubeVersion: >=1.31.0-0 which is incompatible with Kubernetes v1.30.9" in done.stderr
