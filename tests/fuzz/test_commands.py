"""Commands, scripts and variables of any author are read in a bounded number of steps, into a bounded result."""

from random import Random
from typing import Any, Final

from proxiedapp.api.app import parse_spec
from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.api.errors import InvalidSpecError, RejectedError
from proxiedapp.api.kubernetes import EnvVar
from proxiedapp.servers.command.container import container_command
from proxiedapp.servers.command.environment import MAX_EXPANSION, MAX_VALUE, Environment, read_environment
from proxiedapp.servers.command.invocation import STEPS_PER_ARGUMENT
from proxiedapp.servers.command.read import read_command
from proxiedapp.servers.command.shell import UnreadableScriptError
from proxiedapp.servers.launch import launch
from proxiedapp.servers.table import SERVERS
from tests.fuzz.cases import run_cases, some_items, some_size, some_text

ELEMENT: Final = 32_768
"""Characters that the API server accepts in one argument or variable."""
COMMON: Final = 0.8
RARE: Final = 0.2
LONG: Final = 0.01
"""Share of texts that can be as long as that."""
MESSAGE: Final = 4096
"""Characters of a message that a condition can show."""
NAMES: Final = [f"V{number}" for number in range(12)]
VARIABLES: Final = sorted(
    {server.arguments_variable for server in SERVERS if server.arguments_variable}
    | {
        name
        for server in SERVERS
        for form in server.forms
        for setting in form.settings.values()
        for name in setting.variables
    }
    | {"PYTHONPATH", "PROXIEDAPP_APP"}
)
PROGRAMS: Final = sorted(program for server in SERVERS for program in server.programs)
OPTIONS: Final = sorted({option for server in SERVERS for option in (*server.grammar.switches, *server.grammar.valued)})
TEXT: Final = ["x", "é", "\N{FIRE}", " ", ":", "/", "=", "$", "$$", "$(", ")", "0", "10.0.0.0/8", ",", "0.0.0.0:8000"]
REFERENCES: Final = [f"$({name})" for name in NAMES]
SHELL: Final = [
    " ", "\n", "\t", ";", "&", "&&", "|", "#", "(", ")", "{", "}", "!", "<", ">", "2>&1", "<<E", "&>", "'", '"', "\\",
    "\\\n", "`", "$", "$(", "$((", "${", "$@", '"$@"', "$*", "$?", "if ", "then ", "exec ", "env ", "A=1 ",
    "export V1=", "sh -c ", "--", "-k asgi", *(f"${name}" for name in NAMES), *(f'"${{{name}}}" ' for name in NAMES),
    *(f"{program} main:app " for program in PROGRAMS), *(f"{option} " for option in OPTIONS[:40]),
]  # fmt: skip
VALUES: Final = [*TEXT, *REFERENCES, *OPTIONS[:10], "-R ", "' "]
ARGUMENTS: Final = [*TEXT, *REFERENCES, "-R"]
WORDS: Final = [*PROGRAMS, *OPTIONS, *REFERENCES, "main:app", "sh", "-c", "env", "python", "-m", "--", "uv", "run", "-"]


def some_length(random: Random) -> int:
    """Return what the API server accepts, or more often a length that takes less time."""
    return ELEMENT if random.random() < LONG else 256


def some_env(random: Random) -> list[EnvVar]:
    names = random.sample([*NAMES, *VARIABLES], some_size(random, 24))
    return [EnvVar(name=name, value=some_text(random, VALUES, some_length(random))) for name in names]


def some_command(random: Random) -> list[str]:
    def element() -> str:
        return random.choice(WORDS) if random.random() < COMMON else some_text(random, ARGUMENTS, some_length(random))

    return [random.choice(PROGRAMS), *some_items(random, element, 100)]


def written(env: list[EnvVar]) -> int:
    return sum(len(var.value or "") for var in env)


def check_environment(random: Random) -> None:
    env = some_env(random)
    read = read_environment(env)
    assert read.expansion.spent <= MAX_EXPANSION + MAX_VALUE + ELEMENT
    assert all(len(value) <= MAX_VALUE + ELEMENT for value in read.values.values())
    assert sum(map(len, read.values.values())) <= written(env) + MAX_EXPANSION
    assert read.unknown.isdisjoint(read.values)


def check_script(random: Random) -> None:
    script, budget = some_text(random, SHELL, some_length(random)), Budget()
    env = read_environment(some_env(random)) if random.random() < RARE else Environment({"V0": "x", "V1": "a b"})
    arguments = some_items(random, lambda: random.choice(WORDS), 200)
    try:
        found = read_command(container_command(("sh", "-c", script, *arguments), None, env), "auto", budget)
    except (UnreadableScriptError, BudgetError) as error:
        reason = str(error)
    else:
        reason = ""
        count = 0 if found is None else len(found.arguments) + len(found.inherited)
        assert STEPS_PER_ARGUMENT * count <= budget.spent <= budget.steps
    assert len(reason) <= MESSAGE
    assert budget.spent <= budget.steps + max(len(script), MAX_VALUE + ELEMENT, STEPS_PER_ARGUMENT * 256)


def check_spec(random: Random) -> None:
    env = some_env(random)
    command = (
        some_command(random)
        if random.random() < COMMON
        else ["sh", "-c", some_text(random, SHELL, some_length(random))]
    )
    spec: dict[str, Any] = {
        "image": "shop:1",
        "command": command,
        "env": [{"name": var.name, "value": var.value} for var in env],
        "route": {"pathPrefix": random.choice(["/", "/api"])},
        "server": random.choice([{}, {"kind": random.choice(SERVERS).name}]),
    }
    try:
        parsed = parse_spec(spec)
        started = launch(parsed, ["10.0.0.0/8"])
    except (InvalidSpecError, RejectedError) as error:
        reason = str(error)
    else:
        reason = ""
        output = [*(started.command or ()), *(started.args or ()), *started.env.values()]
        assert sum(map(len, output)) <= sum(map(len, command)) + written(env) + 2 * (MAX_VALUE + ELEMENT)
    assert len(reason) <= MESSAGE


def test_variables_are_expanded_within_their_limits() -> None:
    run_cases(check_environment, 6_000)


def test_scripts_are_read_within_their_budget() -> None:
    run_cases(check_script, 8_000)


def test_specs_are_launched_or_rejected_with_a_short_message() -> None:
    run_cases(check_spec, 6_000)
