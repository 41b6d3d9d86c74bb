"""Frameworks that people serve behind a prefix: how each is told the prefix, and what a user of its page does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, expect

from tests.support.environments import Environment

FOLDER: Final = Path(__file__).parent
UVICORN: Final = ["uvicorn", "main:app"]
ROOT_PATH: Final = "$(PROXIEDAPP_ROOT_PATH)"
HOME: Final = {"name": "HOME", "value": "/tmp"}  # noqa: S108 - a folder in the container

Step = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True)
class App:
    """A framework, an app that uses it, and the ProxiedApp that serves it."""

    title: str
    package: str
    """The distribution whose version counts."""
    packages: tuple[str, ...]
    spec: Mapping[str, Any]
    """The ProxiedApp's spec without image, hosts and prefix; `{host}` in it stands for the host."""
    renders: Step
    """Wait until the page is complete."""
    click: Step
    """Use the page, and wait until it shows the result."""
    notes: str
    """What an author has to know; Markdown."""
    path: str = ""
    """What the browser requests after the prefix, which has no slash at its end."""
    own_errors: frozenset[str] = frozenset()
    """Paths below the prefix that the app answers with an error without a prefix, too."""

    @property
    def name(self) -> str:
        """Return the name of the ProxiedApp and of its image."""
        return self.title.lower().partition(" ")[0]

    @property
    def prefix(self) -> str:
        return f"/tools/{self.name}"

    @property
    def environment(self) -> Environment:
        return Environment(self.name, self.packages, FOLDER, FOLDER / "images" / self.name)

    @property
    def version(self) -> str:
        return self.environment.locked(self.package)

    def manifest(self, namespace: str, host: str) -> dict[str, Any]:
        """Return the ProxiedApp."""
        return self._manifest({"name": self.name, "namespace": namespace}, f"sandbox.local/{self.name}:1", host)

    def documented(self) -> dict[str, Any]:
        """Return the ProxiedApp for the documentation."""
        return self._manifest({"name": self.name}, f"registry.example/{self.name}:1", "tools.example.com")

    def _manifest(self, metadata: dict[str, str], image: str, host: str) -> dict[str, Any]:
        spec = _with_host(self.spec, host)
        route = {"hosts": [host], "pathPrefix": self.prefix} | spec.pop("route", {})
        return {
            "apiVersion": "proxiedapp.dev/v1alpha1",
            "kind": "ProxiedApp",
            "metadata": metadata,
            "spec": {"image": image, **spec, "route": route},
        }


def _with_host(value: Any, host: str) -> Any:
    """Return a copy in which `{host}` is replaced."""
    match value:
        case str():
            return value.replace("{host}", host)
        case list():
            return [_with_host(each, host) for each in value]
        case dict():
            return {key: _with_host(each, host) for key, each in value.items()}
        case _:
            return value


async def _counter(page: Page) -> None:
    await expect(page.get_by_text("clicks: 0")).to_be_visible()


async def _count(page: Page) -> None:
    """Press the button that is on most of our pages; its handler runs in the pod."""
    await page.get_by_role("button", name="Count").click()
    await expect(page.get_by_text("clicks: 1")).to_be_visible()


async def _gradio_renders(page: Page) -> None:
    await expect(page.get_by_label("Name")).to_be_visible()


async def _gradio_greets(page: Page) -> None:
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_role("button", name="Greet").click()
    await expect(page.get_by_label("Greeting")).to_have_value("Hello Ada, call 1")
    await page.get_by_role("button", name="Greet").click()
    await expect(page.get_by_label("Greeting")).to_have_value("Hello Ada, call 2")


async def _mcp_renders(page: Page) -> None:
    await expect(page.get_by_role("button", name="Call the tool")).to_be_visible()


async def _mcp_calls_tool(page: Page) -> None:
    await page.get_by_role("button", name="Call the tool").click()
    await expect(page.locator("#result")).to_have_text("2 + 3 = 5")


async def _titiler_renders(page: Page) -> None:
    await expect(page.locator('[data-path="/healthz"]')).to_be_visible()


async def _titiler_tries_out(page: Page) -> None:
    operation = page.locator(".opblock", has=page.locator('[data-path="/healthz"]'))
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(operation.locator(".live-responses-table .response-col_status").last).to_have_text("200")


async def _mlflow_renders(page: Page) -> None:
    await expect(page.get_by_role("link", name="Experiments").first).to_be_visible()


async def _mlflow_opens_experiments(page: Page) -> None:
    await page.get_by_role("link", name="Experiments").first.click()
    await expect(page.get_by_text("Default").first).to_be_visible()


async def _prefect_renders(page: Page) -> None:
    await expect(page.get_by_role("link", name="Flows").first).to_be_visible()


async def _prefect_opens_flows(page: Page) -> None:
    await page.get_by_role("link", name="Flows").first.click()
    await page.wait_for_url("**/flows**")


