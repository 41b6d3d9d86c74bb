"""Store the current release for the upgrade tests of the next one: `python -m tests.releases`.

The folder contains the chart and the wheel that users got, and a ProxiedApp for each feature of that release. The
folder of the previous release is deleted. Raise the version afterwards.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import yaml

from tests.support.helm import CHART, Helm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
INPUTS = ROOT / "tests" / "unit" / "resources" / "data" / "input"


def main() -> None:
    """Write the folder of the current version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    folder = HERE / version
    if folder.exists():
        sys.exit(f"{folder.relative_to(ROOT)} exists: raise the version first, or remove the folder")
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1767225600"},
        check=True,
    )
    with tempfile.TemporaryDirectory() as home:
        Helm("helm4", Path(home))("package", CHART, "--destination", folder)
    apps = [app for file in sorted(INPUTS.glob("*.yaml")) for app in yaml.safe_load_all(file.read_text()) if app]
    (folder / "apps.yaml").write_text(yaml.safe_dump_all(apps, sort_keys=False, width=120))
    for old in [each.parent for each in HERE.glob("*/*.tgz") if each.parent != folder]:
        shutil.rmtree(old)


if __name__ == "__main__":
    main()
