"""All that can be known about ProxiedApps from their files: what is wrong in one object, and between them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from proxiedapp.api.annotations import ignored_annotation
from proxiedapp.api.app import ProxiedApp, all_problems, field_of, parse_manifest
from proxiedapp.api.base import ApiModel
from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.api.errors import InvalidSpecError, RejectedError
from proxiedapp.api.names import API_VERSION, GROUP, KIND, PLURAL, POLICY_KIND, POLICY_PLURAL
from proxiedapp.api.policy import ProxyPolicy, ProxyPolicySpec, parse_policy
from proxiedapp.api.problems import MUST_BE_TEXT, UNKNOWN_FIELD, Location
from proxiedapp.api.reasons import Reason
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.local.noeffect import without_effect
from proxiedapp.local.plain.faults import faults
from proxiedapp.local.plain.sources import RootPathInCode, root_paths
from proxiedapp.local.policies import GivenPolicies
from proxiedapp.local.problem import Code, Problem, Severity
from proxiedapp.local.together import Served, between
from proxiedapp.local.withprefix import paths_with_prefix
from proxiedapp.local.written import Written
from proxiedapp.local.yamlsource import Document, DuplicateKeyError, Position, SourceError, documents
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.desired import Desired, desired

_MODELS: Final[Mapping[str, tuple[type[ApiModel], str]]] = {
    KIND: (ProxiedAppSpec, PLURAL),
    POLICY_KIND: (ProxyPolicySpec, POLICY_PLURAL),
}


@dataclass(slots=True)
class Result:
    """The problems in a set of files, in the order of the files, and how much was checked."""

    problems: list[Problem] = field(default_factory=list)
    apps: int = 0
    documents: int = 0


def check(files: Mapping[str, str], defaults: Defaults, sources: Mapping[str, str] | None = None) -> Result:
    """Check the texts of files by their names, as the API server and an operator with these settings would.

    Plain Deployments, Services and routes are checked against each other and, if they are given, against the texts of
    Python files in `sources`. Objects of other kinds pass. Problems between objects are reported where the later one is
    written.
    """
    result = Result()
    written = list(_read(files, result))
    result.documents = len(written)
    ours = [one for one in written if _is_ours(one, result)]
    result.apps = sum(one.body["kind"] == KIND for one in ours)
    result.problems += _twice(ours)
    result.problems += [found for one in ours for found in _metadata(one)]
    policies = GivenPolicies()
    valid: list[tuple[Written, ProxiedApp]] = []
    for one in ours:
        parsed = _parsed(one, result)
        if isinstance(parsed, ProxiedApp):
            valid.append((one, parsed))
        elif parsed is not None:
            policies.add(one.body)
    for one in written:
        if one.body.get("kind") == "Namespace":
            policies.add(one.body)
    served = [
        Served(one.file, one.document, found)
        for one, app in valid
        if (found := _servable(one, app, defaults, policies, result)) is not None
    ]
    result.problems += between(served, [one.body for one in written], defaults.entry_points)
    code = [found for file, text in (sources or {}).items() for found in root_paths(file, text)]
    result.problems += _plain(written, code)
    result.problems.sort()
    return result


def _plain(written: Sequence[Written], code: Sequence[RootPathInCode]) -> Iterator[Problem]:
    by_body = {id(one.body): one for one in written}
    for fault in faults((one.body for one in written), code):
        if fault.body is None:
            file, line, column = fault.where.rsplit(":", 2)
            position = Position(int(line), int(column))
            yield Problem(file, position, fault.code.value, fault.severity, "", fault.problem, fault.fix)
        else:
            yield by_body[id(fault.body)].problem(
                fault.severity, fault.code.value, fault.where, fault.problem, fault.fix
            )


def _read(files: Mapping[str, str], result: Result) -> Iterator[Written]:
    for file, text in files.items():
        for found in documents(text):
            if isinstance(found, Document):
                yield Written(file, found)
            else:
                result.problems.append(_of_source(file, found))


def _of_source(file: str, error: SourceError) -> Problem:
    code = Code.DUPLICATE_KEY if isinstance(error, DuplicateKeyError) else Code.UNREADABLE
    return Problem(file, error.position, code.value, Severity.ERROR, "", error.problem, error.fix)


def _is_ours(one: Written, result: Result) -> bool:
    """Return whether an object is of one of our kinds; reports one that only nearly is."""
    version, kind = one.body.get("apiVersion"), one.body.get("kind")
    if version == API_VERSION and kind in _MODELS:
        return True
    if kind in _MODELS:
        problem = f"{kind} has the apiVersion {API_VERSION}, not {version}"
        where, fix = "apiVersion", f"Write apiVersion: {API_VERSION}"
    elif isinstance(version, str) and version.partition("/")[0] == GROUP:
        problem = "it is missing" if kind is None else f"{GROUP} has no kind {kind}"
        similar = get_close_matches(str(kind), _MODELS, n=1, cutoff=0.5)
        where, fix = "kind", f"Write kind: {similar[0]}" if similar else f"Its kinds are {' and '.join(_MODELS)}"
    else:
        return False
    result.problems.append(one.problem(Severity.ERROR, Code.UNKNOWN_KIND.value, where, problem, fix))
    return False


def _twice(ours: Iterable[Written]) -> Iterator[Problem]:
    first: dict[tuple[Any, ...], Written] = {}
    for one in ours:
        metadata = one.body.get("metadata")
        if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            continue
        kind, name = one.body["kind"], metadata["name"]
        namespace = str(metadata.get("namespace") or "default") if kind == KIND else ""
        earlier = first.setdefault((kind, namespace, name), one)
        if earlier is not one:
            where = f"{earlier.file}:{earlier.document.position.line}"
            problem = f"the {kind} {'/'.join(filter(None, (namespace, name)))} is written at {where}, too"
            yield one.problem(
                Severity.ERROR, Code.DUPLICATE_OBJECT.value, "metadata.name", problem, "Rename or remove one of the two"
            )


def _metadata(one: Written) -> Iterator[Problem]:
    """Yield labels and annotations that the API server would reject; the operator reads none of these."""
    metadata = one.body.get("metadata")
    for name in ("labels", "annotations"):
        given = (metadata.get(name) if isinstance(metadata, dict) else None) or {}
        wrong = ["metadata", name]
        if isinstance(given, dict):
            key = next((key for key, value in given.items() if not isinstance(value, str | None)), None)
            if key is None:
                continue
            wrong, problem = [*wrong, str(key)], MUST_BE_TEXT
        else:
            problem = "it must be an object"
        position, code = one.document.position_of(wrong), InvalidSpecError.reason.value
        yield Problem(one.file, position, code, Severity.ERROR, ".".join(wrong), problem, "Correct it")


def _parsed(one: Written, result: Result) -> ProxiedApp | ProxyPolicy | None:
    """Parse an object; reports everything in it that breaks a rule of its CustomResourceDefinition."""
    parse = parse_manifest if one.body["kind"] == KIND else parse_policy
    try:
        return parse(one.body)
    except InvalidSpecError as error:
        first = error
    model, plural = _MODELS[one.body["kind"]]
    problems = all_problems(model, one.body.get("spec"))
    for location, problem in problems:
        fix = _similar(plural, location) if problem == UNKNOWN_FIELD else "Correct it"
        field = field_of(location)
        result.problems.append(one.problem(Severity.ERROR, InvalidSpecError.reason.value, field, problem, fix))
    if not first.field.startswith("spec"):
        result.problems.append(one.rejected(first))
    return None


@cache
def _spec_schema(plural: str) -> Mapping[str, Any]:
    """Return the schema of a spec. Kept, because it takes longer to generate than a whole file to check."""
    version = custom_resource_definitions()[plural]["spec"]["versions"][0]
    schema: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return schema


def _similar(plural: str, path: Location) -> str:
    """Return which field was probably meant by an unknown one."""
    schema = _spec_schema(plural)
    for step in path[:-1]:
        below = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
        schema = below or schema.get("additionalProperties") or {}
    names = list(schema.get("properties", {}))
    wanted = str(path[-1])
    similar = get_close_matches(wanted, names, n=1, cutoff=0.6) or [
        name for name in names if name.lower() == wanted.replace("_", "").replace("-", "").lower()
    ]
    return f"Write {similar[0]}, if that was meant" if similar else "Remove it"


def _servable(
    one: Written, app: ProxiedApp, defaults: Defaults, policies: GivenPolicies, result: Result
) -> Desired | None:
    """Return what an app asks for; None if the operator would reject it, which is reported."""
    try:
        annotations = policies.check(app, defaults.entry_points)
        found = desired(app, defaults, route_annotations=annotations)
    except RejectedError as error:
        result.problems.append(one.rejected(error))
        return None
    warnings = [
        (Reason.LIMITED.value, "spec.command", found.launch.limits, ""),
        (Reason.NOT_STICKY.value, "spec.route.sticky", *_problem_and_fix(found.sessions_problem)),
        (Reason.NOT_MONITORED.value, "spec.monitoring", found.monitoring_problem, ""),
        *((Code.NO_EFFECT.value, *each) for each in without_effect(app.spec)),
        *((Code.PROBE_PREFIX.value, *each) for each in paths_with_prefix(app.spec, strips=found.launch.strips)),
    ]
    result.problems += [
        one.problem(Severity.WARNING, code, where, problem.rstrip("."), fix)
        for code, where, problem, fix in warnings
        if problem
    ]
    result.problems += _ignored_annotation(one)
    return found


def _ignored_annotation(one: Written) -> Iterator[Problem]:
    annotations = one.body["metadata"].get("annotations")
    if isinstance(annotations, dict) and (ignored := ignored_annotation(annotations)) is not None:
        path = ["metadata", "annotations", ignored.key]
        position, code, where = one.document.position_of(path), Code.NO_EFFECT.value, ".".join(path[:2])
        problem = f"{ignored.key} {ignored.problem}"
        yield Problem(one.file, position, code, Severity.WARNING, where, problem, ignored.fix)


def _problem_and_fix(text: str) -> tuple[str, str]:
    problem, _, fix = text.partition(". ")
    return problem, fix
