"""Codes can be reasons of conditions, and each is explained."""

import ast
import inspect
import re

import pytest

from proxiedapp.api.status import Condition
from proxiedapp.verify import codes
from proxiedapp.verify.codes import Code


@pytest.mark.parametrize("code", Code)
def test_code_is_a_valid_reason_of_a_condition(code: Code) -> None:
    pattern = next(each.pattern for each in Condition.model_fields["reason"].metadata if hasattr(each, "pattern"))
    assert re.fullmatch(pattern, code.value)
    assert re.fullmatch(r"[A-Z][A-Za-z]+", code.value)


def test_every_code_has_a_docstring() -> None:
    (body,) = [node.body for node in ast.parse(inspect.getsource(codes)).body if isinstance(node, ast.ClassDef)]
    members = [index for index, node in enumerate(body) if isinstance(node, ast.Assign)]
    assert len(members) == len(Code)
    for index in members:
        docstring = body[index + 1]
        assert isinstance(docstring, ast.Expr)
        assert isinstance(docstring.value, ast.Constant)
