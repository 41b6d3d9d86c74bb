"""Which server a command starts: read from the command, never guessed."""

import pytest

from proxiedapp.servers.command.container import container_command
from proxiedapp.servers.command.environment import Environment, Value
from proxiedapp.servers.command.invocation import Invocation, Position
from proxiedapp.servers.command.read import read_command
from tests.support.commands import words


def read(command: list[str] | None, args: list[str] | None = None) -> Invocation | None:
    return read_command(container_command(command, args, Environment({})))


def found(command: str) -> str | None:
    """Return the server that a command starts, with its subcommand."""
    invocation = read(words(command))
    return None if invocation is None else " ".join(filter(None, [invocation.server.name, invocation.subcommand]))


@pytest.mark.parametrize(
    ("command", "server"),
    [
        pytest.param("uvicorn main:app", "uvicorn", id="uvicorn"),
        pytest.param("fastapi run main.py", "fastapi run", id="fastapi run"),
        pytest.param("fastapi dev main.py", "fastapi dev", id="fastapi dev"),
        pytest.param("fastapi --verbose run", "fastapi run", id="options between fastapi and its subcommand"),
        pytest.param("/app/.venv/bin/uvicorn main:app", "uvicorn", id="by an absolute path"),
        pytest.param(".venv/bin/fastapi run", "fastapi run", id="by a relative path"),
        pytest.param("python -m uvicorn main:app", "uvicorn", id="python -m"),
        pytest.param(
            "python3.12 -u -X utf8 -W error -m fastapi run", "fastapi run", id="python with options of its own"
        ),
        pytest.param("python -m fastapi_cli run", "fastapi run", id="the module behind the fastapi command"),
        pytest.param("python -m uvicorn.__main__ main:app", "uvicorn", id="python -m with the package's main module"),
        pytest.param("python -m uvicorn.main main:app", "uvicorn", id="python -m with a module that starts uvicorn"),
        pytest.param(
            "python -m gunicorn.app.wsgiapp -k asgi main:app", "gunicorn-asgi", id="the module behind gunicorn"
        ),
        pytest.param("sh -c 'exec python -m hypercorn.__main__ main:app'", "hypercorn", id="such a module in a script"),
        pytest.param("uv run -m granian.__main__ main:app", "granian", id="such a module behind uv run -m"),
        pytest.param("pypy3 -m uvicorn main:app", "uvicorn", id="pypy"),
        pytest.param("python /app/.venv/bin/uvicorn main:app", "uvicorn", id="python with the path of the script"),
        pytest.param("uv run uvicorn main:app", "uvicorn", id="uv run"),
        pytest.param("uv run -- uvicorn main:app", "uvicorn", id="uv run --"),
        pytest.param("uv run --with httptools -p 3.12 --frozen uvicorn main:app", "uvicorn", id="uv run with options"),
        pytest.param("uv --directory /app run fastapi run", "fastapi run", id="uv with options before run"),
        pytest.param("uv run -m uvicorn main:app", "uvicorn", id="uv run -m"),
        pytest.param("uv run python -m uvicorn main:app", "uvicorn", id="uv run python -m"),
        pytest.param("poetry run uvicorn main:app", "uvicorn", id="poetry run"),
        pytest.param("poetry -C /app run uvicorn main:app", "uvicorn", id="poetry with options before run"),
        pytest.param("pdm run -p /app uvicorn main:app", "uvicorn", id="pdm run"),
        pytest.param("pipenv run uvicorn main:app", "uvicorn", id="pipenv run"),
        pytest.param("pipenv --python 3.12 run uvicorn main:app", "uvicorn", id="pipenv with options before run"),
        pytest.param(
            "pdm -c pdm.toml run --env-file .env --env A=1 --working-dir /app uvicorn main:app",
            "uvicorn",
            id="pdm with options before and after run",
        ),
        pytest.param("rye run uvicorn main:app", "uvicorn", id="rye run"),
        pytest.param("exec uvicorn main:app", "uvicorn", id="exec"),
        pytest.param("nohup uvicorn main:app", "uvicorn", id="nohup"),
        pytest.param("nice -n 5 uvicorn main:app", "uvicorn", id="nice"),
        pytest.param("tini -- uvicorn main:app", "uvicorn", id="tini"),
        pytest.param("/usr/bin/tini -g -p SIGTERM -- uvicorn main:app", "uvicorn", id="tini with options"),
        pytest.param("dumb-init uvicorn main:app", "uvicorn", id="dumb-init"),
        pytest.param("dumb-init --rewrite 15:2 -- uvicorn main:app", "uvicorn", id="dumb-init with options"),
        pytest.param("catatonit -- uvicorn main:app", "uvicorn", id="catatonit"),
        pytest.param("gosu app uvicorn main:app", "uvicorn", id="gosu and its user"),
        pytest.param("su-exec app:app uvicorn main:app", "uvicorn", id="su-exec and its user"),
        pytest.param("env uvicorn main:app", "uvicorn", id="env"),
        pytest.param("env -u DEBUG A=1 B=2 uvicorn main:app", "uvicorn", id="env with assignments"),
        pytest.param("ddtrace-run uvicorn main:app", "uvicorn", id="ddtrace-run"),
        pytest.param("newrelic-admin run-program uvicorn main:app", "uvicorn", id="newrelic-admin run-program"),
        pytest.param("opentelemetry-instrument uvicorn main:app", "uvicorn", id="opentelemetry-instrument"),
        pytest.param(
            "opentelemetry-instrument --traces_exporter console --service_name shop uvicorn main:app",
            "uvicorn",
            id="opentelemetry-instrument with options",
        ),
        pytest.param(
            "opentelemetry-instrument --exporter_otlp_protocol grpc uvicorn main:app",
            "uvicorn",
            id="opentelemetry-instrument with any option",
        ),
        pytest.param("python -muvicorn main:app", "uvicorn", id="python -mNAME"),
        pytest.param("python -um uvicorn main:app", "uvicorn", id="python -um"),
        pytest.param("python --check-hash-based-pycs always -m uvicorn main:app", "uvicorn", id="python, long option"),
        pytest.param("uv run -muvicorn main:app", "uvicorn", id="uv run -mNAME"),
        pytest.param("env -iu DEBUG uvicorn main:app", "uvicorn", id="env with joined options"),
        pytest.param("env - uvicorn main:app", "uvicorn", id="env -"),
        pytest.param(
            "tini -- gosu app env A=1 uv run -- python -m uvicorn main:app", "uvicorn", id="wrappers in wrappers"
        ),
        pytest.param("sh -c 'uvicorn main:app'", "uvicorn", id="sh -c"),
        pytest.param("sh -c 'exec command uvicorn main:app'", "uvicorn", id="command in a shell"),
        pytest.param("bash -lc 'uvicorn main:app'", "uvicorn", id="bash -lc"),
        pytest.param("bash -euo pipefail -c 'uvicorn main:app'", "uvicorn", id="bash -euo pipefail -c"),
        pytest.param("bash -o errexit -O extglob -c 'uvicorn main:app'", "uvicorn", id="bash -o -O -c"),
        pytest.param("sh -c -- 'uvicorn main:app'", "uvicorn", id="sh -c --"),
        pytest.param("sh -c -e 'uvicorn main:app'", "uvicorn", id="sh -c -e"),
        pytest.param("/bin/sh -e -c 'exec uvicorn main:app'", "uvicorn", id="exec in sh -e -c"),
        pytest.param("sh -c 'A=1 B=2 exec uvicorn main:app'", "uvicorn", id="assignments in a shell"),
        pytest.param("sh -c 'alembic upgrade head && exec uvicorn main:app'", "uvicorn", id="after another command"),
        pytest.param("sh -c 'cd /app; uvicorn main:app'", "uvicorn", id="after cd"),
        pytest.param("sh -c 'if true; then uvicorn main:app; fi'", "uvicorn", id="inside if"),
        pytest.param("sh -c 'while true; do uvicorn main:app; done'", "uvicorn", id="inside a loop"),
        pytest.param("sh -c '{ uvicorn main:app; }'", "uvicorn", id="inside braces"),
        pytest.param("sh -c '(cd /app && time uvicorn main:app)'", "uvicorn", id="inside a subshell"),
        pytest.param("tini -- sh -c 'exec uv run fastapi run'", "fastapi run", id="wrappers around and in a shell"),
        pytest.param("sh -c '\"/app/.venv/bin/uvicorn\" main:app'", "uvicorn", id="a quoted path in a shell"),
        pytest.param("sh -c '$VENV/bin/uvicorn main:app'", "uvicorn", id="a folder from a variable of the shell"),
    ],
)
def test_server_is_read_from_the_command(command: str, server: str) -> None:
    assert found(command) == server


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("python main.py", id="a Python file of the user"),
        pytest.param("python -c 'import uvicorn; uvicorn.run(app)'", id="python code"),
        pytest.param("python -m main", id="a module of the user"),
        pytest.param("python -m", id="python -m without a module"),
        pytest.param("python -m app.uvicorn main:app", id="a module whose last part is a server's name"),
        pytest.param("python -m uvicorn.server main:app", id="a module of a server that starts none"),
        pytest.param("python -m app.uvicorn.main main:app", id="a module that ends like one of a server"),
        pytest.param("uvicorn.main main:app", id="a module's name without python -m"),
        pytest.param("python", id="python alone"),
        pytest.param("/start.sh", id="an unknown program"),
        pytest.param("./uvicorn.sh", id="a script named after a server"),
        pytest.param("waitress-serve main:app", id="a server that is not in the table"),
        pytest.param("gunicorn main:app", id="gunicorn with its default worker, for WSGI"),
        pytest.param("gunicorn -k gevent main:app", id="gunicorn with another worker for WSGI"),
        pytest.param("gunicorn -k mine.Worker main:app", id="gunicorn with an unknown worker class"),
        pytest.param("fastapi login", id="a subcommand that serves no app"),
        pytest.param("fastapi", id="fastapi without a subcommand"),
        pytest.param("fastapi main.py run", id="an argument before the subcommand"),
        pytest.param("uv sync", id="another subcommand of a wrapper"),
        pytest.param("uv run", id="a wrapper around nothing"),
        pytest.param("newrelic-admin generate-config", id="another subcommand of newrelic-admin"),
        pytest.param("tini --", id="nothing after --"),
        pytest.param("gosu app", id="a wrapper and its operand only"),
        pytest.param("env -S 'uvicorn main:app'", id="a string that env splits itself"),
        pytest.param("sh start.sh", id="a shell that runs a file"),
        pytest.param("sh", id="a shell that reads its input"),
        pytest.param("sh -c", id="a shell without a script"),
        pytest.param("sh -c 'python main.py'", id="a script without a server"),
        pytest.param("sh -c '. ./start.sh'", id="a script that reads another"),
        pytest.param("sh -c '$SERVER main:app'", id="a program from a variable of the shell"),
        pytest.param("sh -c 'echo uvicorn main:app'", id="a server's name as an argument of another program"),
        pytest.param("sh -c '# uvicorn main:app'", id="a server in a comment"),
        pytest.param("sh -c \"'uvicorn main:app'\"", id="a whole command in quotes"),
        pytest.param("sh -c 'true > uvicorn'", id="a file named like a server"),
    ],
)
def test_command_without_a_known_server_gives_none(command: str) -> None:
    assert found(command) is None


