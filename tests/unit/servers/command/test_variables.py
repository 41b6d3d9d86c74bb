"""References in commands and variables, as the kubelet replaces them."""

import pytest

from proxiedapp.api.kubernetes import EnvVar
from proxiedapp.servers.command.variables import Variables, Word, expand_kubernetes, variables_of

VALUES = {"PORT": "8000", "EMPTY": "", "NAMED": "$(PORT)", "my.var-1": "x"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("--port", Word("--port"), id="no reference"),
        pytest.param("$(PORT)", Word("8000"), id="a reference"),
        pytest.param("p$(PORT)$(PORT)/", Word("p80008000/"), id="references within a word"),
        pytest.param("$(EMPTY)", Word(""), id="an empty value"),
        pytest.param("$(my.var-1)", Word("x"), id="a name with dot and hyphen"),
        pytest.param("$(OTHER)", Word("$(OTHER)"), id="an undefined name stays"),
        pytest.param("$$(PORT)", Word("$(PORT)"), id="an escaped reference"),
        pytest.param("$$$(PORT)", Word("$8000"), id="an escaped dollar sign, then a reference"),
        pytest.param("$$", Word("$"), id="two dollar signs"),
        pytest.param("$PORT ${PORT}", Word("$PORT ${PORT}"), id="what only a shell would replace"),
        pytest.param("$(date +%s)", Word("$(date +%s)"), id="what is no name"),
        pytest.param("$(NAMED)", Word("$(PORT)"), id="a value is not searched again"),
        pytest.param("$(SECRET)", Word("$(SECRET)", known=False), id="a value from elsewhere"),
        pytest.param("$$(SECRET)", Word("$(SECRET)"), id="an escaped reference to one"),
    ],
)
def test_references_are_replaced_as_the_kubelet_does(text: str, word: Word) -> None:
    assert expand_kubernetes(text, VALUES, frozenset({"SECRET"})) == word


def variables(**given: str | None) -> Variables:
    """Read variables in order; None is one whose value comes from a secret."""
    source = {"secretKeyRef": {"name": "s", "key": "k"}}
    env = [
        {"name": name, "valueFrom": source} if value is None else {"name": name, "value": value}
        for name, value in given.items()
    ]
    return variables_of([EnvVar.model_validate(variable) for variable in env])


@pytest.mark.parametrize(
    ("given", "known"),
    [
        pytest.param({"A": "1"}, Variables({"A": "1"}), id="a value"),
        pytest.param({"A": "1", "B": "$(A)2"}, Variables({"A": "1", "B": "12"}), id="a reference to an earlier one"),
        pytest.param({"B": "$(A)", "A": "1"}, Variables({"B": "$(A)", "A": "1"}), id="no reference to a later one"),
        pytest.param({"A": "$(A)"}, Variables({"A": "$(A)"}), id="no reference to itself"),
        pytest.param({"A": "a$$b"}, Variables({"A": "a$b"}), id="an escaped dollar sign"),
        pytest.param({"S": None}, Variables({}, frozenset({"S"})), id="a value from elsewhere"),
        pytest.param(
            {"S": None, "A": "x$(S)"}, Variables({}, frozenset({"S", "A"})), id="a reference to one from elsewhere"
        ),
    ],
)
def test_variables_are_known_as_the_container_gets_them(given: dict[str, str | None], known: Variables) -> None:
    assert variables(**given) == known


def test_variable_without_a_value_is_empty() -> None:
    assert variables_of([EnvVar(name="A")]) == Variables({"A": ""})
    assert variables_of(None) == Variables({})
