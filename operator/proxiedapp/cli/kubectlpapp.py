"""`kubectl papp`: the commands as a plugin of kubectl.

kubectl runs `kubectl-papp` for `kubectl papp`, and `kubectl_complete-papp` to complete a command line of it (kubectl
v1.26 and later, `kubectl plugin --help`). Both are scripts of the package.
"""

import os
import shlex
import sys
from contextlib import suppress
from typing import Final

from proxiedapp.cli.program import app

_PROGRAM: Final = "kubectl-papp"


def main() -> None:
    """Run a command, with the usage line that kubectl's users type."""
    app(prog_name="kubectl papp")


def complete() -> None:
    """Print what completes the last argument, and the directive by which kubectl offers files if nothing does."""
    words = [_PROGRAM, *sys.argv[1:]]
    os.environ |= {
        "COMP_WORDS": shlex.join(words),
        "COMP_CWORD": str(len(words) - 1),
        "_KUBECTL_PAPP_COMPLETE": "complete_bash",
    }
    with suppress(SystemExit):
        app(prog_name=_PROGRAM)
    sys.stdout.write(":0\n")
