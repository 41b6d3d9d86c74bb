"""`export` writes files whose lines have reasons; tests/e2e/test_export.py runs them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.local.errors import LocalError
from proxiedapp.local.export.export import export
from proxiedapp.local.proxies.setup import Listener
from tests.support.apps import an_app

RUNNER = CliRunner()
LISTENER = Listener("127.0.0.1", 8080)
APP = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {name: shop}
spec:
  image: shop:1
  command: [hypercorn, "main:app"]
  route: {pathPrefix: /shop, middlewares: [{name: auth}]}
"""


def exported(proxy: str, **spec: Any) -> dict[str, str]:
    return dict(export([an_app(**spec)], proxy, LISTENER, "/srv/out").files)


@pytest.mark.parametrize(
    ("proxy", "files"),
    [
        ("traefik", {"traefik.yml", "routes.yml", "traefik-apps.service", "shop.service"}),
        ("nginx", {"nginx.conf", "headers.conf", "nginx-apps.service", "shop.service"}),
        ("caddy", {"Caddyfile", "caddy-apps.service", "shop.service"}),
        ("compose", {"compose.yaml", "traefik.yml", "routes.yml"}),
    ],
)
def test_files_have_comments_with_the_reasons(proxy: str, files: set[str]) -> None:
    found = exported(proxy)
    assert found.keys() == files
    assert [name for name, text in found.items() if "#" not in text] == []


@pytest.mark.parametrize("proxy", ["traefik", "nginx", "caddy"])
def test_server_listens_on_loopback_and_trusts_only_the_proxy(proxy: str) -> None:
    unit = exported(proxy, command=["fastapi", "run", "main.py"])["shop.service"]
    assert "--host 127.0.0.1" in unit
    assert "Environment=FORWARDED_ALLOW_IPS=127.0.0.1\n" in unit


def test_adapter_is_exported_where_the_command_finds_it() -> None:
    found = exported("nginx", command=["hypercorn", "main:app"])
    assert "def " in found["adapter/proxiedapp_adapter.py"]
    assert "/srv/out/adapter" in found["shop.service"]
    composed = exported("compose", command=["hypercorn", "main:app"])
    assert "./adapter:/opt/proxiedapp:ro" in composed["compose.yaml"]


def test_compose_publishes_the_proxy_alone_and_routes_to_the_service() -> None:
    found = exported("compose", env=[{"name": "PRICE", "value": "5$"}])
    services = yaml.safe_load(found["compose.yaml"])["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["traefik"]
    assert services["shop"]["environment"]["PRICE"] == "5$$"
    routes = yaml.safe_load(found["routes.yml"])["http"]["services"]
    assert [one["loadBalancer"]["servers"] for one in routes.values()] == [[{"url": "http://shop:8000"}]]


def test_units_quote_what_systemd_would_expand() -> None:
    command = ["uvicorn", "main:app", "--log-config", 'a b%c"$HOME']
    unit = exported("nginx", command=command)["shop.service"]
    assert '"a b%%c\\"$$HOME"' in unit


def test_apps_need_ports_of_their_own() -> None:
    with pytest.raises(LocalError, match=r"port 8000 is used twice on one machine\. Change spec\.port"):
        export([an_app("one"), an_app("two")], "nginx", LISTENER, "/srv/out")


def test_command_writes_files_once_and_names_what_has_no_effect(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(APP)
    arguments = ["export", str(tmp_path / "app.yaml"), str(tmp_path / "out"), "--proxy", "caddy"]
    done = RUNNER.invoke(app, arguments)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out" / "adapter" / "proxiedapp_adapter.py").is_file()
    assert done.stderr == "proxiedapp: shop: spec.route.middlewares has no effect without a cluster\n"
    again = RUNNER.invoke(app, arguments)
    assert again.exit_code == 1
    assert again.stderr.endswith("Caddyfile exists. Use another folder, or --force to replace it\n")
    assert RUNNER.invoke(app, [*arguments, "--force"]).exit_code == 0


@pytest.mark.parametrize("target", ["nosuch.yaml", "nosuch.py", "nosuch:app"])
def test_wrong_target_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = RUNNER.invoke(app, ["export", target, "out"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"proxiedapp: {target}: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
