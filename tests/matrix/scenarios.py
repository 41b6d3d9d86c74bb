"""The columns of the matrix: what FastAPI's page on proxies promises, as checks of live responses.

The numbered scenarios are those of that page (https://fastapi.tiangolo.com/advanced/behind-a-proxy/). A check that runs
through both entry points of the proxy counts twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from websockets.exceptions import WebSocketException

from tests.matrix.appclient import ENTRY_POINTS, AppClient, Cluster, DirectResponse, WrongAnswerError, docs_url, same
from tests.matrix.rows import PREFIX, Role, Row

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
"""The headers of a client that pretends to be a proxy; `forged` adds the scheme that the request does not have."""

OTHER_PROXIES: Final = {
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Scheme": "gopher",
    "X-Forwarded-Ssl": "on",
    "X-Original-Host": "forged.invalid",
    "X-Original-Url": "/forged",
    "X-Scheme": "gopher",
    "True-Client-Ip": "192.0.2.69",
}
"""Headers of proxies other than Traefik, which passes them on; no server may trust them."""


@dataclass(frozen=True)
class Column:
    """A group of scenarios."""

    title: str
    scenarios: str


FORWARDED: Final = Column("Forwarded headers, https redirect", "S1-S5")
STRIPPED: Final = Column("Prefix and root_path", "S6-S9")
DOCS: Final = Column("Docs pages and schema", "S10-S12")
OUTSIDE: Final = Column("Outside the prefix", "S13, S25")
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
    FORWARDED, STRIPPED, DOCS, OUTSIDE, IN_CODE, ADDITIONAL, OWN, MOUNTED, STATIC, STRIP_MODE, WEBSOCKET, VARIABLES,
    FORGERY,
)  # fmt: skip

Applies = Callable[[Row], bool]


@dataclass(frozen=True)
class Check:
    """One check of a row."""

    column: Column
    scenario: str
    name: str
    run: Callable[[AppClient], None]
    once: bool
    """Whether it runs through one entry point only."""
    role: Role
    label: str
    applies: Applies


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check, with the entry point if it runs through both."""

    check: Check
    entry_point: str
    wrong: str
    """What is wrong; empty if the check is right."""

    @property
    def sentence(self) -> str:
        return f"{self.check.scenario} {self.check.name}{f' ({self.entry_point})' if self.entry_point else ''}"


CHECKS: Final[list[Check]] = []


def check(
    column: Column,
    scenario: str,
    *,
    once: bool = False,
    role: Role = Role.MAIN,
    label: str = "plain",
    applies: Applies | None = None,
) -> Callable[[Callable[[AppClient], None]], Callable[[AppClient], None]]:
    """Register a check; the function's name states the expected behaviour."""

    def register(run: Callable[[AppClient], None]) -> Callable[[AppClient], None]:
        name = run.__name__.replace("_", " ")
        CHECKS.append(Check(column, scenario, name, run, once, role, label, applies or (lambda row: role in row.roles)))
        return run

    return register


def run_checks(cluster: Cluster, row: Row) -> Iterator[Outcome]:
    """Run all checks that apply to a row."""
    for each in CHECKS:
        if not each.applies(row):
            continue
        for entry_point in ENTRY_POINTS[:1] if each.once else ENTRY_POINTS:
            wrong = what_is_wrong(each, AppClient(cluster, row, entry_point, each.role, each.label))
            yield Outcome(each, "" if each.once else entry_point, wrong)


