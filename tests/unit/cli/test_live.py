"""`proxiedapp explain` and `proxiedapp doctor` on the command line, with a kubectl that answers from files."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.kube.kind import Kind
from proxiedapp.local.doctor.snapshot import LEASE
from tests.support.fakekubectl import install_kubectl
from tests.support.recorded import snapshot

RUNNER = CliRunner()
KUBECTL = """#!/bin/sh
echo "$*" >> "$ANSWERS/calls"
case "$1 $2" in
  "version -o") cat "$ANSWERS/version" ;;
  "config view") printf team ;;
  "get proxiedapps.proxiedapp.dev")
    case "$3" in
      nosuch) echo 'Error from server (NotFound): proxiedapps.proxiedapp.dev "nosuch" not found' >&2; exit 1 ;;
      orders) cat "$ANSWERS/app" ;;
      *) cat "$ANSWERS/$2" ;;
    esac ;;
  "get httproutes.gateway.networking.k8s.io")
    echo "error: the server doesn't have a resource type \\"httproutes\\"" >&2; exit 1 ;;
  get*) if [ -e "$ANSWERS/$2" ]; then cat "$ANSWERS/$2"; else echo '{"items": []}'; fi ;;
  *) exit 9 ;;
esac
"""
APP = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {name: shop, namespace: team}
spec:
  image: shop:1
  command: [uvicorn, "main:app"]
  route: {hosts: [shop.test], pathPrefix: /shop}
"""


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install_kubectl(tmp_path, KUBECTL, monkeypatch)
    monkeypatch.setenv("ANSWERS", str(tmp_path))
    (tmp_path / "version").write_text('{"serverVersion": {"gitVersion": "v1.36.3"}}')
    recorded = snapshot()
    for lease in recorded.objects[LEASE]:
        lease["spec"]["renewTime"] = "2999-01-01T00:00:00.000000Z"  # the command compares it with the clock
    for kind, objects in recorded.objects.items():
        (tmp_path / _resource(kind)).write_text(json.dumps({"items": objects}))
    (tmp_path / "app").write_text(json.dumps(recorded.objects[_kind("ProxiedApp", recorded.objects)][0]))
    return tmp_path


def _resource(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _kind(name: str, kinds: object) -> Kind:
    (found,) = [one for one in kinds if one.kind == name]  # type: ignore[attr-defined]
    assert isinstance(found, Kind)
    return found


def run(*arguments: str | Path) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, [*map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_file_is_explained_without_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "app.yaml").write_text(APP)
    status, output, _ = run("explain", tmp_path / "app.yaml", "--path", "/items")
    assert status == 0
    assert output.startswith("team/shop at https://shop.test/shop/\n\nServer\n")
    assert "GET https://shop.test/shop/items" in output


def test_json_has_sections_and_the_request(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(APP)
    status, output, _ = run("explain", tmp_path / "app.yaml", "-o", "json")
    assert status == 0
    (one,) = json.loads(output)
    assert [section["title"] for section in one["sections"]] == ["Server", "Route"]
    assert [station["station"] for station in one["request"]] == ["browser", "proxy", "uvicorn", "app"]


def test_live_app_is_explained_from_its_objects(answers: Path) -> None:
    status, output, _ = run("explain", "orders", "-n", "team")
    assert status == 0
    assert output.startswith("team/orders at https://orders.test/orders/\n\nStatus\n  Ready is True (Available)")
    assert (answers / "calls").read_text().count("-l ") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["explain", "nosuch"],
            'proxiedapp: nosuch: Error from server (NotFound): proxiedapps.proxiedapp.dev "nosuch"',
        ),
        (["explain", "no/such.yaml"], "proxiedapp: no/such.yaml: there is no such file, and no app can have this name"),
        (["explain", "empty.yaml"], "proxiedapp: empty.yaml: it is empty"),
        (["explain", "other.yaml"], "proxiedapp: other.yaml: it contains no ProxiedApp"),
        (["explain", "rejected.yaml"], "proxiedapp: rejected.yaml:6:34: spec.command: "),
    ],
    ids=lambda one: one[-1] if isinstance(one, list) else "",
)
def test_errors_are_one_line(
    answers: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(answers)
    Path("empty.yaml").write_text("")
    Path("other.yaml").write_text("kind: ConfigMap\n")
    Path("rejected.yaml").write_text(APP.replace('"main:app"', '"main:app", --port, "9"'))
    status, output, errors = run(*arguments)
    assert (status, output) == (1, "")
    assert errors.startswith(message)
    assert errors.count("\n") == 1


@pytest.mark.usefixtures("answers")
def test_doctor_reports_the_chain_of_an_app() -> None:
    status, output, errors = run("doctor", "orders")
    assert status == 0, output
    assert "ok       endpoints (EndpointSlices of team/orders): 1 addresses are ready.\n" in output
    assert errors == "\nNothing is wrong.\n"


def test_doctor_only_reads(answers: Path) -> None:
    run("doctor", "orders", "-n", "team")
    run("doctor")
    verbs = {line.split()[0] for line in (answers / "calls").read_text().splitlines()}
    assert verbs == {"get", "version"}


def test_doctor_ends_with_1_and_names_where_to_begin(answers: Path) -> None:
    (answers / "endpointslices.discovery.k8s.io").write_text('{"items": []}')
    status, output, errors = run("doctor", "orders", "-o", "json")
    assert status == 1
    (wrong,) = [link for link in json.loads(output) if link["state"] == "wrong"]
    assert wrong["name"] == "endpoints"
    assert errors == ""
    assert run("doctor", "orders")[2].startswith("\nBegin with: endpoints. ")


@pytest.mark.usefixtures("answers")
def test_doctor_of_a_cluster() -> None:
    status, output, _ = run("doctor")
    assert status == 0, output
    assert "ok       kubernetes: The API server is Kubernetes v1.36.3.\n" in output


def test_doctor_without_an_api_server_is_one_line(answers: Path) -> None:
    (answers / "version").write_text("{}")
    status, _, errors = run("doctor")
    assert (status, errors) == (1, "proxiedapp: cannot reach the API server: kubectl reports no version of it\n")
