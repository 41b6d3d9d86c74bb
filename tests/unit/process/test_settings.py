"""Settings from environment variables, and variables that resemble a setting."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.process.settings import Settings, misspelled
from proxiedapp.routing.route import Parent

HELLO = Path(__file__).parents[3] / "examples" / "hello" / "app.yaml"


@pytest.mark.parametrize(
    ("variable", "similar"),
    [
        pytest.param("PROXIEDAPP_TRUSTED_PROXY", "PROXIEDAPP_TRUSTED_PROXIES", id="the singular"),
        pytest.param("PROXIEDAPP_LOGLEVEL", "PROXIEDAPP_LOG_LEVEL", id="no underscore"),
        pytest.param("PROXIEDAPP_TRUSTED_PROXIES", None, id="a setting"),
        pytest.param("PROXIEDAPP_SANDBOX_DIR", None, id="a variable of the sandbox"),
        pytest.param("PROXIEDAPP_HTTP_URL", None, id="a variable that the sandbox exports"),
        pytest.param("TRUSTED_PROXY", None, id="of another program"),
    ],
)
def test_variable_that_resembles_a_setting_is_found(variable: str, similar: str | None) -> None:
    assert list(misspelled([variable, "PATH"])) == ([] if similar is None else [(variable, similar)])


def test_commands_that_read_settings_warn_about_it() -> None:
    done = CliRunner().invoke(app, ["render", str(HELLO)], env={"PROXIEDAPP_TRUSTED_PROXY": "10.0.0.1"})
    assert done.exit_code == 0
    assert done.stderr == (
        "proxiedapp: PROXIEDAPP_TRUSTED_PROXY is not a setting and has no effect; "
        "did you mean PROXIEDAPP_TRUSTED_PROXIES?\n"
    )
    assert "kind: Deployment" in done.stdout


def test_variables_are_read_and_given_values_override_them() -> None:
    variables = {
        "PROXIEDAPP_NAMESPACES": "a, b",
        "proxiedapp_lease": "false",
        "PROXIEDAPP_PROXY_LABELS": "app=traefik",
        "PROXIEDAPP_LOG_LEVEL": "debug",
        "PROXIEDAPP_SANDBOX_DIR": "/sandbox",
        "NAMESPACES": "c",
    }
    settings = Settings.read(variables, log_level="error")
    assert settings == Settings(namespaces=("a", "b"), lease=False, proxy_labels={"app": "traefik"}, log_level="error")


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"ROUTES": "gateway"}, "PROXIEDAPP_GATEWAYS: must name at least one Gateway if routes is gateway"),
        ({"GATEWAYS": "infra/main"}, "PROXIEDAPP_GATEWAYS: must be empty if routes is traefik"),
        ({"ROUTES": "gateway", "GATEWAYS": "main"}, "PROXIEDAPP_GATEWAYS: 0:"),
        (
            {"ROUTES": "gateway", "GATEWAYS": "infra/main,infra/main/https"},
            "PROXIEDAPP_GATEWAYS: must not contain the same Gateway twice",
        ),
    ],
)
def test_settings_of_gateways_must_fit_each_other(variables: dict[str, str], problem: str) -> None:
    given = {f"PROXIEDAPP_{name}": value for name, value in variables.items()}
    done = CliRunner().invoke(app, ["render", str(HELLO)], env=given)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"proxiedapp: {problem}")


def test_gateways_are_read_with_and_without_a_listener() -> None:
    settings = Settings(routes="gateway", gateways=("infra/main/https", "team/own"))
    assert settings.defaults.entry_points.gateways == (
        Parent("infra", "main", "https"),
        Parent("team", "own", None),
    )
