"""The operator's settings, as every command reads them that needs them."""

import os
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic import ValidationError

from proxiedapp.cli.errors import fail
from proxiedapp.process.settings import Settings, misspelled, variable_of


def read_settings(file: Path | None = None, **flags: Any) -> Settings:
    """Read the settings. Flags that are not None override the file, and the file overrides the variables.

    Ends the command with one line if a value is invalid. Prints a warning for each variable that resembles a
    setting without being one.
    """
    given: dict[str, Any] = {}
    if file is not None:
        try:
            given = yaml.safe_load(file.read_text()) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            fail(f"--settings {file}: {error}")
        if not isinstance(given, dict):
            fail(f"--settings {file}: it must be a YAML mapping of settings, such as `log_level: debug`")
    given |= {name: value for name, value in flags.items() if value is not None}
    for variable, similar in misspelled(os.environ):
        typer.echo(f"proxiedapp: {variable} is not a setting and has no effect; did you mean {similar}?", err=True)
    try:
        return Settings.read(os.environ, **given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        setting = ".".join(str(part) for part in first["loc"])
        fail(f"{variable_of(setting)}: {first['msg'].removeprefix('Value error, ')}")
