"""`check` finds what is wrong in files, at its line and column, and nothing in files that are right."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxiedapp.local.check import check
from proxiedapp.local.problem import Problem, Severity
from proxiedapp.local.yamlsource import Position
from proxiedapp.process.settings import Settings
from tests.support.each import each

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[3]
DEFAULTS = Settings().defaults
WITH_PROXY = Settings(proxy_namespace="proxy").defaults
MARK = "@@"
"""Stands where a problem must be reported; it is removed before the file is checked."""

HEAD = """\
# A comment, so that the first line is not the object's.
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata:
  name: shop
  namespace: team
spec:
"""
SPEC = '  image: shop:1\n  command: [uvicorn, "main:app"]\n  route: {pathPrefix: /shop}\n'


@dataclass(frozen=True)
class Case:
    """A text, and where it has which problem."""

    title: str
    code: str
    text: str
    settings: str

    @property
    def position(self) -> Position | None:
        """Return the position of the mark; None without one."""
        before, mark, _ = self.text.partition(MARK)
        return Position(before.count("\n") + 1, len(before) - before.rfind("\n")) if mark else None


def cases() -> list[Case]:
    found = []
    for part in re.split(r"^=== ", (DATA / "faulty-specs.txt").read_text(), flags=re.MULTILINE)[1:]:
        first, _, body = part.partition("\n")
        title, _, expected = first.partition(" | ")
        code, *options = expected.split()
        spec = "" if options == ["without", "image"] else "image: shop:1\n"
        if options != ["without", "route"] and not re.search(r"^(@@)?route:", body, re.MULTILINE):
            spec += "route: {pathPrefix: /shop}\n"
        if not re.search(r"^(@@)?(command|server):", body, re.MULTILINE):
            spec += 'command: [uvicorn, "main:app"]\n'
        indented = "".join(f"  {line}\n" for line in (spec + body).splitlines())
        found.append(Case(title, code, HEAD + indented, options[0] if options else ""))
    return found


CASES = cases()


def problems(text: str, file: str = "app.yaml") -> list[Problem]:
    return check({file: text}, DEFAULTS).problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_one_problem_is_reported_where_it_is(case: Case) -> None:
    defaults = WITH_PROXY if case.settings == "proxy" else DEFAULTS
    (found,) = check({"app.yaml": case.text.replace(MARK, "")}, defaults).problems
    assert found.code == case.code
    assert case.position in {found.position, None}
    assert found.problem
    assert not found.text.endswith(("..", "?."))
    warns = case.code in {"Limited", "NotMonitored", "NotSticky", "NoEffect", "ProbePrefix"}
    assert found.severity is (Severity.WARNING if warns else Severity.ERROR)


def test_cases_are_many_and_differ() -> None:
    assert len({case.title for case in CASES}) == len(CASES)
    assert len(CASES) >= 75


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("probes: {readiness: {path: /shopping}}", id="another segment"),
        pytest.param("verify: {enabled: false}", id="no verification"),
        pytest.param("probes: {readiness: {tcpSocket: {port: 8000}}}", id="no path"),
    ],
)
def test_path_without_the_prefix_passes(spec: str) -> None:
    text = f'{HEAD}  image: shop:1\n  route: {{pathPrefix: /shop}}\n  command: [uvicorn, "main:app"]\n  {spec}\n'
    assert problems(text) == []


def test_probe_of_a_server_that_gets_the_prefix_may_have_it() -> None:
    spec = 'command: [hypercorn, "main:app"]\n  route: {pathPrefix: /shop, stripPrefix: Never}'
    assert problems(f"{HEAD}  image: shop:1\n  {spec}\n  probes: {{readiness: {{path: /shop/x}}}}\n") == []


@pytest.mark.parametrize(
    ("annotation", "problem"),
    [
        ("proxiedapp.dev/reconcile: paused", 'proxiedapp.dev/reconcile has the unknown value "paused" and no effect'),
        ("proxiedapp.dev/suspend: suspended", "proxiedapp.dev/suspend is unknown and has no effect"),
    ],
)
def test_annotation_without_effect_is_a_warning(annotation: str, problem: str) -> None:
    head = HEAD.replace("spec:", f"  annotations:\n    {annotation}\nspec:")
    (found,) = problems(f'{head}  image: shop:1\n  route: {{pathPrefix: /}}\n  command: [uvicorn, "main:app"]\n')
    assert (found.severity, found.code, found.position) == (Severity.WARNING, "NoEffect", Position(8, 5))
    assert found.problem == problem


GOOD = [
    *sorted((ROOT / "examples").rglob("*.yaml")),
    *sorted((ROOT / "tests" / "unit" / "resources" / "data" / "input").glob("*.yaml")),
    *sorted((ROOT / "manifests").rglob("*.yaml")),
    *sorted((ROOT / "gitops").rglob("*.yaml")),
    *sorted((ROOT / "crds").glob("*.yaml")),
]


@pytest.mark.parametrize("file", GOOD, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_is_reported_for_files_that_are_right(file: Path) -> None:
    errors = [
        one for one in check({str(file): file.read_text()}, WITH_PROXY).problems if one.severity is Severity.ERROR
    ]
    assert errors == []


def test_good_files_are_many() -> None:
    assert len(GOOD) >= 30


NEARLY = {
    "kind: {a: b}\napiVersion: [1]\n": ["2:1 apiVersion is not text"],
    "apiVersion: proxiedapp.dev/v1alpha1\nmetadata: {name: a}\n": ["1:1 kind: it is missing"],
    "apiVersion: proxiedapp.dev/v1alpha1\nkind: [ProxiedApp]\n": ["2:1 kind is not text"],
    HEAD.replace("name: shop", "name: 7") + SPEC: ["5:3 metadata.name: it must be text"],
    HEAD.replace("spec:", "  labels: {a: b, c: 1}\nspec:") + SPEC: ["7:18 metadata.labels.c: it must be text"],
    HEAD.replace("spec:", "  annotations: [a]\nspec:") + SPEC: ["7:3 metadata.annotations: it must be an object"],
    HEAD.replace("spec:", "  labels: {a: null}\n  annotations:\nspec:") + SPEC: [],
    HEAD + SPEC + "  1: 2\n": ["7:1 spec[1]: its name must be text"],
}


@each(NEARLY)
def test_object_of_any_shape_is_judged(text: str) -> None:
    """A kind that is not text was a traceback, and labels that the API server rejects were not reported."""
    found = [
        f"{one.position.line}:{one.position.column} {one.text}" for one in check({"a.yaml": text}, DEFAULTS).problems
    ]
    assert len(found) == len(NEARLY[text])
    assert all(line.startswith(start) for line, start in zip(found, NEARLY[text], strict=True)), found
