"""The problems of a check in the formats of people, scripts, code review and CI. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from xml.etree import ElementTree as ET

from proxiedapp.local.check import Result
from proxiedapp.local.codes.guide import guides, page
from proxiedapp.local.problem import Problem, Severity

_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


def report(result: Result, how: Format, docs: str = "") -> str:
    """Return the problems in a format, without a newline at the end; empty if there is nothing to print.

    `docs` is the address of the docs site, to which each problem is linked; JUnit's format has no links.
    """
    return _FORMATS[how](result.problems, docs)


def _link(problem: Problem, docs: str) -> str:
    """Return the address of the page of a problem's code; empty without a site."""
    return f"{docs.rstrip('/')}/{page(problem.code)}" if docs else ""


def counts(result: Result) -> str:
    """Return in one line how much was checked, and how many problems there are."""
    checked = f"{_plural(result.apps, 'ProxiedApp')} in {_plural(result.documents, 'object')}"
    errors = sum(problem.severity is Severity.ERROR for problem in result.problems)
    warnings = len(result.problems) - errors
    return f"{checked}: {_plural(errors, 'error')}, {_plural(warnings, 'warning')}"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _text(problems: Sequence[Problem], docs: str) -> str:
    return "\n".join(
        f"{_where(one)}: {one.severity.value}: {_one_line(one.text)} [{_with_link(one.code, one, docs)}]"
        for one in problems
    )


def _with_link(text: str, problem: Problem, docs: str) -> str:
    return " ".join(filter(None, (text, _link(problem, docs))))


def _where(problem: Problem) -> str:
    return f"{problem.file}:{problem.position.line}:{problem.position.column}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _json(problems: Sequence[Problem], docs: str) -> str:
    linked = [one.as_json() | ({"docs": _link(one, docs)} if docs else {}) for one in problems]
    return json.dumps(linked, indent=2)


def _sarif(problems: Sequence[Problem], docs: str) -> str:
    """SARIF 2.1.0, as code hosts show it beside the lines (OASIS, sarif-v2.1.0, sections 3.27, 3.30 and 3.49)."""
    known = guides()
    links = {one.code: _link(one, docs) for one in problems}
    rules = [
        {"id": code, "shortDescription": {"text": known[code].meaning}, "help": {"text": known[code].text}}
        | ({"helpUri": link} if link else {})
        for code, link in sorted(links.items())
    ]
    driver = {"name": "proxiedapp", "rules": rules}
    results = [
        {
            "ruleId": one.code,
            "level": one.severity.value,
            "message": {"text": one.text},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": one.file},
                        "region": {"startLine": one.position.line, "startColumn": one.position.column},
                    }
                }
            ],
        }
        for one in problems
    ]
    log: dict[str, Any] = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, indent=2)


def _github(problems: Sequence[Problem], docs: str) -> str:
    """Workflow commands of GitHub Actions, which show each problem beside its line."""
    return "\n".join(
        f"::{one.severity.value} file={_property(one.file)},line={one.position.line},col={one.position.column},"
        f"title={_property(one.code)}::{_data(_with_link(one.text, one, docs))}"
        for one in problems
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _junit(problems: Sequence[Problem], _docs: str) -> str:
    """JUnit's XML, with a test for each problem; warnings are tests that pass, with the text as their output."""
    errors = [one for one in problems if one.severity is Severity.ERROR]
    totals = {"tests": str(max(len(problems), 1)), "failures": str(len(errors))}
    suite = ET.Element("testsuite", {"name": "proxiedapp check", **totals})
    if not problems:
        ET.SubElement(suite, "testcase", {"classname": "proxiedapp", "name": "no problems"})
    for one in problems:
        name = _xml(f"{_where(one)} {one.code}")
        case = ET.SubElement(suite, "testcase", {"classname": _xml(one.file), "name": name})
        if one.severity is Severity.ERROR:
            ET.SubElement(case, "failure", {"type": one.code, "message": _xml(one.text)})
        else:
            ET.SubElement(case, "system-out").text = _xml(one.text)
    return ET.tostring(suite, encoding="unicode", xml_declaration=False)


def _xml(text: str) -> str:
    """Replace the characters that XML cannot contain at all."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


_FORMATS: Final[Mapping[Format, Callable[[Sequence[Problem], str], str]]] = {
    Format.TEXT: _text,
    Format.JSON: _json,
    Format.SARIF: _sarif,
    Format.GITHUB: _github,
    Format.JUNIT: _junit,
}
