"""From where an app behind a Gateway redirects to https, and to which port."""

from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.resources.desired import desired
from proxiedapp.routing.route import Parent
from tests.support.apps import DEFAULTS, an_app

MAIN = {"namespace": "infra", "name": "main", "sectionName": "https"}
OTHER = MAIN | {"name": "other"}
LISTENERS = {"infra/main/http": "http://*", "infra/main/https": "https://*:8443"}


def redirecting(urls: dict[str, str], *refs: dict[str, str]) -> Any:
    entry_points = replace(DEFAULTS.entry_points, urls=urls)
    route = {"hosts": ["a.test"], "redirectToHTTPS": True, "parentRefs": list(refs or (MAIN,))}
    return desired(an_app(route=route), replace(DEFAULTS, entry_points=entry_points))


PUBLIC = {"infra/main": "https://a.test:8443", "infra/other": "https://b.test:8443"}


@pytest.mark.parametrize(
    ("urls", "refs", "target"),
    [
        pytest.param({}, [MAIN], {}, id="nothing is known"),
        pytest.param(PUBLIC, [MAIN], {"scheme": "https", "port": 8443}, id="the address of the Gateway"),
        pytest.param({"infra/main": "http://*"}, [MAIN], {"scheme": "http", "port": 80}, id="the standard port"),
        pytest.param(PUBLIC, [MAIN, OTHER], {"scheme": "https", "port": 8443}, id="two Gateways with one port"),
        pytest.param(PUBLIC | {"infra/other": "https://*"}, [MAIN, OTHER], {}, id="two Gateways with two ports"),
        pytest.param(PUBLIC, [{"namespace": "infra", "name": "main"}], {}, id="perhaps several listeners"),
        pytest.param(LISTENERS, [MAIN], {}, id="only the addresses of listeners"),
        pytest.param(
            PUBLIC | {"infra/main/http": "http://*"},
            [MAIN | {"sectionName": "http"}],
            {},
            id="a listener with another scheme than the Gateway's address",
        ),
    ],
)
def test_redirect_of_the_bare_prefix_names_what_the_settings_name(
    urls: dict[str, str], refs: list[dict[str, str]], target: dict[str, Any]
) -> None:
    entry_points = replace(DEFAULTS.entry_points, urls=urls, reported=PUBLIC)
    app = an_app(route={"hosts": ["a.test"], "parentRefs": refs})
    (route,) = [
        one for one in desired(app, replace(DEFAULTS, entry_points=entry_points)).children if one["kind"] == "HTTPRoute"
    ]
    (redirect,) = [one for rule in route["spec"]["rules"] for one in rule["filters"] if "requestRedirect" in one]
    assert redirect["requestRedirect"] == target | {
        "path": {"type": "ReplaceFullPath", "replaceFullPath": "/api/v1/"},
        "statusCode": 302,
    }


@pytest.mark.parametrize(
    ("urls", "port"),
    [
        pytest.param(LISTENERS, 8443, id="the port of the listener"),
        pytest.param({**LISTENERS, "infra/main": "https://*"}, 443, id="the port of the Gateway comes first"),
        pytest.param({**LISTENERS, "infra/main/https": "https://*"}, 443, id="the standard port is written, too"),
    ],
)
def test_port_of_the_redirect(urls: dict[str, str], port: int) -> None:
    found = redirecting(urls)
    main, plain = [one for one in found.children if one["kind"] == "HTTPRoute"]
    assert plain["spec"]["rules"][0]["filters"][0]["requestRedirect"]["port"] == port
    assert [one["sectionName"] for one in main["spec"]["parentRefs"]] == ["https"]
    assert found.route.plain_parents == (Parent("infra", "main", "http"),)


def test_every_plain_listener_redirects() -> None:
    found = redirecting({**LISTENERS, "infra/main/http-internal": "http://*", "infra/mains/http": "http://*"})
    assert [one.section for one in found.route.plain_parents] == ["http", "http-internal"]


@pytest.mark.parametrize(
    ("urls", "refs", "problem"),
    [
        pytest.param({}, [MAIN], "the listener infra/main/https is not known", id="nothing is known"),
        pytest.param({"infra/main": "https://*"}, [MAIN], "no listener without TLS", id="no plain listener is known"),
        pytest.param({"infra/main/https": "http://*"}, [MAIN], "does not use https", id="the wrong listener"),
        pytest.param(
            {**LISTENERS, "infra/other/http": "http://*", "infra/other": "https://*"},
            [MAIN, OTHER],
            "different ports: 443, 8443",
            id="several ports",
        ),
    ],
)
def test_redirect_without_a_known_target_is_rejected(
    urls: dict[str, str], refs: list[dict[str, str]], problem: str
) -> None:
    with pytest.raises(InvalidSpecError, match=r"spec\.route\.redirectToHTTPS") as raised:
        redirecting(urls, *refs)
    assert problem in str(raised.value)


def test_redirect_requires_the_name_of_the_listener() -> None:
    with pytest.raises(InvalidSpecError, match="requires sectionName"):
        redirecting(LISTENERS, {"namespace": "infra", "name": "main"})
