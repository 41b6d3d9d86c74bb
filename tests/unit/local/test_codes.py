"""Every code of a finding has a guide, whose examples are what they claim to be, and a page in the docs site."""

import re
from pathlib import Path

from proxiedapp.local.check import check
from proxiedapp.local.codes import answers, plain, specs
from proxiedapp.local.codes.guide import Guide, guides, page
from proxiedapp.local.problem import explanations
from proxiedapp.process.settings import Settings
from proxiedapp.verify.codes import Code as VerifyCode
from tests.support.each import each

DOCS = Path(__file__).parents[3] / "docs"
CORPUS = Path(__file__).parent / "plain" / "data" / "faulty.txt"
HEAD = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {{name: example-{number}, namespace: team}}
spec:
"""
DEFAULTS = {
    "image": 'image: "shop:1"',
    "route": "route: {pathPrefix: /shop}",
    "command": 'command: [uvicorn, "main:app"]',
}
WITHOUT, WITH_PROXY = Settings().defaults, Settings(proxy_namespace="proxy").defaults


def manifest(example: str) -> str:
    """Return an example as a file: each document is an object, or fields of a spec."""
    return "---\n".join(map(document, range(10), example.split("---\n")))


def document(number: int, text: str) -> str:
    if re.search("^kind:", text, re.MULTILINE):
        return text
    fields = re.findall(r"^(\w+):", text, re.MULTILINE)
    lines = [
        line for name, line in DEFAULTS.items() if name not in fields and not (name == "command" and "app:" in text)
    ]
    return HEAD.format(number=number) + "".join(f"  {line}\n" for line in [*lines, *text.splitlines()])


def codes(example: str) -> list[set[str]]:
    """Return the codes that an example has for an operator that knows no proxy, and for one that knows it."""
    texts = {"a.yaml": manifest(example)}
    return [{one.code for one in check(texts, defaults).problems} for defaults in (WITHOUT, WITH_PROXY)]


def test_every_code_has_a_guide() -> None:
    assert set(guides()) == explanations().keys() | set(VerifyCode)
    assert not explanations().keys() & set(VerifyCode), "a code has one meaning"


@each(specs.ADVICE)
def test_example_has_the_fault_and_its_fix_has_none(code: str) -> None:
    assert {code} in codes(specs.ADVICE[code].wrong)  # type: ignore[index]  # both enumerations are of strings
    assert codes(specs.ADVICE[code].right) == [set(), set()]  # type: ignore[index]  # the same


def test_codes_of_plain_manifests_are_those_of_the_corpus() -> None:
    assert set(plain.ADVICE) <= set(re.findall(r"^=== .*? \| (\w+) \|", CORPUS.read_text(), re.MULTILINE)) | {
        "RootPathInCode"
    }
    assert set(answers.ADVICE) == set(VerifyCode)


@each(guides().values())
def test_guide_is_whole_sentences_for_terminals_and_pages(one: Guide) -> None:
    text = one.text
    assert "](" not in text
    assert one.advice.fix.endswith(".")
    assert one.meaning.endswith(".")
    assert not one.reported_by.endswith(".")
    assert one.advice.wrong != one.advice.right
    assert (DOCS / page(one.code)).with_suffix(".md").is_file()
