"""What a chain of Traefik's Middlewares does to the path of a request, and what else is in it. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.plain.objects import Objects, mapping, name_of, namespace_of, sequence, text

_DEEPEST: Final = 8
"""Levels of chains in chains that are followed."""


@dataclass(slots=True)
class Effect:
    """What a chain of middlewares does to requests with a path prefix."""

    stripped: str = ""
    """The part of the path that is removed; empty for none."""
    sure: bool = True
    """Whether all middlewares of the chain are known, and none changes the path in another way."""
    redirects_to_https: bool = False
    strippers: list[Manifest] = field(default_factory=list)
    """Middlewares that remove a part of the path, whatever the path is."""
    others: list[tuple[str, str]] = field(default_factory=list)
    """Namespace and name of all middlewares that do anything else."""
    missing: list[tuple[str, str]] = field(default_factory=list)
    """Namespace and name of middlewares that are not there."""


def effect_of(names: Iterable[tuple[str, str]], path: str, objects: Objects) -> Effect:
    """Return what the middlewares of these namespaces and names do to a path, in their order."""
    effect = Effect()
    for namespace, name, body in _expanded(names, objects, 0):
        if body is None:
            effect.missing.append((namespace, name))
            effect.sure = False
            continue
        spec = mapping(body.get("spec"))
        kind = next(iter(spec), "")
        options = mapping(spec.get(kind))
        if kind in {"stripPrefix", "stripPrefixRegex"}:
            effect.strippers.append(body)
            effect.stripped = effect.stripped or _stripped(kind, options, path)
        elif kind in {"replacePath", "replacePathRegex", "addPrefix"}:
            stripped = _replaced(kind, options, path)
            effect.sure = effect.sure and stripped is not None
            effect.stripped = effect.stripped or stripped or ""
            if stripped:
                effect.strippers.append(body)
            else:
                effect.others.append((namespace, name))
        elif kind == "redirectScheme" and options.get("scheme") == "https":
            effect.redirects_to_https = True
        else:
            effect.others.append((namespace, name))
    return effect


def _expanded(
    names: Iterable[tuple[str, str]], objects: Objects, depth: int
) -> Iterator[tuple[str, str, Manifest | None]]:
    """Yield the middlewares, with those of a chain in its place."""
    for namespace, name in names:
        body = objects.get("Middleware", namespace, name)
        chain = mapping(mapping((body or {}).get("spec")).get("chain"))
        if body is not None and chain and depth < _DEEPEST:
            inside = [
                (text(one.get("namespace")) or namespace_of(body), text(one.get("name")))
                for one in map(mapping, sequence(chain.get("middlewares")))
            ]
            yield from _expanded(inside, objects, depth + 1)
        else:
            yield namespace, name, body


def _stripped(kind: str, options: Mapping[str, Any], path: str) -> str:
    """Return what is removed from a path: Traefik removes the first match, character by character."""
    if kind == "stripPrefix":
        prefixes = [text(one) for one in sequence(options.get("prefixes"))]
        return next((one.rstrip("/") for one in prefixes if one.rstrip("/") and path.startswith(one.rstrip("/"))), "")
    for expression in sequence(options.get("regex")):
        try:
            found = re.match(text(expression).removeprefix("^"), f"{path}/")
        except re.error:
            continue
        if found is not None and found.group().rstrip("/"):
            return found.group().rstrip("/")
    return ""


def _replaced(kind: str, options: Mapping[str, Any], path: str) -> str | None:
    """Return what a replacement of the path removes at its beginning; None if it does something else."""
    if kind != "replacePathRegex":
        return None
    try:
        replacement = re.sub(r"\$\{?(\d+)\}?", r"\\\1", text(options.get("replacement")))
        result = re.sub(text(options.get("regex")), replacement, f"{path}/probe", count=1)
    except (re.error, IndexError):
        return None
    return path if result == "/probe" else "" if result == f"{path}/probe" else None


def ref(one: Mapping[str, Any], namespace: str) -> tuple[str, str]:
    """Return namespace and name of a reference to a Middleware in a route of a namespace."""
    return text(one.get("namespace")) or namespace, text(one.get("name"))


def described(body: Manifest) -> str:
    """Return a Middleware as messages name it."""
    return f"Middleware {namespace_of(body)}/{name_of(body)}"