def what_is_wrong(one: Check, app: AppClient) -> str:
    """Run a check; return what is wrong, empty if it is right."""
    try:
        one.run(app)
    except WrongAnswerError as error:
        return str(error)
    except (httpx.HTTPError, WebSocketException, OSError, LookupError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def redirects(app: AppClient, path: str, expected: str) -> None:
    answer = app.get(path)
    same((answer.status_code, answer.headers.get("location")), (307, app.origin + expected), f"redirect of {path}")


def schema_servers(app: AppClient, path: str = "/openapi.json") -> Any:
    answer = app.get(path)
    same(answer.status_code, 200, f"status of {path}")
    return answer.json().get("servers")


def docs_load(app: AppClient, page: str, expected: str = SCHEMA) -> None:
    """Check that the page loads the expected schema, and that the schema is served."""
    answer = app.get(page)
    same((answer.status_code, docs_url(answer.text)), (200, expected), f"schema named by {page}")
    same(app.get_from_proxy(expected).status_code, 200, f"status of {expected}")


def is_proxy_404(app: AppClient, answer: httpx.Response) -> None:
    same((answer.status_code, app.cluster.proxy.is_own_404(answer)), (404, True), "the proxy's own 404")


def pod_path(app: AppClient, path: str) -> str:
    """Return the path of a route at the pod itself."""
    return path if app.strips else PREFIX + path


# Forwarded headers and the https redirect


def get_from_pod_with_forged_headers(app: AppClient, path: str) -> DirectResponse:
    return app.get_from_pod(pod_path(app, path), {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.66"})


@check(FORWARDED, "S1, S3", once=True)
def untrusted_client_gets_no_https_redirect(app: AppClient) -> None:
    answer = get_from_pod_with_forged_headers(app, "/items")
    same((answer.status, answer.location), (307, f"http://{app.host}{PREFIX}/items/"), "redirect at the pod")


@check(FORWARDED, "S1, S3", once=True)
def untrusted_client_cannot_forge_its_address(app: AppClient) -> None:
    answer = get_from_pod_with_forged_headers(app, "/facts")
    same(answer.json()["client"], answer.client_address, "client at the pod")


@check(FORWARDED, "S2, S4")
def redirect_keeps_scheme_and_prefix(app: AppClient) -> None:
    redirects(app, "/items", f"{PREFIX}/items/")


@check(FORWARDED, "S2")
def scheme_and_url_are_those_of_the_client(app: AppClient) -> None:
    seen = app.facts()
    same((seen["scheme"], seen["url"]), (app.entry_point, f"{app.origin}{PREFIX}/facts"), "scheme and URL")


@check(FORWARDED, "S2")
def client_is_the_client_of_the_proxy(app: AppClient) -> None:
    seen = app.facts()
    same([seen["client"]], seen["headers"]["x-forwarded-for"], "client, as reported by the proxy")


@check(FORWARDED, "S5")
def headers_reach_the_app(app: AppClient) -> None:
    headers = app.facts()["headers"]
    seen = {name: headers.get(f"x-forwarded-{name}") for name in ("proto", "host", "port", "prefix")}
    prefix = [PREFIX] if app.strips and app.row.needs_prefix_header else None
    proxy = app.cluster.proxy
    same(seen, proxy.forwarded(app.entry_point, app.host, prefix), "X-Forwarded-*")
    for name in proxy.single_headers:
        same(len(headers.get(name, [])), 1, f"number of {name}")


# The prefix


@check(STRIPPED, "S7")
def root_path_is_the_prefix(app: AppClient) -> None:
    hello_world(app.get("/app"))


def hello_world(answer: httpx.Response | DirectResponse) -> None:
    status = answer.status if isinstance(answer, DirectResponse) else answer.status_code
    same(status, 200, "status")
    same(answer.json(), {"message": "Hello World", "root_path": PREFIX}, "answer")


@check(STRIPPED, "S7")
def path_starts_with_the_prefix(app: AppClient) -> None:
    seen = app.facts()
    same((seen["root_path"], seen["path"]), (PREFIX, f"{PREFIX}/facts"), "root_path and path")


@check(STRIPPED, "S7")
def doubled_prefix_is_not_served(app: AppClient) -> None:
    answer = app.get(f"{PREFIX}/app")
    same((answer.status_code, answer.headers.get("content-type")), (404, "application/json"), "the app's own answer")


@check(STRIPPED, "S8", once=True)
def pod_serves_paths_without_the_prefix(app: AppClient) -> None:
    hello_world(app.get_from_pod("/app"))


@check(STRIPPED, "S9, S22", once=True)
def pod_serves_paths_with_the_prefix_only_if_the_proxy_keeps_it(app: AppClient) -> None:
    answer = app.get_from_pod(f"{PREFIX}/app")
    same(answer.status, 404 if app.strips else 200, "status")


@check(STRIPPED, "S6", once=True, role=Role.NO_ROOT_PATH)
def app_without_root_path_has_broken_docs_and_Verified_reports_it(app: AppClient) -> None:  # noqa: N802 - a condition
    page = app.get("/docs")
    same((page.status_code, docs_url(page.text)), (200, "/openapi.json"), "schema named by the docs page")
    is_proxy_404(app, app.get_from_proxy("/openapi.json"))
    same(schema_servers(app), None, "servers")
    verdict(app, "OpenAPIServers")


def verdict(app: AppClient, reason: str) -> None:
    verified = app.condition("Verified")
    same((verified.get("status"), verified.get("reason")), ("False", reason), "the condition Verified")


# Docs


@check(DOCS, "S10")
def swagger_ui_loads_its_schema(app: AppClient) -> None:
    docs_load(app, "/docs")


@check(DOCS, "S10")
def redoc_loads_its_schema(app: AppClient) -> None:
    docs_load(app, "/redoc")


@check(DOCS, "S12")
def prefix_is_the_server_in_the_schema(app: AppClient) -> None:
    schema = app.get("/openapi.json").json()
    same((schema["openapi"], schema.get("servers")), ("3.1.0", [{"url": PREFIX}]), "OpenAPI version and servers")


@check(DOCS, "S11", once=True)
def docs_at_the_pod_are_broken_if_the_proxy_strips(app: AppClient) -> None:
    page = app.get_from_pod("/docs")
    same((page.status, docs_url(page.text)), (200, SCHEMA), "schema named by the docs page at the pod")
    same(app.get_from_pod(SCHEMA).status, 404 if app.strips else 200, "status of that schema at the pod")


# Outside the prefix


@check(OUTSIDE, "S13")
def paths_without_the_prefix_do_not_reach_the_app(app: AppClient) -> None:
    for path in ("/app", "/openapi.json", "/"):
        is_proxy_404(app, app.get_from_proxy(path))


@check(OUTSIDE, "S25")
def similar_prefixes_do_not_reach_the_app(app: AppClient) -> None:
    for path in ("/api/v10/app", "/api/v1x/app", "/api/v1.5/app", "/API/v1/app"):
        is_proxy_404(app, app.get_from_proxy(path))


# FastAPI(root_path=)


@check(IN_CODE, "S15", label="in-code")
def root_path_in_code_and_in_flags_is_right(app: AppClient) -> None:
    hello_world(app.get("/app"))
    docs_load(app, "/docs")
    same(schema_servers(app), [{"url": PREFIX}], "servers")


@check(IN_CODE, "S15", label="in-code")
def redirect_with_root_path_in_code(app: AppClient) -> None:
    redirects(app, "/items", f"{PREFIX}/items/")


@check(IN_CODE, "S15", label="in-code")
def mounted_app_with_root_path_in_code(app: AppClient) -> None:
    same(schema_servers(app, "/subapi/openapi.json"), [{"url": f"{PREFIX}/subapi"}], "servers of the mounted app")


@check(IN_CODE, "S14, S21", once=True, role=Role.ROOT_PATH_IN_CODE)
def root_path_in_code_alone_loses_redirects_and_Verified_reports_it(app: AppClient) -> None:  # noqa: N802 - a condition
    hello_world(app.get("/app"))
    docs_load(app, "/docs")
    same(app.get("/items").headers.get("location"), f"{app.origin}/items/", "redirect")
    same(app.get("/subapi/openapi.json").status_code, 404, "status of the mounted app")
    verdict(app, "RedirectPrefix")


# Servers in the schema


@check(ADDITIONAL, "S17", label="servers")
def prefix_comes_before_the_additional_servers(app: AppClient) -> None:
    same(schema_servers(app), [{"url": PREFIX}, STAGING, PRODUCTION], "servers")


@check(ADDITIONAL, "S18", label="servers")
def first_server_is_served(app: AppClient) -> None:
    docs_load(app, "/docs")
    hello_world(app.get_from_proxy(schema_servers(app)[0]["url"] + "/app"))


@check(OWN, "S19", label="own")
def schema_contains_the_own_servers_only(app: AppClient) -> None:
    same(schema_servers(app), [STAGING, PRODUCTION], "servers")


@check(OWN, "S19", label="own")
def docs_still_load_and_redirects_keep_the_prefix(app: AppClient) -> None:
    docs_load(app, "/docs")
    redirects(app, "/items", f"{PREFIX}/items/")


# Mounted apps


def mounted(app: AppClient, where: str) -> None:
    same(app.get(f"{where}/app").json(), {"message": "Hello World", "root_path": PREFIX + where}, "answer")
    same(schema_servers(app, f"{where}/openapi.json"), [{"url": PREFIX + where}], "servers")
    docs_load(app, f"{where}/docs", f"{PREFIX}{where}/openapi.json")


@check(MOUNTED, "S20")
def mounted_app_knows_its_path(app: AppClient) -> None:
    mounted(app, "/subapi")


@check(MOUNTED, "S20")
def nested_app_knows_its_path(app: AppClient) -> None:
    mounted(app, "/subapi/subapi")


@check(MOUNTED, "S20")
def redirects_of_mounted_apps_keep_the_prefix(app: AppClient) -> None:
    redirects(app, "/subapi/items", f"{PREFIX}/subapi/items/")
    redirects(app, "/subapi/subapi/items", f"{PREFIX}/subapi/subapi/items/")


@check(STATIC, "-")
def static_files_are_served(app: AppClient) -> None:
    for where in ("", "/subapi"):
        answer = app.get(f"{where}/static/hello.txt")
        same((answer.status_code, answer.text), (200, "Hello, static world\n"), f"file under {where}/static")
    same(app.get("/static/absent.txt").status_code, 404, "status of an absent file")


# A strip mode set by the user


def accepts_never(row: Row) -> bool:
    return not row.rejects_never


@check(STRIP_MODE, "S23", once=True, role=Role.NEVER, applies=lambda row: row.rejects_never)
def strip_mode_never_is_rejected(app: AppClient) -> None:
    is_rejected(app, "Always")


@check(STRIP_MODE, "S16", once=True, role=Role.ALWAYS)
def strip_mode_always_is_rejected(app: AppClient) -> None:
    is_rejected(app, "Never")


def is_rejected(app: AppClient, alternative: str) -> None:
    stalled = app.condition("Stalled")
    same((stalled.get("status"), stalled.get("reason")), ("True", "StripModeRefused"), "the condition Stalled")
    if f"Use Auto or {alternative}" not in stalled["message"]:
        raise WrongAnswerError(f"the message recommends no fix: {stalled['message']}")
    is_proxy_404(app, app.get("/app"))


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=accepts_never)
def kept_prefix_serves_routes_and_docs(app: AppClient) -> None:
    same(app.strips, False, "stripPrefix of the status")
    hello_world(app.get("/app"))
    docs_load(app, "/docs")
    same(schema_servers(app), [{"url": PREFIX}], "servers")


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=accepts_never)
def kept_prefix_stays_in_redirects(app: AppClient) -> None:
    redirects(app, "/items", f"{PREFIX}/items/")


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=accepts_never)
def kept_prefix_serves_mounted_apps_and_files(app: AppClient) -> None:
    mounted(app, "/subapi")
    same(app.get("/static/hello.txt").status_code, 200, "status of a static file")


