"""What `make apps` found: results.json, and the page docs/apps.md, whose tables and samples are made of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml

from tests.apps.browser import SCHEMES, Look
from tests.apps.catalog import APPS, App
from tests.matrix.table import render_rows, section, with_section

RESULTS: Final = Path(__file__).with_name("results.json")
PAGE: Final = Path(__file__).parents[2] / "docs" / "apps.md"
TARGET: Final = "apps"
TABLE: Final = "table"
SAMPLES: Final = "samples"


@dataclass(frozen=True)
class Result:
    """One app in the browser."""

    version: str
    verified: str
    """Status and reason of the condition Verified."""
    looks: Mapping[str, Look]
    """By scheme."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        looks = {scheme: Look(**look) for scheme, look in values["looks"].items()}
        return cls(values["version"], values["verified"], looks)

    @property
    def wrong(self) -> list[str]:
        """Everything that is wrong, each with its scheme."""
        return [f"{scheme}: {text}" for scheme, look in self.looks.items() for text in look.wrong]

    @property
    def foreign(self) -> list[str]:
        """The hosts of other servers that the page loads files from."""
        return sorted({host for look in self.looks.values() for host in look.foreign})


def load(path: Path = RESULTS) -> dict[str, Result]:
    """Return the results by the app's name, in the order of the catalog."""
    found = json.loads(path.read_text()) if path.exists() else {}
    return {app.name: Result.read(found[app.name]) for app in APPS if app.name in found}


def save(results: Mapping[str, Result], path: Path = RESULTS) -> None:
    path.write_text(json.dumps({name: asdict(each) for name, each in results.items()}, indent=2, sort_keys=True) + "\n")


def table(results: Mapping[str, Result]) -> str:
    """Return the table of all apps as Markdown."""
    return render_rows([_row(app, results[app.name]) for app in APPS if app.name in results])


def samples(results: Mapping[str, Result]) -> str:
    """Return a section for each app: what to know, its ProxiedApp, and what it loads from other hosts."""
    return "\n".join(_sample(app, results[app.name]) for app in APPS if app.name in results)


def rewritten(page: str, results: Mapping[str, Result]) -> str:
    """Return the page with the results."""
    page = with_section(page, TABLE, table(results), TARGET)
    return with_section(page, SAMPLES, samples(results), TARGET)


def shown(page: str) -> tuple[str, str]:
    """Return the table and the samples that the page has."""
    return section(page, TABLE, TARGET), section(page, SAMPLES, TARGET)


def _row(app: App, result: Result) -> dict[str, str]:
    looks = [result.looks[scheme] for scheme in SCHEMES]
    return {
        "App": f"[{app.title}](#{_anchor(app)})",
        "Version": result.version,
        "Started by": f"`{app.spec['command'][0]}`",
        "Strips the prefix": "no" if app.spec.get("route", {}).get("stripPrefix") == "Never" else "yes",
        "Page": _judged([look.page for look in looks]),
        "Click": _judged([look.click for look in looks]),
        "Assets": _judged([look.assets for look in looks]),
        "Websockets": _judged([look.websockets for look in looks]),
        "Verified": result.verified,
    }


def _judged(problems: Sequence[str | None]) -> str:
    """Return the cell for a problem by http and one by https."""
    if all(problem is None for problem in problems):
        return "-"
    wrong = [scheme for scheme, problem in zip(SCHEMES, problems, strict=True) if problem]
    return f"**wrong** ({', '.join(wrong)})" if wrong else "right"


def _sample(app: App, result: Result) -> str:
    lines = [f"### {app.title}", "", app.notes, "", "```yaml", _yaml(app), "```", ""]
    if result.foreign:
        lines += [f"The page loads files from {', '.join(f'`{host}`' for host in result.foreign)}.", ""]
    return "\n".join(lines)


def _yaml(app: App) -> str:
    return yaml.safe_dump(app.documented(), sort_keys=False, width=110).strip()


def _anchor(app: App) -> str:
    return app.title.lower().replace(" ", "-")
