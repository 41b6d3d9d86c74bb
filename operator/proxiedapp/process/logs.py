"""Log lines: for people by default, JSON objects where a machine reads them. Each carries the app's key as `app`."""

import logging
from typing import Final

from pythonjsonlogger.json import JsonFormatter
from typing_extensions import override

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({})))


class TextFormatter(logging.Formatter):
    """One line: time, level, message, and what else the record carries as key=value."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Add the extra fields after the message."""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD | {"message", "asctime"}}
        line = super().format(record)
        return " ".join([line, *(f"{key}={value}" for key, value in extra.items())])


def configure(level: str, form: str) -> None:
    """Send all log records to standard error in the given form."""
    handler = logging.StreamHandler()
    if form == "json":
        handler.setFormatter(
            JsonFormatter(
                "{asctime}{levelname}{name}{message}",
                style="{",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            )
        )
    else:
        handler.setFormatter(TextFormatter("%(asctime)s %(levelname)-7s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # kopf speaks of its own tasks at info level, httpx of each request; the others of each connection at debug level.
    for name in ("kopf", "aiohttp", "asyncio", "httpx", "httpcore", "uvicorn"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
