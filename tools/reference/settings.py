"""docs/reference/settings.md: the operator's settings."""

from collections.abc import Mapping
from typing import Any

from proxiedapp.api.docstrings import attribute_docstrings
from proxiedapp.process.settings import Settings, variable_of
from tools.reference.markdown import code, table

_PAGE = """\
# Settings of the operator

Made from the code by `make generate`. Each setting is an environment variable of the operator's Deployment. In the YAML
file of `--settings`, which `proxiedapp run` and `proxiedapp render` take, its name is without `PROXIEDAPP_` and in
lower case. The flags of `proxiedapp run` beat the file, and the file beats the variables. An unknown name in the file
is refused; an unknown variable does nothing, and is told if it is much like a setting.

Lists are written `a,b`, maps `name=value,other=value`.

{settings}
"""


def settings() -> str:
    """Return docs/reference/settings.md."""
    texts = attribute_docstrings(Settings)
    rows = (
        (code(variable_of(name)), _shown(field.default), texts[name]) for name, field in Settings.model_fields.items()
    )
    return _PAGE.format(settings=table(["variable", "default", "is"], rows))


def _shown(default: Any) -> str:
    """Show a default as one writes it into the variable."""
    if isinstance(default, Mapping):
        default = ",".join(f"{name}={value}" for name, value in default.items())
    elif isinstance(default, tuple):
        default = ",".join(default)
    elif isinstance(default, float):
        default = f"{default:g}"
    return "none" if default in {None, ""} else code(default)
