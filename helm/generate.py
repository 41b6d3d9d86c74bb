"""Writes the parts of the chart that are generated, or with `--check` reports those that are stale.

| file of the chart | generated from |
|---|---|
| templates/crds.yaml | the CRDs in crds/ |
| templates/admission.yaml | operator/proxiedapp/routing/admission.py |
| templates/_rules.tpl | the roles in manifests/base/rbac.yaml |
| values.schema.json | itself, with the descriptions of values.yaml, the alerts' names and the operator's settings |
| README.md | values.yaml and the operator's settings |
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic.alias_generators import to_camel

from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.process.settings import Settings
from proxiedapp.routing.admission import objects_with

HERE: Final = Path(__file__).parent
CHART: Final = HERE / "proxiedapp"
BY_OTHER_VALUES: Final = frozenset({"kubeconfig", "namespaces", "lease_name", "identity", "own_namespace", "pod_ip"})
"""Settings that are not under `settings`. A pod uses its service account instead of a kubeconfig, `namespaces` is a
value of its own because roles depend on it, a Lease is named after the release, and the pod provides the rest."""

_VALUE: Final = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z]\w*):(?P<rest>.*)")
_CRD_NAME: Final = re.compile(r"metadata:\n  name: \w+\.proxiedapp\.dev\n")
_ALERT: Final = re.compile(r"^- alert: (\w+)$", re.MULTILINE)

_README: Final = """\
# The chart's values

Generated from values.yaml by `make generate`. [Install](../../docs/install.md) describes how to use the chart.

## Values

| value | default | meaning |
|---|---|---|
{values}

## Settings

Each setting is a key of `settings`, and becomes an environment variable of the operator's container. If it is not set,
the operator's default applies.

| setting | variable | default | meaning |
|---|---|---|---|
{settings}
"""


@dataclass(frozen=True, slots=True)
class Value:
    """A value with a comment of its own."""

    path: tuple[str, ...]
    description: str
    default: Any


def crd_template(crd: str) -> str:
    """Return a CRD as a template: the same text in a condition, with labels and the annotation that keeps it."""
    found = _CRD_NAME.search(crd)
    if found is None:
        raise ValueError("the CRD does not begin with its name, below which labels and annotations would go")
    head, name, rest = crd[: found.start()], found[0], crd[found.end() :]
    added = (
        '  labels:\n    {{- include "proxiedapp.labels" . | nindent 4 }}\n'
        "  {{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n"
    )
    return "{{- if .Values.crds.enabled }}\n" + _escaped(head) + name + added + _escaped(rest) + "{{- end }}\n"


def rules_template(rbac: str) -> str:
    """Return the operator's rules, for a Role or a ClusterRole, and those for policies and for its Lease."""
    by_name = {each["metadata"]["name"]: each["rules"] for each in yaml.safe_load_all(rbac) if "rules" in each}
    named = '[{{ include "proxiedapp.fullname" . }}]'
    rules = _escaped(_dumped(by_name["proxiedapp"]))
    policies = _escaped(_dumped(by_name["proxiedapp-policies"]))
    lease = _escaped(_dumped(by_name["proxiedapp-lease"])).replace(
        "resourceNames: [proxiedapp]", f"resourceNames: {named}"
    )
    return (
        f'{{{{- define "proxiedapp.rules" -}}}}\n{rules}{{{{- end }}}}\n\n'
        f'{{{{- define "proxiedapp.policyRules" -}}}}\n{policies}{{{{- end }}}}\n\n'
        f'{{{{- define "proxiedapp.leaseRules" -}}}}\n{lease}{{{{- end }}}}\n'
    )


def admission_template() -> str:
    """Return the ValidatingAdmissionPolicy and its binding, for the policies among the values."""
    made = objects_with("THE-POLICIES", "THE-NAME")
    text = _escaped(yaml.safe_dump_all(made, sort_keys=False, width=110))
    labels = '\n  labels:\n    {{- include "proxiedapp.labels" . | nindent 4 }}'
    text = text.replace("metadata:\n  name: THE-NAME", f"metadata:\n  name: THE-NAME{labels}")
    text = text.replace("THE-NAME", '{{ include "proxiedapp.fullname" . }}')
    policies = '{{ include "proxiedapp.cel" .Values.admission.policies | toJson }}'
    return "{{- if .Values.admission.enabled }}\n" + text.replace("THE-POLICIES", policies) + "{{- end }}\n"


