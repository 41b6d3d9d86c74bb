"""What each field type accepts and rejects, on both sides of every bound."""

from typing import Any

import pytest

from proxiedapp.api.app import parse_spec
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.quantities import is_positive
from tests.support.apps import a_spec


def accepts(**fields: Any) -> bool:
    try:
        parse_spec(a_spec(**fields))
    except InvalidSpecError:
        return False
    return True


def metric(value: str | float) -> dict[str, Any]:
    target = {"type": "Value", "value": value}
    return {"type": "External", "external": {"metric": {"name": "queue"}, "target": target}}


@pytest.mark.parametrize(
    "host", ["a", "a.b", "api.example.com", "a-b.c1", "1.2.3.4", "a" * 63, ".".join(["a" * 49] * 5), "*.a", "*.a.b"]
)
def test_host_is_accepted(host: str) -> None:
    assert accepts(route={"hosts": [host]})


@pytest.mark.parametrize(
    "host",
    [
        "", "A.b", "a.b.", ".a", "a..b", "-a", "a-", "a.-b", "a_b", "*", "*.", "*a.b", "a.*", "*.*.a", "a b", 'a"',
        "a`", "a@b", "a:80",
        "a/b", "é.b", "a\N{FULLWIDTH FULL STOP}b", "a\n", "a" * 64, ".".join(["a" * 50] * 5),
    ],
)  # fmt: skip
def test_host_is_rejected(host: str) -> None:
    assert not accepts(route={"hosts": [host]})


@pytest.mark.parametrize(
    "prefix",
    ["/", "/a", "/api/v1", "/api.v1/x_y-z~", "/.well-known", "/...", "/a.", "/..a", "/" + "a" * 255],
)
def test_prefix_is_accepted(prefix: str) -> None:
    assert accepts(prefix=prefix)


@pytest.mark.parametrize(
    "prefix",
    [
        "", "a", "api/v1", "/a/", "//", "//a", "/a//b", "/.", "/..", "/a/..", "/./a", "/a/../b", "/a b", "/a%20b",
        "/%2f", "/a;b", "/a:b", "/a@b", "/a?b", "/a#b", "/a*", "/a\\b", '/a"', "/a`", "/é", "/a\n", "/a\0",
        "/" + "a" * 256,
    ],
)  # fmt: skip
def test_prefix_is_rejected(prefix: str) -> None:
    assert not accepts(prefix=prefix)


@pytest.mark.parametrize(
    "network",
    [
        "10.42.0.9", "10.42.0.0/16", "10.0.0.1/32", "0.0.0.0/1", "::", "::1", "fc00::/7", "2001:db8::1/128",
        "fd00:0:0::/48", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "::ffff:10.42.0.9/128",
    ],
)  # fmt: skip
def test_address_or_network_is_accepted(network: str) -> None:
    assert accepts(proxy={"trustedProxies": [network]})


@pytest.mark.parametrize(
    "network",
    [
        "", "*", "0.0.0.0/0", "::/0", "localhost", "traefik.kube-system", "10.42.0.9/16", "127.0.0.1/8",
        "10.42.0.0/33", "10.42.0.0/", "10.42.0.0/08", "10.42.0.0/255.255.0.0",
        "10.42.0", "010.42.0.1", "10.42.0.0/16 ", " 10.0.0.0/8",
        "10.0.0.0/8,10.1.0.0/16", "fc00::1/7", "fc00::/129", "fe80::1%eth0", "::ffff:10.0.0.1/104", "::ffff:10.0.0.256",
        "::ffff:0.0.0.0/96", "::ffff:010.0.0.1", "::ffff:a00:1", "::FFFF:10.0.0.1", "[::1]",
        "10.0.0.1:80", "\N{ARABIC-INDIC DIGIT ONE}0.0.0.0/8",
        "10.0.0.0/\N{ARABIC-INDIC DIGIT EIGHT}",
    ],
)  # fmt: skip
def test_address_or_network_is_rejected(network: str) -> None:
    assert not accepts(proxy={"trustedProxies": [network]})


