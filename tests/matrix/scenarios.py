"""The columns of the matrix: what FastAPI's page on proxies promises, as checks of live answers.

The scenarios are those of that page (https://fastapi.tiangolo.com/advanced/behind-a-proxy/), numbered; a check that is
made at both doors of the proxy counts twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
from websockets.exceptions import WebSocketException

from tests.matrix.rows import PREFIX, Role, Row
from tests.matrix.visit import DOORS, Direct, Place, Visit, WrongAnswerError, docs_url, same

SCHEMA: Final = f"{PREFIX}/openapi.json"
STAGING: Final = {"url": "https://stag.example.com", "description": "Staging environment"}
PRODUCTION: Final = {"url": "https://prod.example.com", "description": "Production environment"}

FORGED: Final = {
    "X-Forwarded-For": "192.0.2.66",
    "X-Forwarded-Host": "forged.invalid",
    "X-Forwarded-Port": "6666",
    "X-Forwarded-Prefix": "/forged",
    "X-Forwarded-Server": "forged",
    "X-Real-Ip": "192.0.2.67",
    "Daphne-Root-Path": "/forged-by-daphne",
    "X-Script-Name": "/forged-by-script",
}
"""What a client sends who wants to pass for a proxy; the scheme is added, since it must differ from the true one."""

OTHER_PROXIES: Final = {
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Scheme": "gopher",
    "X-Forwarded-Ssl": "on",
    "X-Original-Host": "forged.invalid",
    "X-Original-Url": "/forged",
    "X-Scheme": "gopher",
    "True-Client-Ip": "192.0.2.69",
}
"""What proxies other than Traefik say; it passes them on, and no server may believe them."""


@dataclass(frozen=True)
class Column:
    """A group of scenarios."""

    title: str
    scenarios: str


FORWARDED: Final = Column("Forwarded headers, https redirect", "S1-S5")
STRIPPED: Final = Column("Prefix and root_path", "S6-S9")
DOCS: Final = Column("Docs pages and schema", "S10-S12")
BESIDE: Final = Column("Beside the prefix", "S13, S25")
IN_CODE: Final = Column("FastAPI(root_path=)", "S14, S15")
ADDITIONAL: Final = Column("Additional servers", "S17, S18")
OWN: Final = Column("root_path_in_servers=False", "S19")
MOUNTED: Final = Column("Mounted apps, nested", "S20, S21")
STATIC: Final = Column("Static files", "-")
STRIP_MODE: Final = Column("stripPrefix: Never, Always", "S16, S22, S23")
WEBSOCKET: Final = Column("Websocket", "S26")
VARIABLES: Final = Column("Variables instead of flags", "S27")
FORGERY: Final = Column("Forged headers", "-")

COLUMNS: Final = (
    FORWARDED, STRIPPED, DOCS, BESIDE, IN_CODE, ADDITIONAL, OWN, MOUNTED, STATIC, STRIP_MODE, WEBSOCKET, VARIABLES,
    FORGERY,
)  # fmt: skip

Applies = Callable[[Row], bool]


@dataclass(frozen=True)
class Check:
    """One thing that is right or wrong."""

    column: Column
    scenario: str
    name: str
    run: Callable[[Visit], None]
    once: bool
    """Whether the door makes no difference."""
    role: Role
    label: str
    applies: Applies


@dataclass(frozen=True)
class Outcome:
    """How a check went, at which door if that matters."""

    check: Check
    door: str
    wrong: str
    """What is wrong; empty if nothing is."""

    @property
    def sentence(self) -> str:
        return f"{self.check.scenario} {self.check.name}{f' ({self.door})' if self.door else ''}"


CHECKS: Final[list[Check]] = []


def check(
    column: Column,
    scenario: str,
    *,
    once: bool = False,
    role: Role = Role.MAIN,
    label: str = "plain",
    applies: Applies | None = None,
) -> Callable[[Callable[[Visit], None]], Callable[[Visit], None]]:
    """Enter a function into the table; its name says what is right."""

    def enter(run: Callable[[Visit], None]) -> Callable[[Visit], None]:
        name = run.__name__.replace("_", " ")
        CHECKS.append(Check(column, scenario, name, run, once, role, label, applies or (lambda row: role in row.roles)))
        return run

    return enter


def run_checks(place: Place, row: Row) -> Iterator[Outcome]:
    """Make all checks that mean something for a row."""
    for each in CHECKS:
        if not each.applies(row):
            continue
        for door in DOORS[:1] if each.once else DOORS:
            try:
                each.run(Visit(place, row, door, each.role, each.label))
                wrong = ""
            except (WrongAnswerError, httpx.HTTPError, WebSocketException, OSError, LookupError, ValueError) as error:
                wrong = f"{type(error).__name__}: {error}" if not isinstance(error, WrongAnswerError) else str(error)
            yield Outcome(each, "" if each.once else door, wrong)


def redirects(at: Visit, path: str, expected: str) -> None:
    answer = at.get(path)
    same((answer.status_code, answer.headers.get("location")), (307, at.origin + expected), f"redirect of {path}")


def schema_servers(at: Visit, path: str = "/openapi.json") -> Any:
    answer = at.get(path)
    same(answer.status_code, 200, f"status of {path}")
    return answer.json().get("servers")


def docs_load(at: Visit, page: str, expected: str = SCHEMA) -> None:
    """The page answers, names the schema, and the schema is there."""
    answer = at.get(page)
    same((answer.status_code, docs_url(answer.text)), (200, expected), f"schema named by {page}")
    same(at.at_the_proxy(expected).status_code, 200, f"status of {expected}")


def proxys_404(answer: httpx.Response) -> None:
    same((answer.status_code, answer.text.strip()), (404, "404 page not found"), "the proxy's own answer")


def inner(at: Visit, path: str) -> str:
    """Return the path by which the pod itself knows a route."""
    return path if at.strips else PREFIX + path


# Forwarded headers and the https redirect


def forged_at_the_pod(at: Visit, path: str) -> Direct:
    return at.at_the_pod(inner(at, path), {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.66"})


@check(FORWARDED, "S1, S3", once=True)
def who_is_not_the_proxy_gets_no_https_redirect(at: Visit) -> None:
    answer = forged_at_the_pod(at, "/items")
    same((answer.status, answer.location), (307, f"http://{at.host}{PREFIX}/items/"), "redirect at the pod")


@check(FORWARDED, "S1, S3", once=True)
def who_is_not_the_proxy_cannot_tell_another_client(at: Visit) -> None:
    answer = forged_at_the_pod(at, "/facts")
    same(answer.json()["client"], answer.asked_from, "client at the pod")


@check(FORWARDED, "S2, S4")
def redirect_keeps_scheme_and_prefix(at: Visit) -> None:
    redirects(at, "/items", f"{PREFIX}/items/")


@check(FORWARDED, "S2")
def scheme_and_url_are_those_of_the_client(at: Visit) -> None:
    seen = at.facts()
    same((seen["scheme"], seen["url"]), (at.door, f"{at.origin}{PREFIX}/facts"), "scheme and URL")


@check(FORWARDED, "S2")
def client_is_the_one_behind_the_proxy(at: Visit) -> None:
    seen = at.facts()
    same([seen["client"]], seen["headers"]["x-forwarded-for"], "client, as the proxy told it")


@check(FORWARDED, "S5")
def headers_reach_the_app(at: Visit) -> None:
    headers = at.facts()["headers"]
    seen = {name: headers.get(f"x-forwarded-{name}") for name in ("proto", "host", "port", "prefix")}
    port = {"http": "80", "https": "443"}[at.door]
    prefix = [PREFIX] if at.strips else None
    same(seen, {"proto": [at.door], "host": [at.host], "port": [port], "prefix": prefix}, "X-Forwarded-*")
    for name in ("x-forwarded-for", "x-real-ip", "x-forwarded-server"):
        same(len(headers.get(name, [])), 1, f"number of {name}")


# The prefix


@check(STRIPPED, "S7")
def app_is_told_the_prefix(at: Visit) -> None:
    hello_world(at.get("/app"))


def hello_world(answer: httpx.Response | Direct) -> None:
    status = answer.status if isinstance(answer, Direct) else answer.status_code
    same(status, 200, "status")
    same(answer.json(), {"message": "Hello World", "root_path": PREFIX}, "answer")


@check(STRIPPED, "S7")
def path_begins_with_the_prefix(at: Visit) -> None:
    seen = at.facts()
    same((seen["root_path"], seen["path"]), (PREFIX, f"{PREFIX}/facts"), "root_path and path")


@check(STRIPPED, "S7")
def doubled_prefix_is_no_route(at: Visit) -> None:
    answer = at.get(f"{PREFIX}/app")
    same((answer.status_code, answer.headers.get("content-type")), (404, "application/json"), "the app's own answer")


@check(STRIPPED, "S8", once=True)
def pod_answers_without_the_prefix(at: Visit) -> None:
    hello_world(at.at_the_pod("/app"))


@check(STRIPPED, "S9, S22", once=True)
def pod_answers_with_the_prefix_only_if_the_proxy_keeps_it(at: Visit) -> None:
    answer = at.at_the_pod(f"{PREFIX}/app")
    same(answer.status, 404 if at.strips else 200, "status")


@check(STRIPPED, "S6", once=True, role=Role.UNTOLD)
def untold_app_loses_its_docs_and_Verified_says_so(at: Visit) -> None:  # noqa: N802 - a condition
    page = at.get("/docs")
    same((page.status_code, docs_url(page.text)), (200, "/openapi.json"), "schema named by the docs page")
    proxys_404(at.at_the_proxy("/openapi.json"))
    same(schema_servers(at), None, "servers")
    verdict(at, "OpenAPIServers")


def verdict(at: Visit, reason: str) -> None:
    said = at.condition("Verified")
    same((said.get("status"), said.get("reason")), ("False", reason), "the condition Verified")


# Docs


@check(DOCS, "S10")
def swagger_ui_loads_its_schema(at: Visit) -> None:
    docs_load(at, "/docs")


@check(DOCS, "S10")
def redoc_loads_its_schema(at: Visit) -> None:
    docs_load(at, "/redoc")


@check(DOCS, "S12")
def schema_names_the_prefix_as_its_server(at: Visit) -> None:
    schema = at.get("/openapi.json").json()
    same((schema["openapi"], schema.get("servers")), ("3.1.0", [{"url": PREFIX}]), "OpenAPI version and servers")


@check(DOCS, "S11", once=True)
def docs_at_the_pod_are_broken_where_the_proxy_strips(at: Visit) -> None:
    page = at.at_the_pod("/docs")
    same((page.status, docs_url(page.text)), (200, SCHEMA), "schema named by the docs page at the pod")
    same(at.at_the_pod(SCHEMA).status, 404 if at.strips else 200, "status of that schema at the pod")


# Beside the prefix


@check(BESIDE, "S13")
def paths_without_the_prefix_are_not_the_apps(at: Visit) -> None:
    for path in ("/app", "/openapi.json", "/"):
        proxys_404(at.at_the_proxy(path))


@check(BESIDE, "S25")
def prefixes_that_begin_alike_are_not_the_apps(at: Visit) -> None:
    for path in ("/api/v10/app", "/api/v1x/app", "/api/v1.5/app", "/API/v1/app"):
        proxys_404(at.at_the_proxy(path))


# FastAPI(root_path=)


@check(IN_CODE, "S15", label="told")
def root_path_in_code_and_at_the_server_agree(at: Visit) -> None:
    hello_world(at.get("/app"))
    docs_load(at, "/docs")
    same(schema_servers(at), [{"url": PREFIX}], "servers")


@check(IN_CODE, "S15", label="told")
def redirect_of_the_app_told_in_code(at: Visit) -> None:
    redirects(at, "/items", f"{PREFIX}/items/")


@check(IN_CODE, "S15", label="told")
def mounted_app_of_the_app_told_in_code(at: Visit) -> None:
    same(schema_servers(at, "/subapi/openapi.json"), [{"url": f"{PREFIX}/subapi"}], "servers of the mounted app")


@check(IN_CODE, "S14, S21", once=True, role=Role.TOLD)
def root_path_in_code_alone_is_half_right_and_Verified_says_so(at: Visit) -> None:  # noqa: N802 - a condition
    hello_world(at.get("/app"))
    docs_load(at, "/docs")
    same(at.get("/items").headers.get("location"), f"{at.origin}/items/", "redirect")
    same(at.get("/subapi/openapi.json").status_code, 404, "status of the mounted app")
    verdict(at, "RedirectPrefix")


# Servers in the schema


@check(ADDITIONAL, "S17", label="servers")
def prefix_stands_before_the_additional_servers(at: Visit) -> None:
    same(schema_servers(at), [{"url": PREFIX}, STAGING, PRODUCTION], "servers")


@check(ADDITIONAL, "S18", label="servers")
def docs_page_offers_them_and_the_first_one_answers(at: Visit) -> None:
    docs_load(at, "/docs")
    hello_world(at.at_the_proxy(schema_servers(at)[0]["url"] + "/app"))


@check(OWN, "S19", label="own")
def schema_names_the_apps_own_servers_alone(at: Visit) -> None:
    same(schema_servers(at), [STAGING, PRODUCTION], "servers")


@check(OWN, "S19", label="own")
def docs_still_load_and_redirects_keep_the_prefix(at: Visit) -> None:
    docs_load(at, "/docs")
    redirects(at, "/items", f"{PREFIX}/items/")


# Mounted apps


def mounted(at: Visit, where: str) -> None:
    same(at.get(f"{where}/app").json(), {"message": "Hello World", "root_path": PREFIX + where}, "answer")
    same(schema_servers(at, f"{where}/openapi.json"), [{"url": PREFIX + where}], "servers")
    docs_load(at, f"{where}/docs", f"{PREFIX}{where}/openapi.json")


@check(MOUNTED, "S20")
def mounted_app_knows_where_it_is(at: Visit) -> None:
    mounted(at, "/subapi")


@check(MOUNTED, "S20")
def nested_app_knows_where_it_is(at: Visit) -> None:
    mounted(at, "/subapi/subapi")


@check(MOUNTED, "S20")
def redirects_of_mounted_apps_keep_the_prefix(at: Visit) -> None:
    redirects(at, "/subapi/items", f"{PREFIX}/subapi/items/")
    redirects(at, "/subapi/subapi/items", f"{PREFIX}/subapi/subapi/items/")


@check(STATIC, "-")
def static_files_are_found(at: Visit) -> None:
    for where in ("", "/subapi"):
        answer = at.get(f"{where}/static/hello.txt")
        same((answer.status_code, answer.text), (200, "Hello, static world\n"), f"file under {where}/static")
    same(at.get("/static/absent.txt").status_code, 404, "status of an absent file")


# A strip mode that the user forces


def kept(row: Row) -> bool:
    return not row.refuses_never


@check(STRIP_MODE, "S23", once=True, role=Role.NEVER, applies=lambda row: row.refuses_never)
def proxy_that_keeps_the_prefix_is_refused(at: Visit) -> None:
    refused(at, "Always")


@check(STRIP_MODE, "S16", once=True, role=Role.ALWAYS)
def proxy_that_strips_is_refused(at: Visit) -> None:
    refused(at, "Never")


def refused(at: Visit, mend: str) -> None:
    said = at.condition("Stalled")
    same((said.get("status"), said.get("reason")), ("True", "StripModeRefused"), "the condition Stalled")
    if f"Use Auto or {mend}" not in said["message"]:
        raise WrongAnswerError(f"the refusal names no mend: {said['message']}")
    proxys_404(at.get("/app"))


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=kept)
def proxy_that_keeps_the_prefix_finds_routes_and_docs(at: Visit) -> None:
    same(at.strips, False, "stripPrefix of the status")
    hello_world(at.get("/app"))
    docs_load(at, "/docs")
    same(schema_servers(at), [{"url": PREFIX}], "servers")


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=kept)
def proxy_that_keeps_the_prefix_gets_right_redirects(at: Visit) -> None:
    redirects(at, "/items", f"{PREFIX}/items/")


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=kept)
def proxy_that_keeps_the_prefix_finds_mounted_apps_and_files(at: Visit) -> None:
    mounted(at, "/subapi")
    same(at.get("/static/hello.txt").status_code, 200, "status of a static file")


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=kept)
def proxy_that_keeps_the_prefix_opens_websockets(at: Visit) -> None:
    websocket(at)


# Websockets


def websocket(at: Visit) -> None:
    seen = at.websocket()
    scheme = "wss" if at.door == "https" else "ws"
    same(
        (seen["scheme"], seen["url"], seen["root_path"], seen["path"]),
        (scheme, f"{scheme}://{at.host}{PREFIX}/ws", PREFIX, f"{PREFIX}/ws"),
        "scheme, URL, root_path and path",
    )


@check(WEBSOCKET, "S26")
def websocket_knows_its_address(at: Visit) -> None:
    websocket(at)


@check(WEBSOCKET, "S26")
def websocket_knows_its_client(at: Visit) -> None:
    seen = at.websocket()
    same([seen["client"]], seen["headers"]["x-forwarded-for"], "client, as the proxy told it")


@check(WEBSOCKET, "S26")
def websocket_of_a_mounted_app(at: Visit) -> None:
    seen = at.websocket("/subapi/ws")
    same((seen["root_path"], seen["path"]), (f"{PREFIX}/subapi", f"{PREFIX}/subapi/ws"), "root_path and path")


# Variables


@check(VARIABLES, "S27", role=Role.VARIABLES)
def prefix_by_variable(at: Visit) -> None:
    hello_world(at.get("/app"))
    docs_load(at, "/docs")


@check(VARIABLES, "S27", role=Role.VARIABLES)
def trust_by_variable(at: Visit) -> None:
    redirects(at, "/items", f"{PREFIX}/items/")


# Forged headers


def forged(at: Visit) -> dict[str, str]:
    scheme = "http" if at.door == "https" else "https"
    return FORGED | {
        "X-Forwarded-Proto": scheme,
        "Forwarded": f"for=192.0.2.68;host=forged.invalid;proto={scheme}",
    }


def misspelt(at: Visit) -> dict[str, str]:
    """Some servers and frameworks read an underscore, or a dot, as a hyphen."""
    return {name.replace("-", other): value for other in "_." for name, value in forged(at).items() if "-" in name}


@check(FORGERY, "-")
def forged_headers_change_nothing(at: Visit) -> None:
    same(at.facts(forged(at)), at.facts(), "what the app sees")


@check(FORGERY, "-")
def forged_headers_change_no_answer(at: Visit) -> None:
    for path in ("/docs", "/openapi.json", "/items", "/subapi/openapi.json"):
        honest, answer = at.get(path), at.get(path, forged(at))
        same(
            (answer.status_code, answer.headers.get("location"), answer.text),
            (honest.status_code, honest.headers.get("location"), honest.text),
            f"answer to {path}",
        )


@check(FORGERY, "-")
def forged_headers_change_no_websocket(at: Visit) -> None:
    same(without_keys(at.websocket(headers=forged(at))), without_keys(at.websocket()), "what the app sees")


@check(FORGERY, "-")
def misspelt_headers_change_nothing(at: Visit) -> None:
    same(at.facts(misspelt(at)), at.facts(), "what the app sees")


@check(FORGERY, "-")
def misspelt_headers_change_no_websocket(at: Visit) -> None:
    same(without_keys(at.websocket(headers=misspelt(at))), without_keys(at.websocket()), "what the app sees")


@check(FORGERY, "-")
def headers_of_other_proxies_are_not_believed(at: Visit) -> None:
    answer = at.get("/facts", OTHER_PROXIES)
    same(answer.json() | {"headers": {}}, at.facts() | {"headers": {}}, "what the app sees, headers aside")


@check(FORGERY, "-")
def client_cannot_have_the_proxys_headers_dropped(at: Visit) -> None:
    managed = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Real-Ip")
    seen, honest = at.facts({"Connection": ", ".join(("keep-alive", *managed))}), at.facts()
    for each in (seen, honest):
        each["headers"].pop("connection", None)
    same(seen, honest, "what the app sees")


def without_keys(seen: dict[str, Any]) -> dict[str, Any]:
    """Take away the header that differs between any two websockets."""
    return seen | {"headers": {name: value for name, value in seen["headers"].items() if name != "sec-websocket-key"}}