@check(STRIP_MODE, "S22", role=Role.NEVER, applies=accepts_never)
def kept_prefix_serves_websockets(app: AppClient) -> None:
    websocket(app)


# Websockets


def websocket(app: AppClient) -> None:
    seen = app.websocket()
    scheme = "wss" if app.entry_point == "https" else "ws"
    same(
        (seen["scheme"], seen["url"], seen["root_path"], seen["path"]),
        (scheme, f"{scheme}://{app.host}{PREFIX}/ws", PREFIX, f"{PREFIX}/ws"),
        "scheme, URL, root_path and path",
    )


@check(WEBSOCKET, "S26")
def websocket_knows_its_address(app: AppClient) -> None:
    websocket(app)


@check(WEBSOCKET, "S26")
def websocket_knows_its_client(app: AppClient) -> None:
    seen = app.websocket()
    same([seen["client"]], seen["headers"]["x-forwarded-for"], "client, as reported by the proxy")


@check(WEBSOCKET, "S26")
def websocket_of_a_mounted_app(app: AppClient) -> None:
    seen = app.websocket("/subapi/ws")
    same((seen["root_path"], seen["path"]), (f"{PREFIX}/subapi", f"{PREFIX}/subapi/ws"), "root_path and path")


# Variables


@check(VARIABLES, "S27", role=Role.VARIABLES)
def prefix_from_a_variable(app: AppClient) -> None:
    hello_world(app.get("/app"))
    docs_load(app, "/docs")


