"""Claims of two processes on ports; the other one says what it got before it waits to be ended."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxiedapp.local.dev.claims import Claims

OTHER = """
import sys
from proxiedapp.local.dev.claims import Claims
claims = Claims()
print(*(claims.add("127.0.0.1", port) for port in (8080, 8443)), flush=True)
sys.stdin.read()
"""


@contextmanager
def other_process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def got(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_port_is_claimed_by_one_process_until_that_ends() -> None:
    claims = Claims()
    with other_process() as other:
        assert got(other) == "True True"
        assert not claims.add("127.0.0.1", 8080)
        assert claims.add("127.0.0.1", 8081)
        assert claims.add("127.0.0.2", 8080)
        other.kill()
        other.wait()
        assert claims.add("127.0.0.1", 8080)
    claims.close()


def test_closed_claims_are_free_for_others() -> None:
    claims = Claims()
    assert claims.add("127.0.0.1", 8080)
    with other_process() as other:
        assert got(other) == "False True"
    claims.close()
    with other_process() as other:
        assert got(other) == "True True"


def test_without_a_folder_that_can_be_written_to_every_claim_succeeds(cache: Path) -> None:
    (cache / "proxiedapp").touch()
    assert Claims().add("127.0.0.1", 8080)
    with other_process() as other:
        assert got(other) == "True True"
