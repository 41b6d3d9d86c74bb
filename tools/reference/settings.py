"""docs/reference/settings.md: the operator's settings."""

from collections.abc import Mapping
from typing import Any

from proxiedapp.api.docstrings import attribute_docstrings
from proxiedapp.process.settings import Settings, variable_of
from tools.reference.markdown import code, table

_PAGE = """\
# Settings of the operator

Generated from the code by `make generate`. Each setting is an environment variable of the operator's Deployment. In the
YAML file for `--settings` of `proxiedapp run` and `proxiedapp render`, its name is in lower case and without
`PROXIEDAPP_`. The flags of `proxiedapp run` override the file, and the file overrides the variables. An unknown name in
the file is an error. An unknown variable has no effect, and causes a warning if it resembles a setting.

Write lists as `a,b` and maps as `name=value,other=value`.

{settings}
"""


def settings() -> str:
    """Return the text of docs/reference/settings.md."""
    texts = attribute_docstrings(Settings)
    rows = (
        (code(variable_of(name)), _shown(field.default), texts[name]) for name, field in Settings.model_fields.items()
    )
    return _PAGE.format(settings=table(["variable", "default", "meaning"], rows))


def _shown(default: Any) -> str:
    """Return a default as it is written in the variable."""
    if isinstance(default, Mapping):
        default = ",".join(f"{name}={value}" for name, value in default.items())
    elif isinstance(default, tuple):
        default = ",".join(default)
    elif isinstance(default, float):
        default = f"{default:g}"
    return "none" if default in {None, ""} else code(default)
