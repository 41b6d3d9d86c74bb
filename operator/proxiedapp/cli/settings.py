"""The operator's settings, as every command reads them that needs them."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer
from pydantic import ValidationError

from proxiedapp.cli.documents import read_text
from proxiedapp.cli.errors import fail
from proxiedapp.cli.output import say
from proxiedapp.local.yamlsource import Document, NotAnObjectError, SourceError, documents
from proxiedapp.process.settings import Settings, first_problem, misspelled, variable_of

SettingsFile: TypeAlias = Annotated[
    Path | None, typer.Option("--settings", help="YAML file of the operator's settings by name.")
]
_UPPER: Final = re.compile("[A-Z]")


def read_settings(file: Path | None = None, **flags: Any) -> Settings:
    """Read the settings. Flags that are not None override the file, and the file overrides the variables.

    Ends the command with one line if a value is invalid. Prints a warning for each variable that resembles a
    setting without being one.
    """
    given: dict[str, Any] = {}
    if file is not None:
        given = _read_file(file)
    given |= {name: value for name, value in flags.items() if value is not None}
    for variable, similar in misspelled(os.environ):
        say(f"proxiedapp: {variable} is not a setting and has no effect; did you mean {similar}?", err=True)
    try:
        return Settings.read(os.environ, **given)
    except ValidationError as error:
        setting, problem = first_problem(error)
        fail(f"{_name_of(setting, file, flags)}: {problem}")


def _read_file(file: Path) -> dict[str, Any]:
    """Return the settings in a file by their names here; the chart spells them in camelCase, as `settings` has them."""
    found = list(documents(read_text(file)))
    for one in found:
        if isinstance(one, SourceError) and not isinstance(one, NotAnObjectError):
            fail(f"--settings {one.located(str(file))}.")
    if len(found) != 1 or not isinstance(found[0], Document):
        fail(f"--settings {file}: it must be one YAML mapping of settings, such as `logLevel: debug`")
    given: dict[str, Any] = {}
    for written, value in found[0].body.items():
        name = _UPPER.sub(r"_\g<0>", str(written)).lower()
        if name not in Settings.model_fields:
            close = get_close_matches(name, Settings.model_fields, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            fail(f"--settings {file}: {written} is not a setting{hint}")
        if name in given:
            fail(f"--settings {file}: {name} is set twice, in two spellings")
        given[name] = value
    return {name: value for name, value in given.items() if value is not None}


def _name_of(setting: str, file: Path | None, flags: dict[str, Any]) -> str:
    """Return where a setting was given, as its user wrote it."""
    if flags.get(setting) is not None:
        return f"--{setting.replace('_', '-')}"
    if file is not None and variable_of(setting) not in {name.upper() for name in os.environ}:
        return f"--settings {file}: {setting}"
    return variable_of(setting)
