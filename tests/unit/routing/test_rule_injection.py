"""Any text as host or prefix is either rejected, or the formatted rule means exactly that text."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.routing.rule import Rule
from tests.support.traefik_rule import All, Either, Expression, Matcher, parse

HOSTILE: Final = [
    '"',
    "`",
    "\\",
    ")",
    "(",
    " || ",
    " && ",
    "Host",
    "PathPrefix",
    '("/")',
    "`)",
    '")',
    "\n",
    "\0",
    "*",
    "%22",
    "/",
    "a",
    ".",
    "-",
]
TEXT: Final = st.one_of(
    st.text(),
    st.lists(st.sampled_from(HOSTILE)).map("".join),
    st.text("abz019.-", max_size=20),
    st.text("/azAZ09._~-", max_size=20).map(lambda text: f"/{text}"),
)


def intended(rule: Rule) -> Expression:
    """Return what a rule must mean, without Traefik's syntax."""
    parts: list[Expression] = []
    if rule.hosts:
        hosts = tuple(Matcher("Host", host) for host in rule.hosts)
        parts.append(hosts[0] if len(hosts) == 1 else Either(hosts))
    if rule.prefix != "/":
        parts.append(Either((Matcher("Path", rule.prefix), Matcher("PathPrefix", f"{rule.prefix}/"))))
    elif not parts:
        parts.append(Matcher("PathPrefix", "/"))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


@given(hosts=st.lists(TEXT, max_size=3).map(tuple), prefix=st.one_of(st.just("/"), TEXT))
def test_no_text_can_change_the_meaning_of_a_rule(hosts: tuple[str, ...], prefix: str) -> None:
    rule = Rule(hosts, prefix)
    try:
        written = rule.format()
    except ValueError:
        return
    assert parse(written) == intended(rule)


@given(
    host=st.from_regex(r"(\*\.)?[a-z0-9]([-a-z0-9.]{0,9}[a-z0-9])?", fullmatch=True),
    prefix=st.from_regex(r"(/[A-Za-z0-9._~-]{1,5}){1,3}", fullmatch=True),
)
def test_values_that_the_crd_accepts_can_be_formatted(host: str, prefix: str) -> None:
    rule = Rule((host,), prefix)
    assert parse(rule.format()) == intended(rule)


@pytest.mark.parametrize(
    ("host", "prefix"),
    [
        pytest.param("only.test", "/inj`) || PathPrefix(`/zz", id="backticks"),
        pytest.param("only.test", '/inj") || PathPrefix("/zz', id="double quotes"),
        pytest.param('only.test") || Host("any', "/", id="double quotes in the host"),
        pytest.param("only.test`) || Host(`any", "/", id="backticks in the host"),
        pytest.param("only.test", "/inj\\", id="a backslash before the closing quote"),
    ],
)
def test_known_injections_are_rejected(host: str, prefix: str) -> None:
    with pytest.raises(ValueError, match="is not allowed in"):
        Rule((host,), prefix).format()
