"""Reading a command takes a bounded number of steps and a bounded amount of memory, whatever its author wrote."""

import pytest

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.api.errors import CommandConflictError, UnknownServerError
from proxiedapp.api.kubernetes import EnvVar
from proxiedapp.servers.command.container import container_command
from proxiedapp.servers.command.environment import (
    MAX_EXPANSION,
    MAX_VALUE,
    Environment,
    Value,
    expand_references,
    read_environment,
)
from proxiedapp.servers.command.read import read_command
from proxiedapp.servers.command.shell import UnreadableScriptError
from proxiedapp.servers.launch import launch
from tests.support.apps import spec_of
from tests.support.commands import env
from tests.support.work import calls_of

EMPTY = Environment({})
ELEMENT = 32_768
"""Characters that the API server accepts in one argument or variable."""


def doubling(times: int) -> list[EnvVar]:
    """Return variables of which each is twice the one before it."""
    return [
        EnvVar(name="V0", value="x" * 10),
        *(EnvVar(name=f"V{n}", value=f"$(V{n - 1})" * 2) for n in range(1, times + 1)),
    ]


def read(script: str, *arguments: str, given: Environment = EMPTY, budget: Budget | None = None) -> None:
    read_command(container_command(("sh", "-c", script, *arguments), None, given), "auto", budget)


@pytest.mark.parametrize("times", [22, 40, 200])
def test_variables_that_double_are_known_up_to_the_longest_that_linux_takes(times: int) -> None:
    given = read_environment(doubling(times))
    known = [f"V{n}" for n in range(times + 1) if 10 * 2**n <= MAX_VALUE]
    assert list(given.values) == known
    assert given.unknown == {f"V{n}" for n in range(len(known), times + 1)}
    assert sum(map(len, given.values.values())) <= 2 * MAX_VALUE


def test_all_variables_together_are_expanded_up_to_a_limit() -> None:
    wide = [EnvVar(name="A", value="x" * ELEMENT), *(EnvVar(name=f"B{n}", value="$(A)" * 3) for n in range(200))]
    given = read_environment(wide)
    assert given.values["B0"] == "x" * 3 * ELEMENT
    assert "B199" in given.unknown
    assert sum(map(len, given.values.values())) <= MAX_EXPANSION + ELEMENT


def test_arguments_share_the_limit_of_the_variables() -> None:
    given = read_environment([EnvVar(name="A", value="x" * ELEMENT)])
    values = container_command(("$(A)",) * 256, ("$(A)",) * 256, given).values
    assert values[0] == Value("x" * ELEMENT)
    assert values[-1] == Value("", known=False)
    assert sum(len(value.text) for value in values) <= MAX_EXPANSION


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        pytest.param("$(" * (ELEMENT // 2), "$(" * (ELEMENT // 2), id="references that are not closed"),
        pytest.param("$(" * 4 + ")" + "$$$(" * 4, "$(" * 4 + ")" + "$$(" * 4, id="the last parenthesis among them"),
        pytest.param("$$" * (ELEMENT // 2), "$" * (ELEMENT // 2), id="escaped dollar signs"),
        pytest.param("$(A)" * (ELEMENT // 4), "$(A)" * (ELEMENT // 4), id="undefined variables"),
    ],
)
def test_what_looks_like_references_takes_steps_by_its_length(text: str, expanded: str) -> None:
    budget = Budget(MAX_EXPANSION)
    assert expand_references(text, {}, (), budget) == Value(expanded)
    assert budget.spent <= 8 * len(text)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("uvicorn main:app " + "#x\n" * (ELEMENT // 3), id="comments"),
        pytest.param("uvicorn main:app " + "! " * (ELEMENT // 2), id="arguments"),
        pytest.param("! " * (ELEMENT // 2) + "uvicorn main:app", id="reserved words"),
        pytest.param("A=1 " * (ELEMENT // 4) + "uvicorn main:app", id="assignments"),
        pytest.param("0" * ELEMENT + " ; uvicorn main:app", id="digits"),
        pytest.param("env " * (ELEMENT // 4) + "uvicorn main:app", id="wrappers"),
        pytest.param("gunicorn -k asgi main:app " + "--w " * (ELEMENT // 4), id="abbreviations"),
        pytest.param("gunicorn -k asgi main:app -" + "R" * ELEMENT, id="switches in one argument"),
    ],
)
def test_long_script_is_read_in_steps_by_its_length(script: str) -> None:
    budget = Budget()
    read(script, budget=budget)
    assert budget.spent <= 8 * len(script)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        pytest.param("uvicorn main:app " + "$BIG " * 1000, (), id="a long variable many times"),
        pytest.param("uvicorn main:app " + '"$@" ' * 5000, ("x",) * 256, id="all arguments many times"),
    ],
)
def test_script_that_grows_beyond_its_budget_is_unreadable(script: str, arguments: tuple[str, ...]) -> None:
    budget = Budget()
    with pytest.raises(UnreadableScriptError, match="becomes too long when its variables are replaced"):
        read(script, *arguments, given=read_environment([EnvVar(name="BIG", value="x" * 30_000)]), budget=budget)
    assert budget.spent <= budget.steps + 30_000


def test_arguments_variable_beyond_the_budget_is_reported_by_the_budget() -> None:
    given = read_environment(
        [EnvVar(name="A", value="x " * 16_000), EnvVar(name="GUNICORN_CMD_ARGS", value="$(A)$(A)$(A)$(A)")]
    )
    with pytest.raises(BudgetError):
        read_command(container_command(("gunicorn", "-k", "asgi", "main:app"), None, given))


def test_command_beyond_the_budget_is_rejected_with_a_fix() -> None:
    spec = spec_of(command=["gunicorn", "-k", "asgi", "main:app"], env=env(GUNICORN_CMD_ARGS="-R " * 9999))
    with pytest.raises(UnknownServerError) as rejected:
        launch(spec, ["10.0.0.0/8"], Budget(1000))
    assert "reading it takes more than 1000 steps" in str(rejected.value)
    assert "Shorten the command" in str(rejected.value)


def test_unknown_command_of_any_length_is_shown_by_its_beginning() -> None:
    spec = spec_of(command=["x-" * (ELEMENT // 2)] * 40)
    with pytest.raises(UnknownServerError) as rejected:
        launch(spec, [])
    assert len(str(rejected.value)) < 1000


@pytest.mark.parametrize("piece", [",", "10.0.0.0/8,", "::1,", "x,"])
def test_long_list_of_trusted_proxies_is_not_compared(piece: str) -> None:
    """Of 131,072 commas, each was parsed as a network before: 3.7 s."""
    long = "".join(f"{number}{piece}" for number in range(ELEMENT // 16))
    spec = spec_of(
        command=["uvicorn", "main:app"],
        env=env(A=long, FORWARDED_ALLOW_IPS="$(A)$(A)$(A)$(A)"),
    )

    def rejected() -> None:
        with pytest.raises(CommandConflictError, match="FORWARDED_ALLOW_IPS"):
            launch(spec, ["10.42.0.0/16"])

    assert calls_of(rejected) < 100_000
