"""Frameworks that keep sessions in the memory of a pod are named if an app with one can have several pods."""

from typing import Any

import pytest

from proxiedapp.servers.sessions import sessions_problem
from tests.support.apps import spec_of

STICKY: dict[str, Any] = {"sticky": {"cookie": {}}}
STREAMLIT: dict[str, Any] = {"command": ["streamlit", "run", "app.py"], "server": {"kind": "other"}}


@pytest.mark.parametrize(
    ("fields", "framework"),
    [
        pytest.param(STREAMLIT, "Streamlit", id="the program"),
        pytest.param({"command": ["/opt/bin/panel", "serve", "app.py"]}, "Panel", id="with its path"),
        pytest.param({"command": ["python", "-m", "streamlit", "run", "app.py"]}, "Streamlit", id="as a module"),
        pytest.param({"command": ["uv", "run", "marimo", "run", "nb.py"]}, "marimo", id="behind a wrapper"),
        pytest.param({"command": ["sh", "-c", "exec shiny run app.py"]}, "Shiny", id="in a script"),
        pytest.param({"command": ["sh", "-c", "exec gradio app.py"]}, "Gradio", id="Gradio in a script"),
        pytest.param({"command": ["uv", "run", "gradio", "app.py"]}, "Gradio", id="Gradio behind a wrapper"),
        pytest.param({"command": ["taipy", "run", "main.py"]}, "Taipy", id="Taipy"),
        pytest.param({"command": ["bokeh"], "args": ["serve", "app.py"]}, "Bokeh", id="in the arguments"),
        pytest.param({"args": ["chainlit", "run", "app.py"]}, "Chainlit", id="without a command"),
        pytest.param({"command": ["gradio", "app.py"]}, "Gradio", id="a program without commands of its own"),
        pytest.param({"command": ["python", "-m", "gradio", "app.py"]}, "Gradio", id="such a program as a module"),
        pytest.param({"command": ["reflex", "run"]}, "Reflex", id="sessions that could be in a store"),
        pytest.param(
            {"command": ["reflex", "run"], "env": [{"name": "REDIS_URL", "value": "redis://r"}]},
            None,
            id="sessions that are in a store",
        ),
        pytest.param(
            {"command": ["uvicorn", "main:app"], "env": [{"name": "NICEGUI_REDIS_URL", "value": "redis://r"}]},
            "NiceGUI",
            id="only variables name it",
        ),
        pytest.param({"command": ["uvicorn", "main:app"]}, None, id="unknown stays unknown"),
        pytest.param({"command": ["uvicorn", "streamlit:app"]}, None, id="the name of a module"),
        pytest.param({"command": ["python", "main.py", "gradio", "app.py"]}, None, id="an argument of a program"),
        pytest.param({"command": ["streamlit", "hello"]}, None, id="a command that serves no app"),
    ],
)
def test_framework_is_known_by_the_command_and_by_variables(fields: dict[str, Any], framework: str | None) -> None:
    problem = sessions_problem(spec_of(replicas=2, **fields))
    assert problem.partition(" ")[0] == (framework or "")
    assert sessions_problem(spec_of(replicas=2, route=STICKY, **fields)) == ""


@pytest.mark.parametrize(
    ("fields", "pods"),
    [
        pytest.param({}, None, id="one pod"),
        pytest.param({"replicas": 0}, None, id="none"),
        pytest.param({"replicas": 3}, 3, id="several"),
        pytest.param({"autoscaling": {"maxReplicas": 4, "targetCPUUtilizationPercentage": 80}}, 4, id="an autoscaler"),
        pytest.param(
            {"replicas": 2, "autoscaling": {"maxReplicas": 1, "targetCPUUtilizationPercentage": 80}},
            None,
            id="an autoscaler that keeps one pod",
        ),
    ],
)
def test_number_of_pods_decides(fields: dict[str, Any], pods: int | None) -> None:
    problem = sessions_problem(spec_of(**STREAMLIT, **fields))
    assert (f"can have {pods} pods" in problem) == (pods is not None)
    assert bool(problem) == (pods is not None)
