"""`check` of many objects takes few steps for each: they are counted, because time depends on the machine."""

import gc
import sys
from types import FrameType

import pytest

from proxiedapp.local.check import check
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import Desired

DEFAULTS = Settings().defaults
APP = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {{name: app-{number}, namespace: team-{number}}}
spec:
  image: shop:1
  command: [uvicorn, "main:app", --workers, "2"]
  replicas: 2
  env:
    - {{name: A, value: b}}
    - {{name: C, value: $(A)}}
  route:
    hosts: [app-{number}.example.com]
    pathPrefix: /api/v1
  resources:
    requests: {{cpu: 100m, memory: 64Mi}}
---
"""
CALLS_OF_AN_APP = 900
"""Calls of functions in Python; 714 with Python 3.11, and 1,505 with two parses of the text and with children."""


def calls(text: str) -> int:
    """Return how many functions in Python a check of a right file calls.

    Python collects no garbage meanwhile, as in the command: it would call finalizers of what other tests have left.
    """
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    gc.disable()
    sys.setprofile(counted)
    try:
        found = check({"apps.yaml": text}, DEFAULTS)
    finally:
        sys.setprofile(None)
        gc.enable()
    assert found.problems == []
    return count


def apps(count: int) -> str:
    return "".join(APP.format(number=number) for number in range(count))


def test_each_further_app_takes_the_same_few_calls() -> None:
    calls(apps(1))  # which reads the table of servers
    few, many, more = (calls(apps(count)) for count in (10, 20, 30))
    assert many - few == pytest.approx(more - many, rel=0.01)
    assert (many - few) / 10 < CALLS_OF_AN_APP


def test_children_are_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rejections do not depend on them."""
    monkeypatch.setattr(Desired, "children", property(lambda _: pytest.fail("built")))
    assert check({"apps.yaml": apps(2)}, DEFAULTS).apps == 2
