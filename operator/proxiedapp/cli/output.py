"""The formats of commands that print for people and for programs."""

from enum import StrEnum


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"
