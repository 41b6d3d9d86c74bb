"""Errors of pydantic in plain words: no word of Python, and no reference to pydantic."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proxiedapp.api.paths import PathPrefix
from proxiedapp.api.problems import problems_of
from proxiedapp.api.quantities import Amount, CountOrPercent


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=9)] = 1
    ratio: float = 1.0
    on: bool = True
    mode: Literal["Auto", "Always", "Never"] = "Auto"
    name: Annotated[str, Field(min_length=1, max_length=3, pattern="^[a-z]*$")] = "a"
    hosts: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    labels: dict[str, str] = {}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"count": "x"}, "it must be a whole number"),
        ({"count": 1.5}, "it must be a whole number"),
        ({"count": 0}, "it must be at least 1"),
        ({"count": 10}, "it must be at most 9"),
        ({"ratio": "x"}, "it must be a number"),
        ({"on": "x"}, "it must be true or false"),
        ({"mode": "auto"}, "it must be 'Auto', 'Always' or 'Never'"),
        ({"name": 1}, "it must be text; put numbers, and words such as yes, in quotes"),
        ({"name": ""}, "it must not be empty"),
        ({"name": "abcd"}, "it must have at most 3 characters"),
        ({"name": "A"}, "it must match the pattern ^[a-z]*$"),
        ({"hosts": "a"}, "it must be a list"),
        ({"hosts": []}, "it must not be empty"),
        ({"hosts": ["a", "b", "c"]}, "it must have at most 2 items"),
        ({"labels": []}, "it must be an object"),
        ({"other": 1}, "it is not a field"),
    ],
    ids=str,
)
def test_problem_is_in_plain_words(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(given)
    assert problems_of(caught.value) == [((next(iter(given)),), problem)]


class Resources(BaseModel):
    limits: dict[str, Amount] = {}
    share: CountOrPercent = 1
    path: PathPrefix = "/"


@pytest.mark.parametrize(
    ("given", "location", "problem"),
    [
        ({"limits": {"cpu": "1gb"}}, ("limits", "cpu"), "it must be a quantity, such as 500m, 0.5 or 256Mi"),
        ({"limits": {"cpu": "-1"}}, ("limits", "cpu"), "it must be a quantity, such as 500m, 0.5 or 256Mi"),
        ({"limits": {"cpu": -1}}, ("limits", "cpu"), "it must be at least 0"),
        ({"limits": {"cpu": -0.5}}, ("limits", "cpu"), "it must be at least 0.0"),
        ({"limits": {"cpu": None}}, ("limits", "cpu"), "it must be a whole number"),
        ({"share": "half"}, ("share",), "it must be a number or a percentage, such as 2 or 50%"),
        ({"share": 1.5}, ("share",), "it must be a whole number"),
        ({"path": "/a/"}, ("path",), "it must be /, or a path such as /api/v1 without a slash at its end"),
    ],
    ids=str,
)
def test_value_of_several_types_has_one_problem(given: dict[str, Any], location: Any, problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Resources.model_validate(given)
    assert problems_of(caught.value) == [(location, problem)]
