"""Scripts that are refused because a word could end up in the wrong place."""

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
            id="words after a script that does not take them",
        ),
        pytest.param(
            "sh -c 'uvicorn main:app' --reload",
            'it does not pass the arguments after it to the server; end the server\'s command with "$@"',
            id="an option in the place of the shell's name",
        ),
        pytest.param(
            "sh -c 'uvicorn main:app --port $$PORT'",
            "it contains $$, which Kubernetes replaces by $ before the shell reads it",
            id="a dollar sign that is not yet what the shell sees",
        ),
    ],
)
def test_script_that_cannot_be_extended_with_certainty_is_refused(command: str, why: str) -> None:
    with pytest.raises(UnreadableScriptError) as refused:
        read_command(container_command(words(command), None, Environment({})))
    assert str(refused.value) == why


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("sh -c 'cat <<E\nx\nE'", id="a here document"),
        pytest.param("""sh -c 'echo "x'""", id="an open quote"),
    ],
)
def test_unreadable_script_is_refused_even_if_no_server_was_seen(command: str) -> None:
    with pytest.raises(UnreadableScriptError):
        read_command(container_command(words(command), None, Environment({})))
