"""`explain` gives the reason of each value that the operator writes, and the way of one request."""

from typing import Any

import pytest

from proxiedapp.local.explain.explain import explain
from proxiedapp.local.explain.explanation import Explanation, Item
from proxiedapp.local.explain.text import as_text
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.kinds import DEPLOYMENT
from tests.support.apps import DEFAULTS, ENTRY_POINTS, an_app


def explained(**spec: Any) -> tuple[Desired, Explanation]:
    found = desired(an_app(**spec), DEFAULTS)
    return found, explain(found, ENTRY_POINTS.urls)


def items(found: Explanation) -> list[Item]:
    return [item for section in found.sections for item in section.items]


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        (["uvicorn", "main:app"], "strips"),
        (["fastapi", "run", "main.py"], "strips"),
        (["hypercorn", "main:app"], "strips"),
        (["gunicorn", "-k", "uvicorn.workers.UvicornWorker", "main:app"], "strips"),
        (["sh", "-c", "exec uvicorn main:app"], "strips"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else one,
)
def test_every_flag_and_variable_of_the_operator_has_a_reason(command: list[str], verb: str) -> None:
    found, explanation = explained(command=command)
    listed = {item.what.partition("=")[0].split()[0] for item in items(explanation) if item.why}
    (deployment,) = [one for one in found.children if one["kind"] == DEPLOYMENT.kind]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    added = " ".join(container["command"]).removeprefix(" ".join(command)).split()
    assert {word for word in added if word.startswith("--")} <= listed
    assert {variable["name"] for variable in container["env"]} <= listed
    assert f"The proxy {verb} /api/v1" in explanation.sections[0].summary


def test_server_without_the_adapter_keeps_the_prefix_and_says_what_stays_wrong() -> None:
    _, explanation = explained(command=["hypercorn", "main:app"], server={"adapter": "Never"})
    summary = explanation.sections[0].summary
    assert "The proxy keeps /api/v1, because hypercorn only passes its root path on" in summary
    assert "Not everything can be right: hypercorn has no option for trusted proxies" in summary
    assert "  GET /api/v1/docs" in as_text(explanation, 80)


def test_own_flag_of_the_author_is_marked() -> None:
    _, explanation = explained(command=["uvicorn", "main:app", "--port", "8000"])
    (port,) = [item for item in items(explanation) if item.what == "--port 8000"]
    assert port.why.startswith("from spec.command; ")


def test_request_shows_what_each_station_gets() -> None:
    found = desired(an_app(route={"hosts": ["shop.test"]}), DEFAULTS)
    browser, proxy, server, app = explain(found, ENTRY_POINTS.urls, "/items").request
    assert browser.lines == ("GET https://shop.test/api/v1/items",)
    assert proxy.lines[1:3] == ("strips /api/v1, and removes headers that the client may have forged", "GET /items")
    assert server.lines[0] == "gets GET /items on port 8000, from the Service shop"
    assert app.lines[0] == "path /api/v1/items, root_path /api/v1, so the app's own route /items answers"


def test_app_without_a_prefix_has_nothing_to_strip() -> None:
    _, explanation = explained(prefix="/")
    assert "there is nothing to strip" in explanation.sections[0].summary
    assert "there is no root_path" in as_text(explanation, 100)


def test_every_middleware_is_named_in_order_with_what_it_does() -> None:
    found, explanation = explained(route={"middlewares": [{"name": "auth"}]})
    numbered = [item for item in items(explanation) if item.what.startswith("middleware ")]
    assert numbered[0] == Item("middleware 1: auth", numbered[0].why)
    assert numbered[0].why.startswith("your own")
    assert "removes /api/v1 from the path" in [item.why for item in numbered]
    assert found.route.rule.format() in [item.what for item in items(explanation)]


def test_live_objects_are_explained_as_they_are() -> None:
    found = desired(an_app(), DEFAULTS)
    live = [one for one in found.children if one["kind"] == DEPLOYMENT.kind]
    live[0]["spec"]["template"]["spec"]["containers"][0]["command"] = ["uvicorn", "main:app", "--root-path", "/other"]
    ready = {"type": "Ready", "status": "False", "reason": "Retrying", "message": "The API server is away."}
    explanation = explain(found, ENTRY_POINTS.urls, live=live, status={"conditions": [ready]})
    text = as_text(explanation, 100)
    assert "--root-path /other" in text
    assert "There is no route yet" in text
    assert "Ready is False (Retrying): The API server is away." in text


@pytest.mark.parametrize("width", [20, 60, 110])
def test_prose_fits_the_width(width: int) -> None:
    _, explanation = explained()
    for line in as_text(explanation, width).splitlines():
        assert len(line) <= max(width, 40) or len(line.split()) == 1 or line.startswith("  ")


def test_http_route_is_explained_with_its_gateways_match_and_filters() -> None:
    parents = [{"name": "main", "namespace": "infra", "sectionName": "https"}]
    _, explanation = explained(route={"hosts": ["a.test"], "parentRefs": parents})
    text = as_text(explanation, 200)
    assert "serves the app at the Gateway infra/main, listener https" in text
    assert "PathPrefix /api/v1 at a.test" in text
    assert "replaces the prefix of the path by /" in text
    assert "timeout 0s" in text
    assert "X-Forwarded-Host: a.test" not in text