@pytest.mark.parametrize(
    "networks",
    [
        pytest.param(["0.0.0.0/1", "128.0.0.0/1"], id="both halves of IPv4"),
        pytest.param(["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], id="all but multicast and reserved addresses"),
        pytest.param([f"{n}.0.0.0/3" for n in range(0, 256, 32)], id="many parts of IPv4"),
        pytest.param([*(f"{n}.0.0.0/4" for n in range(0, 144, 16)), "10.0.0.1"], id="more than half of IPv4"),
        pytest.param(["::/1", "8000::/1"], id="both halves of IPv6"),
        pytest.param(["2000::/4", "3000::/4"], id="all global addresses of IPv6"),
        pytest.param(["::/80"], id="all of IPv4, mapped into IPv6"),
        pytest.param(["::ffff:0.0.0.0/97", "::ffff:128.0.0.0/97"], id="both halves of IPv4, mapped"),
        pytest.param(["::/64", "10.0.0.0/8"], id="all of IPv4 in a larger network"),
    ],
)
def test_networks_of_most_addresses_are_rejected_like_a_star(networks: list[str]) -> None:
    assert not accepts(proxy={"trustedProxies": networks})
    assert not accepts(proxy={"trustedProxies": networks, "isolate": True})


@pytest.mark.parametrize(
    "networks",
    [
        pytest.param(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"], id="all private networks"),
        pytest.param(["0.0.0.0/1"], id="half of IPv4"),
        pytest.param(["0.0.0.0/1", "10.0.0.0/8"], id="a network within another"),
        pytest.param(["2000::/4", "fc00::/7", "::1"], id="half of the global addresses of IPv6"),
    ],
)
def test_networks_of_at_most_half_of_all_addresses_are_accepted(networks: list[str]) -> None:
    assert accepts(proxy={"trustedProxies": networks})


@pytest.mark.parametrize(
    "value", [1, "1", "+1", "0.5", ".5", "00.010", "10", "500m", "5.", "1e-3", "1n", 0.5, 1e-3], ids=repr
)
def test_value_of_a_metric_above_0_is_accepted(value: str | float) -> None:
    assert is_positive(value)
    assert accepts(autoscaling={"maxReplicas": 3, "metrics": [metric(value)]})


@pytest.mark.parametrize("value", [0, -1, "0", "-1", "0.0", ".0", "0e3", "0m", "00", "+0", "", 0.0, -0.5], ids=repr)
def test_value_of_a_metric_of_0_or_less_is_rejected(value: str | float) -> None:
    assert not is_positive(value)
    assert not accepts(autoscaling={"maxReplicas": 3, "metrics": [metric(value)]})


@pytest.mark.parametrize(
    "quantity", [0, "00", "1", "0.5", "500m", "1.5Gi", ".5", "5.", "+1", "1e3", "1E-3", "1E", "100n", "128Mi"]
)
def test_quantity_is_accepted(quantity: str | int) -> None:
    assert accepts(resources={"limits": {"cpu": quantity}})


@pytest.mark.parametrize(("number", "text"), [(0.5, "0.5"), (2.0, "2.0"), (1e-7, "1e-07"), (1e30, "1e+30")])
def test_quantity_without_quotes_is_read_as_its_text(number: float, text: str) -> None:
    """YAML reads `cpu: 0.5` as a number, and a Deployment accepts it."""
    limits = {"limits": {"cpu": number}}
    volume = {"name": "a", "emptyDir": {"sizeLimit": number}}
    spec = parse_spec(a_spec(resources=limits, volumes=[volume]))
    assert spec.resources is not None
    assert spec.volumes is not None
    assert spec.resources.limits == {"cpu": text}
    assert spec.volumes[0].empty_dir == {"sizeLimit": text}


@pytest.mark.parametrize(
    "quantity",
    ["", "a", -1, "-2", "1 ", "1mi", "1Kib", "1e", "1,5", "0x1", "--1", "1" * 65, -0.5, True, False, ["1"], {}],
)
def test_quantity_is_rejected(quantity: Any) -> None:
    assert not accepts(resources={"limits": {"cpu": quantity}})


@pytest.mark.parametrize("name", ["A", "_", "a.b-c", "-a", ".a", "A1"])
def test_name_of_a_variable_is_accepted(name: str) -> None:
    assert accepts(env=[{"name": name}])


@pytest.mark.parametrize("name", ["", "1", "A=B", "A B", "A\n", "É", "$A"])
def test_name_of_a_variable_is_rejected(name: str) -> None:
    assert not accepts(env=[{"name": name}])


@pytest.mark.parametrize("path", ["/", "/healthz", "/a/b?c=d&e=%20", "/a:b@c;d=1,2!*'()"])
def test_path_of_a_probe_is_accepted(path: str) -> None:
    assert accepts(probes={"readiness": {"path": path}})


@pytest.mark.parametrize(
    "path", ["", "healthz", "/a b", "/a#b", '/a"', "/a\\b", "/é", "/a\n", "http://a/b", "/" + "a" * 1024]
)
def test_path_of_a_probe_is_rejected(path: str) -> None:
    assert not accepts(probes={"readiness": {"path": path}})


@pytest.mark.parametrize(
    "app",
    ["main:app", "a.b.c:make_app", "a:b.c", "_a1:_b"],
)
def test_app_of_uvicorn_is_accepted(app: str) -> None:
    assert accepts(server={"kind": "uvicorn", "app": app})


@pytest.mark.parametrize(
    "app", ["", "main", "main.py", ":app", "main:", "a b:c", "a:b c", "a..b:c", ".a:b", "a:b;c", "a-b:c", "$(X):a"]
)
def test_app_of_uvicorn_is_rejected(app: str) -> None:
    assert not accepts(server={"kind": "uvicorn", "app": app})


@pytest.mark.parametrize("app", ["main:app", "main.py", "app/main.py", "./app", "/srv/my-app/main.py"])
def test_app_of_fastapi_is_accepted(app: str) -> None:
    assert accepts(server={"kind": "fastapi", "app": app})


@pytest.mark.parametrize("image", ["a", "ghcr.io/acme/shop:1.4.2", "localhost:5000/a_b@sha256:" + "0" * 64])
def test_image_is_accepted(image: str) -> None:
    assert accepts(image=image)


@pytest.mark.parametrize("image", ["", " ", "a b", "a\n", "a\v", "a\N{NO-BREAK SPACE}", "é", "a" * 1025])
def test_image_is_rejected(image: str) -> None:
    assert not accepts(image=image)
