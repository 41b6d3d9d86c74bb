"""Variables that are nearly settings."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.process.settings import misspelt

HELLO = Path(__file__).parents[3] / "examples" / "hello" / "app.yaml"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        pytest.param("PROXIEDAPP_TRUSTED_PROXY", "PROXIEDAPP_TRUSTED_PROXIES", id="the singular"),
        pytest.param("PROXIEDAPP_LOGLEVEL", "PROXIEDAPP_LOG_LEVEL", id="no underscore"),
        pytest.param("PROXIEDAPP_TRUSTED_PROXIES", None, id="a setting"),
        pytest.param("PROXIEDAPP_SANDBOX_DIR", None, id="of the sandbox"),
        pytest.param("PROXIEDAPP_HTTP_URL", None, id="for users of the sandbox"),
        pytest.param("TRUSTED_PROXY", None, id="of somebody else"),
    ],
)
def test_what_is_much_like_a_setting_is_told(variable: str, meant: str | None) -> None:
    assert list(misspelt([variable, "PATH"])) == ([] if meant is None else [(variable, meant)])


def test_commands_that_read_settings_say_so() -> None:
    done = CliRunner().invoke(app, ["render", str(HELLO)], env={"PROXIEDAPP_TRUSTED_PROXY": "10.0.0.1"})
    assert done.exit_code == 0
    assert done.stderr == (
        "proxiedapp: PROXIEDAPP_TRUSTED_PROXY is no setting and does nothing; is PROXIEDAPP_TRUSTED_PROXIES meant?\n"
    )
    assert "kind: Deployment" in done.stdout
