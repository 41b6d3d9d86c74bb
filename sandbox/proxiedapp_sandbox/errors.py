"""The error that commands of the sandbox report to the user."""

import subprocess
from typing import Final


class SandboxError(Exception):
    """The sandbox cannot continue; the message is one line with the problem and its fix."""


EXPECTED: Final = (SandboxError, OSError, subprocess.SubprocessError)
"""What may happen on any machine, TimeoutError included: users get one line instead of a traceback."""


def as_one_line(error: Exception) -> str:
    """Return what went wrong as one line, without the words of Python and the numbers of the operating system."""
    match error:
        case OSError(errno=int(), strerror=str(problem)):
            text = f"{error.filename}: {problem}" if error.filename else problem
        case subprocess.CalledProcessError():
            command = error.cmd if isinstance(error.cmd, str) else " ".join(map(str, error.cmd))
            text = f"`{command}` failed: {error.stderr or f'exit status {error.returncode}'}"
        case _:
            text = str(error)
    return f"proxiedapp: {' '.join(text.split())}"
