"""Scripts that are rejected because an added argument could end up in the wrong command."""

import pytest

from proxiedapp.servers.command.container import container_command
from proxiedapp.servers.command.environment import Environment
from proxiedapp.servers.command.read import read_command
from proxiedapp.servers.command.shell import UnreadableScriptError
from tests.support.commands import words


@pytest.mark.parametrize(
    ("command", "why"),
    [
        pytest.param("sh -c 'uvicorn a:app & uvicorn b:app'", "it starts more than one server", id="two servers"),
        pytest.param(
            "sh -c 'uvicorn --version && uvicorn main:app'", "it starts more than one server", id="the server twice"
        ),
        pytest.param(
            """sh -c "exec sh -c 'uvicorn main:app'" """, "it starts another shell", id="a shell within the shell"
        ),
        pytest.param("sh -c 'uvicorn main:app <<E\nx\nE'", "it contains a here-document", id="a here document"),
        pytest.param("sh -c 'cat <<-E | uvicorn main:app\nx\nE'", "it contains a here-document", id="a <<- document"),
        pytest.param("""sh -c "uvicorn 'main:app" """, "a quotation mark is not closed", id="an open single quote"),
        pytest.param("""sh -c 'uvicorn "main:app' """, "a quotation mark is not closed", id="an open double quote"),
        pytest.param("sh -c 'uvicorn `cat name'", "a quotation mark is not closed", id="an open backtick"),
        pytest.param("sh -c 'uvicorn $(cat name'", "a $( is not closed", id="an open substitution"),
        pytest.param("sh -c 'uvicorn ${NAME:-main:app'", "a ${ is not closed", id="an open parameter"),
        pytest.param(
            "sh -c 'uvicorn main:app' sh --reload",
            'it does not pass the arguments after it to the server; end the server\'s command with "$@"',
            id="arguments after a script that does not pass them on",
        ),
        pytest.param(
            "sh -c 'uvicorn main:app' --reload",
            'it does not pass the arguments after it to the server; end the server\'s command with "$@"',
            id="an option as the name of the shell",
        ),
        *(
            pytest.param(
                command,
                "the shell takes the argument after it, main:app, as its own name, $0; write the server's whole "
                "command in one element",
                id=f"the app as the name of the shell in {command}",
            )
            for command in ("sh -c uvicorn main:app", """sh -c 'uvicorn "$@"' main:app --workers 2""")
        ),
        pytest.param(
            "sh -c 'uvicorn main:app --port $$PORT'",
            "it contains $$, which Kubernetes replaces by $ before the shell reads it",
            id="a dollar sign that Kubernetes has not replaced yet",
        ),
    ],
)
def test_script_that_cannot_be_extended_with_certainty_is_rejected(command: str, why: str) -> None:
    with pytest.raises(UnreadableScriptError) as rejected:
        read_command(container_command(words(command), None, Environment({})))
    assert str(rejected.value) == why


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("sh -c 'cat <<E\nx\nE'", id="a here document"),
        pytest.param("""sh -c 'echo "x'""", id="an open quote"),
    ],
)
def test_unreadable_script_is_rejected_even_without_a_server_in_it(command: str) -> None:
    with pytest.raises(UnreadableScriptError):
        read_command(container_command(words(command), None, Environment({})))