def test_server_is_read_from_args_without_a_command() -> None:
    invocation = read(None, ["uvicorn", "main:app"])
    assert invocation is not None
    assert (invocation.container.command, invocation.container.args) == (None, ("uvicorn", "main:app"))


def test_command_and_args_are_read_as_one_list() -> None:
    invocation = read(["tini", "--"], ["fastapi", "run", "--port", "80"])
    assert invocation is not None
    assert [argument.value.text for argument in invocation.arguments] == ["--port", "80"]


def test_empty_command_gives_none() -> None:
    assert read(None, None) is None
    assert read([], []) is None


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        pytest.param("setpriv --reuid 1000 uvicorn main:app", "uvicorn", id="unknown option"),
        pytest.param("python -m debugpy --listen 0.0.0.0:5678 -m uvicorn main:app", "uvicorn", id="unknown module"),
        pytest.param("python -m debugpy -m uvicorn.main main:app", "uvicorn", id="module of a server's package"),
        pytest.param("sh /entrypoint.sh hypercorn main:app", "hypercorn", id="script in the image"),
        pytest.param("chamber exec shop -- fastapi run main.py", "fastapi", id="unknown program"),
        pytest.param("my-wrapper gunicorn -k asgi main:app", "gunicorn-asgi", id="program of several servers"),
    ],
)
def test_server_behind_an_unknown_wrapper_is_found_by_its_kind(command: str, kind: str) -> None:
    container = container_command(words(command), None, Environment({}))
    assert read_command(container) is None
    invocation = read_command(container, kind)
    assert invocation is not None
    assert invocation.server.name == kind
    assert invocation.insertion == Position(len(words(command)))


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        pytest.param("my-wrapper --name uvicorn uvicorn main:app", "uvicorn", id="name twice"),
        pytest.param("my-wrapper hypercorn main:app", "uvicorn", id="another server"),
        pytest.param("my-wrapper fastapi login", "fastapi", id="subcommand that serves no app"),
        pytest.param("my-wrapper uvicorn main:app", "auto", id="no kind"),
        pytest.param("sh -c 'pip install uvicorn; python main.py'", "uvicorn", id="in a script"),
    ],
)
def test_server_behind_an_unknown_wrapper_is_not_guessed(command: str, kind: str) -> None:
    assert read_command(container_command(words(command), None, Environment({})), kind) is None


@pytest.mark.parametrize(
    "script",
    [
        "exec debugpy --listen 5678 -m uvicorn main:app",
        "pip install uvicorn && conda run -n shop uvicorn src/main.py",
    ],
)
def test_server_behind_an_unknown_wrapper_in_a_script_is_found_by_its_kind(script: str) -> None:
    invocation = read_command(container_command(["sh", "-c", script], None, Environment({})), "uvicorn")
    assert invocation is not None
    assert invocation.insertion is not None
    assert invocation.insertion.part is not None
    assert invocation.insertion.part[1] == len(script)


def test_variables_before_a_server_behind_an_unknown_wrapper_count() -> None:
    command = words("env UVICORN_PORT=9000 my-wrapper uvicorn main:app")
    invocation = read_command(container_command(command, None, Environment({})), "uvicorn")
    assert invocation is not None
    assert invocation.assignments == {"UVICORN_PORT": Value("9000")}
