"""Kubernetes manifests as plain dicts, and their YAML."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import yaml
from typing_extensions import override

Manifest: TypeAlias = dict[str, Any]

FIELD_MANAGER: Final = "proxiedapp"
"""The manager of every field the operator applies. It must not change between releases: fields applied under another
name would never be removed."""


class _Dumper(yaml.SafeDumper):
    """The block style of handwritten manifests: lists indented under their key, scripts line by line, no anchors."""

    @override
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, indentless=False)

    @override
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _string(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    rare_line_end = any(char in text for char in "\x85\u2028\u2029")  # PyYAML would read it back as a space
    style = '"' if rare_line_end else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def dump(documents: Iterable[Manifest]) -> str:
    """Return manifests as a YAML stream, with the keys of each in the order of its dict."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=120, allow_unicode=True)
