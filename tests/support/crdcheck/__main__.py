"""Judge CustomResourceDefinitions by the API server's own validation code, of each Kubernetes version that is promised.

`python -m tests.support.crdcheck FILE…` builds the validators that are not built yet, which takes minutes, and prints
why a version would refuse a file.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.goprograms import PROGRAMS, Printed, build_all
from tests.support.promised import promised_minors


def refused(validators: Mapping[str, Path], files: list[str]) -> list[str]:
    """Print what the validators object to, and return the versions whose validator does not accept all files."""
    results = {version: subprocess.run([program, *files], check=False) for version, program in validators.items()}
    return [version for version, result in results.items() if result.returncode]


def _main(files: list[str]) -> str | None:
    programs = {minor: PROGRAMS[f"crdcheck-{minor}"] for minor in promised_minors()}
    if problems := build_all(programs.values(), Printed()):
        return "\n".join(f"crdcheck: {problem}" for problem in problems)
    versions = refused({minor: program.path for minor, program in programs.items()}, files)
    return f"crdcheck: refused by Kubernetes {', '.join(versions)}" if versions else None


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