@check(VARIABLES, "S27", role=Role.VARIABLES)
def trusted_proxies_from_a_variable(app: AppClient) -> None:
    redirects(app, "/items", f"{PREFIX}/items/")


# Forged headers


def forged(app: AppClient) -> dict[str, str]:
    scheme = "http" if app.entry_point == "https" else "https"
    return FORGED | {
        "X-Forwarded-Proto": scheme,
        "Forwarded": f"for=192.0.2.68;host=forged.invalid;proto={scheme}",
    }


def with_misspelt_names(app: AppClient) -> dict[str, str]:
    """Return the forged headers with `_` or `.` instead of `-`: some servers and frameworks read them as a hyphen."""
    return {name.replace("-", other): value for other in "_." for name, value in forged(app).items() if "-" in name}


@check(FORGERY, "-")
def forged_headers_change_nothing(app: AppClient) -> None:
    changes_nothing(app, app.facts, forged(app))


def changes_nothing(app: AppClient, ask: Callable[..., dict[str, Any]], headers: Mapping[str, str]) -> None:
    """Check that the app sees the same with these headers of a client and without."""
    honest, seen = (app.cluster.proxy.comparable(each) for each in (ask(), ask(headers=headers)))
    same(seen, honest, "what the app knows")


@check(FORGERY, "-")
def forged_headers_change_no_response(app: AppClient) -> None:
    for path in ("/docs", "/openapi.json", "/items", "/subapi/openapi.json"):
        honest, answer = app.get(path), app.get(path, forged(app))
        same(
            (answer.status_code, answer.headers.get("location"), answer.text),
            (honest.status_code, honest.headers.get("location"), honest.text),
            f"response to {path}",
        )


