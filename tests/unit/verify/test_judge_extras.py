"""The paths that were named to be looked at."""

from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from tests.support.evidence import (
    HTML,
    ORIGIN,
    PREFIX,
    a_docs_page,
    an_answer,
    apps_404,
    found,
    silence,
    the_schema,
    unjudged,
    with_extra,
    wrong_codes,
)

SUB = f"{PREFIX}/subapi"
SUB_SCHEMA = f"{SUB}/openapi.json"


def mounted(*servers: str) -> Evidence:
    return with_extra("/subapi/openapi.json", the_schema(*servers, path=SUB_SCHEMA))


def mounted_docs(url: str, docs_schema: Any) -> Evidence:
    return with_extra("/subapi/docs", an_answer(f"{SUB}/docs", body=a_docs_page(url), kind=HTML), docs_schema)


def at(path: str, status: int = 200, **fields: Any) -> Evidence:
    return with_extra(path, an_answer(PREFIX + path.removeprefix("ws:"), status, **fields))


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(mounted(SUB), id="mounted schema"),
        pytest.param(mounted(SUB, "https://a.example"), id="with servers of its own"),
        pytest.param(mounted(ORIGIN + SUB), id="as a whole URL"),
        pytest.param(mounted_docs(SUB_SCHEMA, the_schema(SUB, path=SUB_SCHEMA)), id="mounted docs"),
        pytest.param(
            mounted_docs(f"{SUB}/s.json", the_schema(SUB, path=f"{SUB}/s.json")), id="another path of its own"
        ),
        pytest.param(at("/static/x.css", body="{}"), id="a file"),
        pytest.param(at("/items", 405), id="a route for POST"),
        pytest.param(at("/items", 422), id="a route that wants parameters"),
        pytest.param(at("/start", 302, location="https://login.example/"), id="a redirect of its own"),
        pytest.param(at("/items", 307, location=f"{ORIGIN}{PREFIX}/items/"), id="a slash redirect"),
        pytest.param(at("ws:/ws", 101), id="a websocket"),
    ],
)
def test_what_answers_is_right(given: Evidence) -> None:
    assert wrong_codes(given) == []
    assert unjudged(given) == set()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param(mounted(), Code.MOUNTED_APP, id="root_path_in_servers is off"),
        pytest.param(mounted("https://a.example"), Code.MOUNTED_APP, id="servers of its own"),
        pytest.param(mounted("https://a.example", SUB), Code.MOUNTED_APP, id="servers of its own first"),
        pytest.param(mounted_docs("https://a.example/x.json", None), Code.MOUNTED_APP, id="docs load from elsewhere"),
        pytest.param(at("/subapi/docs", 401), Code.MOUNTED_APP, id="login before a mounted app"),
        pytest.param(at("/subapi/openapi.json", body="[]"), Code.MOUNTED_APP, id="no schema at all"),
        pytest.param(at("/app", 401), Code.EXTRA_PATH, id="login"),
        pytest.param(at("/app", 429), Code.EXTRA_PATH, id="too often"),
        pytest.param(at("ws:/ws", 401), Code.WEBSOCKET, id="login before a websocket"),
        pytest.param(at("ws:/ws", 302, location="/login"), Code.WEBSOCKET, id="a redirect to the login"),
    ],
)
def test_what_is_not_told_is_not_judged(given: Evidence, code: Code) -> None:
    assert wrong_codes(given) == []
    assert unjudged(given) == {code}


@pytest.mark.parametrize(
    ("given", "code", "advice"),
    [
        pytest.param(mounted("/subapi"), Code.MOUNTED_APP, "root-path", id="the prefix is missing"),
        pytest.param(mounted(f"{PREFIX}//subapi"), Code.MOUNTED_APP, "root-path", id="two slashes"),
        pytest.param(
            with_extra("/subapi/openapi.json", apps_404(SUB_SCHEMA)), Code.MOUNTED_APP, "remove the strip", id="404"
        ),
        pytest.param(
            mounted_docs("/subapi/openapi.json", None),
            Code.MOUNTED_APP,
            "remove the strip",
            id="docs without the prefix",
        ),
        pytest.param(mounted_docs(SUB_SCHEMA, apps_404(SUB_SCHEMA)), Code.MOUNTED_APP, "strip", id="docs load nothing"),
        pytest.param(at("/static/x.css", 404), Code.EXTRA_PATH, "Check that the app has this path", id="no file"),
        pytest.param(at("/app", 500), Code.EXTRA_PATH, "log", id="the app fails"),
        pytest.param(at("/app", 502), Code.EXTRA_PATH, "log", id="the proxy fails"),
        pytest.param(at(f"{PREFIX}/app", 404), Code.EXTRA_PATH, "without /api/v1", id="given with the prefix"),
        pytest.param(
            at("/items", 307, location=f"{ORIGIN}/items/"),
            Code.EXTRA_PATH,
            "remove the strip",
            id="redirect loses the prefix",
        ),
        pytest.param(
            with_extra("/slow", silence(f"{PREFIX}/slow")), Code.EXTRA_PATH, "does not answer", id="no answer in time"
        ),
        pytest.param(at("ws:/ws", 403), Code.WEBSOCKET, "Upgrade", id="no such websocket"),
        pytest.param(at("ws:/ws", 404), Code.WEBSOCKET, "Upgrade", id="the upgrade got lost"),
        pytest.param(at("ws:/ws", 200), Code.WEBSOCKET, "Upgrade", id="a page instead"),
        pytest.param(with_extra("ws:/ws", silence(f"{PREFIX}/ws")), Code.WEBSOCKET, "Upgrade", id="a silent websocket"),
    ],
)
def test_what_does_not_is_wrong(given: Evidence, code: Code, advice: str) -> None:
    assert wrong_codes(given) == [code]
    assert advice in found(given, code).fix


def test_a_finding_names_the_path_as_clients_see_it() -> None:
    assert found(at("/static/x.css", 404), Code.EXTRA_PATH).seen == f"{PREFIX}/static/x.css answers 404"
