"""One record is one line, whatever text of others it contains."""

import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxiedapp.process.logs import configure

FORGED = "bad value\n2026-01-02 12:00:00,000 INFO    leading: this replica holds the Lease\r\x1b[2K\x85\u2028\u202e"


@pytest.fixture(autouse=True)
def _root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.split("\n")[:-1]


@pytest.mark.parametrize("name", ["proxiedapp", "uvicorn.error", "asyncio"])
def test_message_with_line_ends_is_one_line_of_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "text")
    logging.getLogger(name).warning("refused: %s", FORGED, extra={"app": f"team/{FORGED}"})
    (line,) = lines(capsys)
    assert line.isprintable()
    assert r"refused: bad value\n2026-01-02 12:00:00,000 INFO" in line
    assert r"\r\x1b[2K\x85\u2028\u202e app=team/bad value\n" in line


def test_ordinary_text_is_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "text")
    logging.getLogger("proxiedapp").info(r"käse C:\dir", extra={"app": "team/shop"})
    (line,) = lines(capsys)
    assert line.endswith(r"INFO    käse C:\dir app=team/shop")


def test_traceback_is_part_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "text")
    logging.getLogger("proxiedapp").error("defect in the operator", exc_info=ValueError(FORGED))
    (line,) = lines(capsys)
    assert r"defect in the operator\nValueError: bad value\n2026" in line


@given(text=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_any_text_is_one_line(log_format: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", log_format)
    logging.getLogger("proxiedapp").warning("%s", text, extra={"app": text})
    (line,) = lines(capsys)
    if log_format == "json":
        assert json.loads(line)["message"] == text
    else:
        assert line.isprintable()
