"""docs/compatibility.md: the stored results of `make compat`, by version. `make generate` writes its table."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.matrix.table import with_section
from tools.reference.markdown import table

_HERE: Final = Path(__file__).parent
RESULTS: Final = _HERE / "results.json"
PAGE: Final = _HERE.parents[1] / "docs" / "compatibility.md"
SECTION: Final = "versions"
TARGET: Final = "compat"

SUITES: Final[Mapping[str, tuple[str, ...]]] = {
    "hello": ("tests/e2e/test_hello.py",),
    "contract": (
        "tests/integration/test_contract.py",
        "tests/integration/test_contract_agreement.py",
        "tests/integration/test_contract_policy.py",
        "tests/integration/test_contract_workload.py",
        "tests/integration/test_admission.py",
        "tests/integration/test_apply.py",
        "tests/integration/test_digests.py",
        "tests/integration/test_pod_security.py",
    ),
    "scenarios": (
        "tests/e2e/test_story.py",
        "tests/e2e/test_drift.py",
        "tests/e2e/test_conflicts.py",
        "tests/e2e/test_conditions.py",
        "tests/e2e/test_policy.py",
        "tests/e2e/test_scaling.py",
        "tests/e2e/test_silence.py",
    ),
    "routing": ("tests/e2e/test_routing.py", "tests/e2e/test_https.py", "tests/e2e/test_overlap.py"),
}
"""The tests of each column."""
KUBERNETES: Final = ("1.31.14", "1.34.4", "1.36.3", "1.37.2")
TRAEFIK: Final = ("3.7.6", "3.7.15")
VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **{f"Kubernetes {version}": ("hello", "contract", "scenarios") for version in KUBERNETES},
    **{f"Traefik {version}": ("hello", "routing") for version in TRAEFIK},
}
"""The suites that run with each version."""
NOT_AVAILABLE: Final[Mapping[str, str]] = {
    "Traefik 3.6.22": "PyPI and the Go module proxy have no Traefik 3.6 from 3.6.22 on",
}
"""Versions that the page requires, and that cannot be tried."""

Results: TypeAlias = dict[str, dict[str, dict[str, Any]]]
"""By version and suite: how many tests passed, how many there were, and the names of the others."""


def stored() -> Results:
    """Return the results so far."""
    found: Results = json.loads(RESULTS.read_text())
    return found


def write(results: Results) -> None:
    """Store results, and write the page."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    PAGE.write_text(page(results))


def page(results: Results) -> str:
    """Return docs/compatibility.md with these results."""
    rows = [
        (name, *(_count(results.get(name, {}), suite, suites) for suite in SUITES)) for name, suites in _tried(results)
    ]
    failed = [
        f"* {name}: {', '.join(f'`{test}`' for suite in suites.values() for test in suite['failed'])}"
        for name, suites in results.items()
        if any(suite["failed"] for suite in suites.values())
    ]
    text = table(("version", *SUITES), rows) + "\n"
    if failed:
        text += "\nTests that failed:\n\n" + "\n".join(failed) + "\n"
    missing = [f"* {name}: {reason}." for name, reason in _missing(results)]
    if missing:
        text += "\nVersions that were not tried:\n\n" + "\n".join(missing) + "\n"
    return with_section(PAGE.read_text(), SECTION, text, TARGET)


def _tried(results: Results) -> Iterator[tuple[str, tuple[str, ...]]]:
    return ((name, suites) for name, suites in VERSIONS.items() if name in results)


def _missing(results: Results) -> Iterator[tuple[str, str]]:
    yield from NOT_AVAILABLE.items()
    for name in VERSIONS:
        if name not in results:
            yield name, "the last run did not include it"


def _count(found: dict[str, dict[str, Any]], suite: str, suites: tuple[str, ...]) -> str:
    if suite not in suites:
        return ""
    return f"{found[suite]['passed']}/{found[suite]['total']}" if suite in found else "not run"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(None if PAGE.read_text() == page(stored()) else f"{PAGE} is stale: run make generate")
    PAGE.write_text(page(stored()))
