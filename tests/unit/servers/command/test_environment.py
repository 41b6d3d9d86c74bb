"""References in commands and variables are replaced as the kubelet does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.kubernetes import EnvVar
from proxiedapp.servers.command.environment import Environment, Value, expand_references, read_environment

VALUES = {"PORT": "8000", "EMPTY": "", "NAMED": "$(PORT)", "my.var-1": "x", "odd name": "odd"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("--port", Value("--port"), id="no reference"),
        pytest.param("$(PORT)", Value("8000"), id="a reference"),
        pytest.param("p$(PORT)$(PORT)/", Value("p80008000/"), id="references within text"),
        pytest.param("$(EMPTY)", Value(""), id="an empty value"),
        pytest.param("$(my.var-1)", Value("x"), id="a name with dot and hyphen"),
        pytest.param("$(OTHER)", Value("$(OTHER)"), id="an undefined name"),
        pytest.param("$$(PORT)", Value("$(PORT)"), id="an escaped reference"),
        pytest.param("$$$(PORT)", Value("$8000"), id="an escaped dollar sign, then a reference"),
        pytest.param("$$", Value("$"), id="two dollar signs"),
        pytest.param("$PORT ${PORT}", Value("$PORT ${PORT}"), id="variables of a shell"),
        pytest.param("$(date +%s)", Value("$(date +%s)"), id="a substitution of the shell"),
        pytest.param("$(odd name)", Value("odd"), id="any name that the container defines"),
        pytest.param("$(a$$b)", Value("$(a$$b)"), id="two dollar signs in a name"),
        pytest.param("$()", Value("$()"), id="an empty name"),
        pytest.param("$(PORT", Value("$(PORT"), id="a parenthesis that is not closed"),
        pytest.param("$(PORT $$", Value("$(PORT $"), id="an escaped dollar sign after it"),
        pytest.param("PORT$", Value("PORT$"), id="a dollar sign at the end"),
        pytest.param("$(NAMED)", Value("$(PORT)"), id="a reference in a value"),
        pytest.param("$(SECRET)", Value("$(SECRET)", known=False), id="a value from a secret"),
        pytest.param("$$(SECRET)", Value("$(SECRET)"), id="an escaped reference to a secret"),
    ],
)
def test_references_are_replaced_as_the_kubelet_does(text: str, value: Value) -> None:
    assert expand_references(text, VALUES, frozenset({"SECRET"})) == value


@given(st.text())
def test_text_without_dollar_signs_stays(text: str) -> None:
    text = text.replace("$", "")
    assert expand_references(text, VALUES) == Value(text)


def variables(**given: str | None) -> Environment:
    """Read variables in order; None stands for a value from a secret."""
    source = {"secretKeyRef": {"name": "s", "key": "k"}}
    env = [
        {"name": name, "valueFrom": source} if value is None else {"name": name, "value": value}
        for name, value in given.items()
    ]
    return read_environment([EnvVar.model_validate(variable) for variable in env])


@pytest.mark.parametrize(
    ("given", "known"),
    [
        pytest.param({"A": "1"}, Environment({"A": "1"}), id="a value"),
        pytest.param({"A": "1", "B": "$(A)2"}, Environment({"A": "1", "B": "12"}), id="a reference to an earlier one"),
        pytest.param({"B": "$(A)", "A": "1"}, Environment({"B": "$(A)", "A": "1"}), id="no reference to a later one"),
        pytest.param({"A": "$(A)"}, Environment({"A": "$(A)"}), id="no reference to itself"),
        pytest.param({"A": "a$$b"}, Environment({"A": "a$b"}), id="an escaped dollar sign"),
        pytest.param({"S": None}, Environment({}, frozenset({"S"})), id="a value from a secret"),
        pytest.param(
            {"S": None, "A": "x$(S)"}, Environment({}, frozenset({"S", "A"})), id="a reference to a value from a secret"
        ),
    ],
)
def test_variables_have_the_values_that_the_container_gets(given: dict[str, str | None], known: Environment) -> None:
    assert variables(**given) == known


def test_variable_without_a_value_is_empty() -> None:
    assert read_environment([EnvVar(name="A")]) == Environment({"A": ""})
    assert read_environment(None) == Environment({})
