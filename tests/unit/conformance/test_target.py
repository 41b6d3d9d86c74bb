"""What the conformance suite accepts as a Gateway, and the one line for everything else."""

from typing import Any

import pytest

from tests.conformance.__main__ import main
from tests.conformance.errors import ConformanceError
from tests.conformance.target import Address, Given, find_target

HTTP = {"name": "http", "protocol": "HTTP", "port": 8000}
HTTPS = {"name": "https", "protocol": "HTTPS", "port": 8443}
STATUS = {"addresses": [{"type": "IPAddress", "value": "192.0.2.7"}]}
CRD = {"metadata": {"annotations": {"gateway.networking.k8s.io/bundle-version": "v1.6.1"}}}


class FakeCluster:
    """Has the objects whose paths end with these texts."""

    def __init__(self, **found: Any) -> None:
        self._found = found

    def read(self, path: str) -> Any:
        return self._found.get(path.rpartition("/")[2].partition(".")[0])


def cluster(*listeners: dict[str, Any], class_: dict[str, Any] | None = None, status: Any = STATUS) -> Any:
    gateway = {"spec": {"gatewayClassName": "class", "listeners": list(listeners)}, "status": status}
    return FakeCluster(httproutes=CRD, main=gateway, **{"class": class_})


def test_addresses_are_those_of_the_status() -> None:
    found = find_target(cluster(HTTP, HTTPS, HTTP | {"port": 1}), Given("infra", "main"))
    assert set(found.addresses) == {Address("http", "192.0.2.7", 8000), Address("https", "192.0.2.7", 8443)}
    assert (found.bundle, found.features, found.controller) == ("v1.6.1 unknown", None, "unknown")


def test_given_addresses_come_first() -> None:
    given = Given.parse("infra/main", "http://proxy.test,https://proxy.test:444")
    assert find_target(cluster(HTTP), given).addresses == (
        Address("http", "proxy.test", 80),
        Address("https", "proxy.test", 444),
    )


def test_features_are_those_of_the_class() -> None:
    class_ = {"spec": {"controllerName": "a.test/b"}, "status": {"supportedFeatures": [{"name": "B"}, "A"]}}
    found = find_target(cluster(HTTP, class_=class_), Given("infra", "main"))
    assert (found.controller, found.features) == ("a.test/b", ("A", "B"))


def test_hosts_are_below_the_wildcard_of_a_listener() -> None:
    listeners = HTTP | {"hostname": "*.b.test"}, HTTPS | {"hostname": "only.test"}
    assert find_target(cluster(*listeners), Given("infra", "main")).domain == "b.test"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (FakeCluster(), "the cluster has no Gateway API"),
        (FakeCluster(httproutes=CRD), "the Gateway infra/main does not exist"),
        (cluster(HTTP, status={}), "has none in status.addresses, so give URLS"),
        (cluster(HTTPS), "no address of a listener for http is known"),
        (cluster(HTTP | {"hostname": "one.test"}), "the listeners have the hostnames one.test"),
    ],
)
def test_unusable_gateways_are_errors(made: Any, message: str) -> None:
    with pytest.raises(ConformanceError, match=message):
        find_target(made, Given("infra", "main"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "GATEWAY= must be NAMESPACE/NAME, such as infra/main"),
        (["--gateway", "main"], "GATEWAY=main must be NAMESPACE/NAME, such as infra/main"),
        (["--gateway", "a/b", "--urls", "192.0.2.7:80"], "192.0.2.7:80 must be scheme, host and port"),
        (["--gateway", "a/b", "--urls", "http://h/path"], "http://h/path must be scheme, host and port"),
        (["--gateway", "a/b", "--urls", "http://h:port"], "http://h:port: Port could not be cast"),
        (["--gateway", "a/b", "--kubeconfig", "/absent", "--output", "/dev/null"], "no kubeconfig at /absent"),
        (["--gateway", "a/b", "--output", "/absent/report.yaml"], "/absent/report.yaml"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert str(ended.value).startswith("conformance: ")
    assert message in str(ended.value)
    assert "\n" not in str(ended.value)