async def _flask_renders(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Flask")).to_have_css("color", "rgb(0, 128, 128)")


APPS: Final = (
    App(
        "NiceGUI",
        "nicegui",
        ("nicegui", "uvicorn[standard]"),
        {"command": UVICORN},
        _counter,
        _count,
        "`ui.run_with(app)` in a FastAPI app. Its page runs over a websocket, so more than one pod needs "
        "`route.sticky`.",
    ),
    App(
        "Gradio",
        "gradio",
        ("gradio", "uvicorn[standard]"),
        {
            "command": UVICORN,
            "replicas": 2,
            "env": [HOME, {"name": "GRADIO_ANALYTICS_ENABLED", "value": "False"}],
            "route": {"sticky": {"cookie": {}}},
        },
        _gradio_renders,
        _gradio_greets,
        '`gr.mount_gradio_app(app, blocks, path="/")` in a FastAPI app. A session is in the memory of one pod, so '
        "several pods need `route.sticky`.",
    ),
    App(
        "MCP",
        "mcp",
        ("mcp", "fastapi", "uvicorn[standard]"),
        {"command": UVICORN, "env": [{"name": "ALLOWED_HOST", "value": "{host}"}]},
        _mcp_renders,
        _mcp_calls_tool,
        "A server with streamable HTTP, mounted in a FastAPI app. The SDK checks the `Host` header against a list of "
        "its own, so the app's public name must be in it. Sessions are in the memory of one pod: use `route.sticky`, "
        "or a stateless server.",
    ),
    App(
        "TiTiler",
        "titiler-application",
        ("titiler.application", "uvicorn[standard]"),
        {
            "command": ["uvicorn", "titiler.application.main:app"],
            "verify": {"openapiPath": "/api", "docsPath": "/api.html"},
        },
        _titiler_renders,
        _titiler_tries_out,
        "The schema and the docs page are at other paths than usual: `verify` names them.",
        path="/api.html",
    ),
    App(
        "Streamlit",
        "streamlit",
        ("streamlit",),
        {
            "command": ["streamlit", "run", "main.py", "--server.port=8000", f"--server.baseUrlPath={ROOT_PATH}"],
            "server": {"kind": "other"},
            "env": [
                HOME,
                {"name": "STREAMLIT_SERVER_HEADLESS", "value": "true"},
                {"name": "STREAMLIT_BROWSER_GATHER_USAGE_STATS", "value": "false"},
            ],
            "route": {"stripPrefix": "Never"},
        },
        _counter,
        _count,
        "Its server gets the prefix by a flag, and serves it itself.",
    ),
    App(
        "MLflow",
        "mlflow",
        ("mlflow",),
        {
            "command": [
                "mlflow",
                "server",
                "--host=0.0.0.0",
                "--port=8000",
                f"--static-prefix={ROOT_PATH}",
                "--backend-store-uri=sqlite:////tmp/mlflow.db",
                "--artifacts-destination=/tmp/artifacts",
                "--workers=1",
                "--allowed-hosts={host}",
            ],
            "server": {"kind": "other"},
            "env": [HOME, {"name": "MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "value": "false"}],
            "route": {"stripPrefix": "Never"},
        },
        _mlflow_renders,
        _mlflow_opens_experiments,
        "`--static-prefix` is the prefix, and the server serves it itself. `--allowed-hosts` must contain the public "
        "name. The page asks for the current user, which a server without authentication answers with 404 at any "
        "prefix.",
        own_errors=frozenset({"/ajax-api/2.0/mlflow/users/current"}),
    ),
    App(
        "Prefect",
        "prefect",
        ("prefect",),
        {
            "command": ["prefect", "server", "start", "--host=0.0.0.0", "--port=8000"],
            "server": {"kind": "other"},
            "env": [
                HOME,
                {"name": "PREFECT_SERVER_UI_SERVE_BASE", "value": ROOT_PATH},
                {"name": "PREFECT_SERVER_API_BASE_PATH", "value": f"{ROOT_PATH}/api"},
                {"name": "PREFECT_UI_API_URL", "value": f"{ROOT_PATH}/api"},
                {"name": "PREFECT_SERVER_UI_STATIC_DIRECTORY", "value": "/tmp/ui"},  # noqa: S108 - as HOME
                {"name": "PREFECT_SERVER_ANALYTICS_ENABLED", "value": "false"},
            ],
            "route": {"stripPrefix": "Never"},
        },
        _prefect_renders,
        _prefect_opens_flows,
        "Page and API have a variable each. It writes the prefix into copies of its files, in the static directory.",
    ),
    App(
        "Dash",
        "dash",
        ("dash", "gunicorn"),
        {
            "command": ["gunicorn", "--bind=0.0.0.0:8000", "--threads=4", "main:server"],
            "server": {"kind": "other"},
            "env": [{"name": "DASH_REQUESTS_PATHNAME_PREFIX", "value": f"{ROOT_PATH}/"}],
        },
        _counter,
        _count,
        "A WSGI app, so the server is `other`. The variable's value must end with a slash.",
    ),
    App(
        "marimo",
        "marimo",
        ("marimo",),
        {
            "command": [
                "marimo",
                "run",
                "main.py",
                "--host=0.0.0.0",
                "--port=8000",
                "--headless",
                f"--base-url={ROOT_PATH}",
            ],
            "server": {"kind": "other"},
            "env": [HOME],
            "route": {"stripPrefix": "Never"},
        },
        _counter,
        _count,
        "Its server gets the prefix by a flag, and serves it itself.",
    ),
    App(
        "Flask in FastAPI",
        "flask",
        ("flask", "fastapi", "a2wsgi", "uvicorn[standard]"),
        {"command": UVICORN},
        _flask_renders,
        _count,
        '`app.mount("/flask", WSGIMiddleware(flask_app))` of a2wsgi. `url_for` and redirects have the prefix. Do not '
        "use `ProxyFix`: the server has configured all of it already.",
        path="/flask/",
    ),
)
BY_NAME: Final = {app.name: app for app in APPS}
