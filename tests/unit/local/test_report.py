"""Each format holds every problem, with whatever characters a file or a value has."""

import json
from xml.etree import ElementTree as ET

from proxiedapp.local.check import Result
from proxiedapp.local.problem import Problem, Severity, explanations
from proxiedapp.local.report import Format, counts, report
from proxiedapp.local.yamlsource import Position

ERROR = Problem(
    "a,b:c.yaml", Position(7, 3), "Conflict", Severity.ERROR, "spec.route", "100% of\n<requests> \x01", "Move it"
)
WARNING = Problem("d.yaml", Position(1, 1), "Limited", Severity.WARNING, "", "part of it is wrong", "")
BOTH = Result([ERROR, WARNING], apps=1, documents=2)
NONE = Result(apps=1, documents=1)


def test_text_has_one_line_for_each_problem() -> None:
    assert report(BOTH, Format.TEXT).splitlines() == [
        "a,b:c.yaml:7:3: error: spec.route: 100% of <requests> \x01. Move it. [Conflict]",
        "d.yaml:1:1: warning: part of it is wrong. [Limited]",
    ]
    assert report(NONE, Format.TEXT) == ""


def test_json_has_all_values() -> None:
    first, second = json.loads(report(BOTH, Format.JSON))
    assert first == {
        "code": "Conflict",
        "severity": "error",
        "file": "a,b:c.yaml",
        "line": 7,
        "column": 3,
        "field": "spec.route",
        "problem": "100% of\n<requests> \x01",
        "fix": "Move it",
    }
    assert second["severity"] == "warning"
    assert json.loads(report(NONE, Format.JSON)) == []


def test_sarif_defines_the_rules_of_its_results() -> None:
    (run,) = json.loads(report(BOTH, Format.SARIF))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["Conflict", "Limited"]
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 7, "startColumn": 3}
    assert json.loads(report(NONE, Format.SARIF))["runs"][0]["results"] == []


def test_github_commands_are_escaped() -> None:
    first, second = report(BOTH, Format.GITHUB).splitlines()
    assert first.startswith("::error file=a%2Cb%3Ac.yaml,line=7,col=3,title=Conflict::spec.route: 100%25 of%0A")
    assert second.startswith("::warning file=d.yaml,line=1,col=1,title=Limited::")


def xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


def test_junit_is_xml_with_a_failure_for_each_error() -> None:
    suite = xml(report(BOTH, Format.JUNIT))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [bool(case.findall("failure")) for case in suite] == [True, False]
    assert xml(report(NONE, Format.JUNIT)).get("failures") == "0"


def test_counts_are_words_of_one_or_many() -> None:
    assert counts(BOTH) == "1 ProxiedApp in 2 objects: 1 error, 1 warning"
    assert counts(NONE) == "1 ProxiedApp in 1 object: 0 errors, 0 warnings"


def test_every_code_is_explained() -> None:
    meanings = explanations()
    assert {"Conflict", "NoEffect", "UnknownServer", "Unreadable"} <= meanings.keys()
    assert all(text.endswith((".", ";")) for text in meanings.values())