@check(FORGERY, "-")
def forged_headers_change_no_websocket(app: AppClient) -> None:
    changes_nothing(app, app.websocket, forged(app))


@check(FORGERY, "-")
def misspelt_headers_change_nothing(app: AppClient) -> None:
    changes_nothing(app, app.facts, with_misspelt_names(app))


@check(FORGERY, "-")
def misspelt_headers_change_no_websocket(app: AppClient) -> None:
    changes_nothing(app, app.websocket, with_misspelt_names(app))


@check(FORGERY, "-")
def headers_of_other_proxies_are_not_trusted(app: AppClient) -> None:
    answer = app.get("/facts", OTHER_PROXIES)
    same(answer.json() | {"headers": {}}, app.facts() | {"headers": {}}, "what the app knows, without headers")


@check(FORGERY, "-")
def client_cannot_remove_headers_of_the_proxy(app: AppClient) -> None:
    managed = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Real-Ip")
    answer, honest = app.get("/facts", {"Connection": ", ".join(("keep-alive", *managed))}), app.facts()
    if app.cluster.proxy.keeps_client_headers:
        same(answer.status_code, 400, "status")
        return
    seen = answer.json()
    for each in (seen, honest):
        each["headers"].pop("connection", None)
    same(seen, honest, "what the app knows")
