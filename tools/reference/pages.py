"""The generated pages, by their path from docs/, and one generated module."""

from collections.abc import Callable, Mapping
from typing import Final

from tools.reference.api import api
from tools.reference.codes import code_pages
from tools.reference.commands import commands
from tools.reference.conditions import conditions
from tools.reference.limits import limits
from tools.reference.metrics import metrics
from tools.reference.modules import architecture
from tools.reference.permissions import security
from tools.reference.servers import server_kinds, servers
from tools.reference.settings import settings

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "architecture.md": architecture,
    "conditions.md": conditions,
    "reference/api.md": api,
    **code_pages(),
    "reference/commands.md": commands,
    "reference/limits.md": limits,
    "reference/metrics.md": metrics,
    "reference/settings.md": settings,
    "security.md": security,
    "servers.md": servers,
    "../operator/proxiedapp/api/serverkinds.py": server_kinds,
}
