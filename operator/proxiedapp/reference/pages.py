"""The pages that are made from the code, by their place under docs/."""

from collections.abc import Callable, Mapping
from typing import Final

from proxiedapp.reference.api import api
from proxiedapp.reference.commands import commands
from proxiedapp.reference.conditions import conditions
from proxiedapp.reference.metrics import metrics
from proxiedapp.reference.settings import settings

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "conditions.md": conditions,
    "reference/api.md": api,
    "reference/commands.md": commands,
    "reference/metrics.md": metrics,
    "reference/settings.md": settings,
}
