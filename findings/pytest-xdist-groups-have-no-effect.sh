#!/usr/bin/env bash
# pytest 9.2.0 with pytest-xdist 3.8.0: `--dist loadgroup` accepts the mark xdist_group, says "scheduling tests via
# LoadGroupScheduling", and spreads the tests of one group over both workers all the same. pytest-xdist writes the group into
# Item._nodeid (xdist/remote.py), and pytest 9.2 no longer builds Item.nodeid from it. With pytest 8.4.2 the same tests stay
# on one worker. No warning is given in either case.
#
# Expected: one worker runs all tests of a group, or an error. Seen: two workers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > test_group.py <<'PY'
import os
import time

import pytest

pytestmark = pytest.mark.xdist_group("one")


@pytest.mark.parametrize("number", range(8))
def test_one(number):
    time.sleep(0.2)
    with open("workers", "a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\n")
PY
check() { # version of pytest, expected number of workers
  python3 -m venv "venv-$1"
  "venv-$1/bin/pip" install --quiet --disable-pip-version-check "pytest==$1" pytest-xdist==3.8.0
  rm -f workers
  "venv-$1/bin/python" -m pytest -q -n 2 --dist loadgroup -p no:cacheprovider test_group.py > output
  local seen
  seen=$(sort -u workers | wc -l)
  echo "pytest $1, pytest-xdist 3.8.0: 8 tests of one group ran on $seen worker(s)"
  [[ $seen == "$2" ]] || { echo "expected: $2" >&2; exit 1; }
}
check 8.4.2 1
check 9.2.0 2
