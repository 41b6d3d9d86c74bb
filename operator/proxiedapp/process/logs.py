"""Log lines: text by default, JSON objects on request. A line about an app has the app's key in the field `app`."""

import logging
from typing import Final

from pythonjsonlogger.json import JsonFormatter
from typing_extensions import override

from proxiedapp.api.escaping import escaped

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({})))


class TextFormatter(logging.Formatter):
    """One line: time, level, message, and the extra fields of the record as key=value.

    Line ends and other characters that cannot be printed are escaped, those of a traceback as well: the text may come
    from an author of an app, and must not look like another record or control a terminal.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line with the extra fields after the message."""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD | {"message", "asctime"}}
        line = super().format(record)
        return escaped(" ".join([line, *(f"{key}={value}" for key, value in extra.items())]))


def configure(level: str, log_format: str) -> None:
    """Write all log records to standard error, in the format `text` or `json`."""
    handler = logging.StreamHandler()
    if log_format == "json":
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
    # At info level kopf logs its own tasks and httpx every request; at debug level the others log every connection.
    for name in ("kopf", "aiohttp", "asyncio", "httpx", "httpcore", "uvicorn"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