def _dumped(rules: list[dict[str, Any]]) -> str:
    return yaml.safe_dump(rules, sort_keys=False, default_flow_style=None)


def described_values(text: str) -> Iterator[Value]:
    """Return the values of a values.yaml that have comments, in its order."""
    defaults = yaml.safe_load(text)
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("# "):
            comment.append(bare[2:])
            continue
        if match := _VALUE.fullmatch(line):
            path[len(match["indent"]) // 2 :] = [match["key"]]
            if comment:
                default = defaults
                for key in path:
                    default = default[key]
                yield Value(tuple(path), " ".join(comment), default)
        comment = []


def setting_schemas() -> dict[str, Any]:
    """Return the schema of each setting by its name among the values."""
    properties = Settings.model_json_schema()["properties"]
    found = {to_camel(name): _plain(given) for name, given in properties.items() if name not in BY_OTHER_VALUES}
    found["healthPort"]["minimum"] = 1  # the pod's probes need it
    return found


def schema(old: str, values: str, alerts: str) -> str:
    """Return values.schema.json with descriptions, alerts and settings from their sources."""
    made = json.loads(old)
    made["properties"]["settings"]["properties"] = setting_schemas()
    rule = made["properties"]["metrics"]["properties"]["prometheusRule"]
    rule["properties"]["disabled"]["items"]["enum"] = _ALERT.findall(alerts)
    for value in described_values(values):
        place = made
        for key in value.path:
            place = place["properties"][key]
        place["description"] = value.description
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def readme(values: str) -> str:
    """Return the chart's README."""
    rows = [
        f"| `{'.'.join(value.path)}` | {_shown(value.default)} | {value.description} |"
        for value in described_values(values)
    ]
    settings = [
        f"| `{to_camel(name)}` | `PROXIEDAPP_{name.upper()}` | {_shown(given.get('default'))} | "
        f"{' '.join(given['description'].split())} |"
        for name, given in Settings.model_json_schema()["properties"].items()
        if name not in BY_OTHER_VALUES
    ]
    return _README.format(values="\n".join(rows), settings="\n".join(settings))


def generated() -> dict[Path, str]:
    """Return every generated file and its text."""
    values = (CHART / "values.yaml").read_text()
    alerts = (CHART / "files" / "alerts.yaml").read_text()
    target = CHART / "values.schema.json"
    return {
        CHART / "templates" / "crds.yaml": "".join(
            crd_template((HERE.parent / "crds" / f"{plural}.yaml").read_text())
            for plural in custom_resource_definitions()
        ),
        CHART / "templates" / "admission.yaml": admission_template(),
        CHART / "templates" / "_rules.tpl": rules_template(
            (HERE.parent / "manifests" / "base" / "rbac.yaml").read_text()
        ),
        target: schema(target.read_text(), values, alerts),
        CHART / "README.md": readme(values),
    }


def _escaped(text: str) -> str:
    return text.replace("{{", '{{ "{{" }}')


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """Return a field's JSON schema without keywords of pydantic and Kubernetes; null means not set."""
    kept = {key: value for key, value in given.items() if key not in {"anyOf", "default", "title"}}
    for choice in given.get("anyOf", ()):
        kept |= {} if choice["type"] == "null" else choice
    if kept.get("type") == "array" and "minLength" in kept:
        kept["minItems"] = kept.pop("minLength")
    kept["type"] = [kept["type"], "null"]
    if "enum" in kept:
        kept["enum"] = [*kept["enum"], None]
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    if "items" in kept:
        kept["items"] = {key: value for key, value in kept["items"].items() if not key.startswith("x-")}
    kept["description"] = " ".join(kept["description"].split())
    return {key: value for key, value in kept.items() if not key.startswith("x-")}


def _shown(value: Any) -> str:
    return "" if value in ("", None, [], {}) else f"`{json.dumps(value)}`"


def main(arguments: list[str]) -> int:
    """Write the files, or compare them; returns the exit code."""
    stale = {file: text for file, text in generated().items() if not file.exists() or file.read_text() != text}
    if arguments == ["--check"]:
        for file in stale:
            sys.stderr.write(f"{file.relative_to(HERE.parent)} is stale: run make generate\n")
        return 1 if stale else 0
    for file, text in stale.items():
        file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
