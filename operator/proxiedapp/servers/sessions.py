"""Whether clients lose their sessions because the app's framework keeps them in the memory of one of several pods."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from proxiedapp.api.spec import ProxiedAppSpec

_PROGRAMS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "bokeh": ("Bokeh", frozenset({"serve"})),
    "chainlit": ("Chainlit", frozenset({"run"})),
    "marimo": ("marimo", frozenset({"run", "edit"})),
    "panel": ("Panel", frozenset({"serve"})),
    "reflex": ("Reflex", frozenset({"run"})),
    "shiny": ("Shiny", frozenset({"run"})),
    "solara": ("Solara", frozenset({"run"})),
    "streamlit": ("Streamlit", frozenset({"run"})),
    "taipy": ("Taipy", frozenset({"run"})),
}
"""Program, to the name of the framework and the program's commands that serve an app."""
_BEFORE_PROGRAMS: Final = frozenset({"run", "exec", "--", "&&"})
"""Words behind which a program without commands of its own is recognised, as after `uv run`."""
_VARIABLES: Final[Mapping[str, str]] = {
    "BOKEH_": "Bokeh",
    "CHAINLIT_": "Chainlit",
    "GRADIO_": "Gradio",
    "NICEGUI_": "NiceGUI",
    "SOLARA_": "Solara",
    "STREAMLIT_": "Streamlit",
}
"""How the names of a framework's variables begin. Gradio and NiceGUI are usually started by an ASGI server or as
`python main.py`, which does not name them."""
_STORES: Final[Mapping[str, frozenset[str]]] = {"Reflex": frozenset({"REDIS_URL", "REFLEX_REDIS_URL"})}
"""Variables that move the sessions of a framework to a store which all pods share."""


def sessions_problem(spec: ProxiedAppSpec) -> str:
    """Return what is wrong with the sessions of an app's clients, and how to fix it; empty if nothing is known."""
    pods = spec.replicas if spec.autoscaling is None else spec.autoscaling.max_replicas
    if pods <= 1 or spec.route.sticky is not None:
        return ""
    given = frozenset(variable.name for variable in spec.env or ())
    framework = next((one for one in _frameworks(spec) if given.isdisjoint(_STORES.get(one, ()))), None)
    if framework is None:
        return ""
    fix = "Run one pod" if spec.route.parent_refs else "Set spec.route.sticky: {cookie: {}}, or run one pod"
    return (
        f"{framework} keeps sessions in the memory of a pod, and the app can have {pods} pods, so a client's next "
        f"request may reach a pod that does not know its session. {fix}"
    )


def _frameworks(spec: ProxiedAppSpec) -> Iterator[str]:
    """Yield the frameworks that the command and the variables name. A script counts as its words."""
    words = [word for argument in (*(spec.command or ()), *(spec.args or ())) for word in argument.split()]
    for position, (before, word) in enumerate(pairwise(words)):
        program = before.rpartition("/")[2]
        if program in _PROGRAMS and word in _PROGRAMS[program][1]:
            yield _PROGRAMS[program][0]
        is_command = position == 0 or words[position - 1] in _BEFORE_PROGRAMS
        if (program == "gradio" and is_command) or (before == "-m" and word == "gradio"):
            yield "Gradio"  # its command is followed by the file of the app
    for variable in spec.env or ():
        yield from (framework for start, framework in _VARIABLES.items() if variable.name.startswith(start))
