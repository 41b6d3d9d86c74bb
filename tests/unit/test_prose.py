"""The prose checker finds the phrases that docs/writing.md advises against, with their lines, and leaves code alone."""

from pathlib import Path

import pytest

from tools.prose.__main__ import problems
from tools.prose.rules import RULES


def found(folder: Path, name: str, text: str) -> list[list[str]]:
    """Return line and phrase of each problem."""
    file = folder / name
    file.write_text(text)
    return [problem.removeprefix(f"{file}:").split(": ", 2)[:2] for problem in problems(file)]


@pytest.mark.parametrize(
    "phrase",
    [
        "Who is root",
        "for whom",
        "what there is not",
        "X is no setting",
        "it tells of pods",
        "somebody",
        "Nobody",
        "written anew",
        "mends",
        "it shall",
        "believes",
    ],
)
def test_each_phrase_is_found(phrase: str, tmp_path: Path) -> None:
    assert found(tmp_path, "page.md", f"Here, {phrase} by intent.") != []


@pytest.mark.parametrize(
    "sentence",
    [
        "Who may write apps? Authors.",
        "There is no such rule.",
        "It is no longer there.",
        "an amendment, a recommendation and marshalling",
        "The people who read it.",
    ],
)
def test_good_english_passes(sentence: str, tmp_path: Path) -> None:
    assert found(tmp_path, "page.md", sentence) == []


def test_lines_are_counted_and_a_phrase_may_continue_on_the_next(tmp_path: Path) -> None:
    page = "# Title\n\n```sh\nmend\n```\n\n`mend` and [mend](mend.md).\nIt is\nno rule.\n"
    assert found(tmp_path, "page.md", page) == [["7", "'mend'"], ["8", "'is no'"]]


def test_python_gives_docstrings_strings_and_comments(tmp_path: Path) -> None:
    module = '"""Mend it.\n\nOr `mend()` it."""\n\n# a mend\nmend = "a " + f"rule {1} for nobody"\n'
    assert sorted(found(tmp_path, "module.py", module)) == [["1", "'Mend'"], ["5", "'mend'"], ["6", "'nobody'"]]


def test_yaml_gives_comments(tmp_path: Path) -> None:
    assert found(tmp_path, "values.yaml", "mend: shall # shall it\n# anew\n") == [["1", "'shall'"], ["2", "'anew'"]]


def test_each_rule_says_what_to_write() -> None:
    assert [rule for rule in RULES if not rule.advice.endswith(".")] == []
