"""An operator of a fault plan ends with the run that started it, even if that is killed."""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]
_RUN = """
import sys
import time
from pathlib import Path

from tests.faults.real.replica import Replica

if __name__ == "__main__":
    replica = Replica("one", Path(sys.argv[1]) / "kubeconfig", Path(sys.argv[1]), 15)
    replica.start()
    print(replica.pid, flush=True)
    time.sleep(600)
"""
_PATIENCE = 120.0


def test_operator_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    config = {
        "clusters": [{"name": "away", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "away", "context": {"cluster": "away", "user": "operator"}}],
        "users": [{"name": "operator", "user": {"token": "none"}}],
        "current-context": "away",
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    (tmp_path / "run.py").write_text(_RUN)
    command = [sys.executable, str(tmp_path / "run.py"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(_ROOT)}) as run:
        assert run.stdout is not None
        operator = os.pidfd_open(int(run.stdout.readline()))  # becomes readable when the process ends
        try:
            assert select.select([operator], [], [], 0)[0] == []
            run.kill()
            assert select.select([operator], [], [], _PATIENCE)[0] == [operator]
        finally:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(operator, signal.SIGKILL)
            os.close(operator)
