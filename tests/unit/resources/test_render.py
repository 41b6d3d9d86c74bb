"""`proxiedapp render` prints the same bytes as the golden files, without a cluster."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proxiedapp.cli import app
from tests.support.apps import MONITORING, PROXY
from tests.support.golden import DATA, INPUTS, output_of


@pytest.fixture(autouse=True)
def golden_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("PROXIEDAPP_"):
            monkeypatch.delenv(name)
    for name, pods in (("PROXY", PROXY), ("MONITORING", MONITORING)):
        monkeypatch.setenv(f"PROXIEDAPP_{name}_NAMESPACE", pods.namespace)
        labels = ",".join(f"{key}={value}" for key, value in pods.labels.items())
        monkeypatch.setenv(f"PROXIEDAPP_{name}_LABELS", labels)


def render(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["render", *map(str, arguments)], input=stdin)


@pytest.mark.parametrize("case", INPUTS, ids=lambda path: path.stem)
def test_render_prints_the_golden_file(case: Path) -> None:
    done = render(case)
    assert (done.exit_code, done.stdout) == (0, output_of(case).read_text())


def test_several_files_are_printed_in_order() -> None:
    assert render(*INPUTS).stdout == "".join(output_of(case).read_text() for case in INPUTS)


def test_several_documents_are_read_from_standard_input() -> None:
    text = "---\n".join(case.read_text() for case in INPUTS[:2])
    assert render("-", stdin=text).stdout == "".join(output_of(case).read_text() for case in INPUTS[:2])


def test_settings_decide_what_the_spec_leaves_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXIEDAPP_ENTRY_POINTS", "from-variable")
    monkeypatch.setenv("PROXIEDAPP_TRUSTED_PROXIES", "192.0.2.1")
    settings = tmp_path / "settings.yaml"
    settings.write_text("entry_points: [from-file]\n")
    printed = render(DATA / "input" / "minimal.yaml", "--settings", settings).stdout
    assert "- from-file\n" in printed, "the file beats the variable"
    assert "value: 192.0.2.1\n" in printed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("{", ":2:1: did not find expected", id="invalid YAML"),
        pytest.param("- a", ":1:1: the document is a list, not a Kubernetes object", id="not an object"),
        pytest.param("kind: Deployment\n", ":1:1: kind: the object must have", id="another kind"),
        pytest.param(
            "kind: ProxiedApp\napiVersion: proxiedapp.dev/v1alpha1\nmetadata: {name: a}\nspec: {image: x, route: {}}\n",
            ":4:1: spec.command: it is missing",
            id="a rejected spec",
        ),
        pytest.param(
            "kind: ProxiedApp\napiVersion: proxiedapp.dev/v1alpha1\nmetadata: broken\n",
            ":3:1: metadata: it must be an object",
            id="metadata that is not an object",
        ),
    ],
)
def test_invalid_input_is_reported_and_nothing_is_printed(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(text)
    done = render(INPUTS[0], file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"proxiedapp: {file}:")
    assert problem in done.stderr


def test_missing_file_is_reported() -> None:
    done = render("no-such-file.yaml")
    assert done.exit_code == 1
    assert "proxiedapp: no-such-file.yaml: cannot read it: no such file or directory" in done.stderr


APP = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {name: shop, namespace: team-a}
spec:
  image: shop:1
  command: [uvicorn, main:app]
  commonAnnotations: {external-dns.alpha.kubernetes.io/ttl: "60"}
  route: {hosts: [shop.team-b.test], pathPrefix: /shop}
---
"""
POLICY = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxyPolicy
metadata: {name: teams}
spec:
  namespaces: {selector: {matchLabels: {team: a}}}
  allow: {hosts: ["HOST"]}
  routeAnnotations: [external-dns.alpha.kubernetes.io/*]
---
"""
TEAM = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {team: a}}\n---\n"
REFUSAL = ": spec.route.hosts: the ProxyPolicy teams does not allow the host shop.team-b.test"


def test_policy_among_the_files_is_applied() -> None:
    done = render("-", stdin=APP + TEAM + POLICY.replace("HOST", "*.team-a.test"))
    assert done.exit_code == 1
    assert REFUSAL in done.stderr


def test_policy_of_another_file_is_applied(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(TEAM + POLICY.replace("HOST", "*.team-a.test"))
    done = render("-", "--policy", file, stdin=APP)
    assert (done.exit_code, REFUSAL in done.stderr) == (1, True)


def test_allowed_app_is_printed_with_the_annotations_of_its_route() -> None:
    without = render("-", stdin=APP)
    allowed = render("-", stdin=APP + TEAM + POLICY.replace("HOST", "*.team-b.test"))
    assert (without.exit_code, allowed.exit_code) == (0, 0)
    assert without.stdout.count("external-dns") + 1 == allowed.stdout.count("external-dns"), "the IngressRoute's"


def test_labels_come_from_a_namespace_only() -> None:
    done = render("-", stdin=APP + POLICY.replace("HOST", "*.team-b.test"))
    assert "no ProxyPolicy selects the namespace team-a" in done.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(APP, ": --policy takes ProxyPolicies and Namespaces", id="an app"),
        pytest.param(POLICY.replace("HOST", "*.*"), ": spec.allow.hosts[0]", id="an invalid policy"),
    ],
)
def test_file_of_policies_is_checked(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    done = render("-", "--policy", file, stdin=APP)
    assert done.exit_code == 1
    assert problem in done.stderr
