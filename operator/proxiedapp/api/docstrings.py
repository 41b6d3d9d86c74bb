"""Texts under the attributes of a class, which Python does not keep: descriptions in the CRD and in the reference."""

import ast
import inspect
from itertools import pairwise
from textwrap import dedent

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import override


class DescribedModel(BaseModel):
    """A model whose JSON schema describes each field by the text under it.

    pydantic's `use_attribute_docstrings` does so when the class is created, for which it reads and parses the source of
    every model at every start; that took a quarter of the time to import the API's models (pydantic 2.14,
    `pydantic/_internal/_docs_extraction.py`).
    """

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        for name, text in attribute_docstrings(cls).items():
            if name in cls.model_fields:
                schema["properties"][cls.model_fields[name].alias or name]["description"] = text
        return schema


def attribute_docstrings(cls: type) -> dict[str, str]:
    """Return the text under each attribute of a class and its bases, by the attribute's name.

    Reads the source of the class, so it is for generating schemas and pages, not for serving.
    """
    found: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        if owner.__module__.partition(".")[0] == cls.__module__.partition(".")[0]:
            found |= _own(owner)
    return found


def _own(cls: type) -> dict[str, str]:
    (definition,) = ast.parse(dedent(inspect.getsource(cls))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return {
        target.id: inspect.cleandoc(text.value.value)
        for attribute, text in pairwise(body)
        if isinstance(attribute, ast.Assign | ast.AnnAssign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
        for target in (attribute.targets if isinstance(attribute, ast.Assign) else [attribute.target])
        if isinstance(target, ast.Name)
    }
