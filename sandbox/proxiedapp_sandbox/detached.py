"""The background process of `sandbox up --detach`: it runs a sandbox with the options given as JSON until SIGTERM."""

import sys

import typer

from proxiedapp_sandbox.commands import run_in_foreground, wait_for_stop
from proxiedapp_sandbox.errors import EXPECTED, as_one_line
from proxiedapp_sandbox.state import SandboxOptions


def main() -> None:
    """Run until SIGTERM; if the sandbox cannot start, the last line of the output is the reason."""
    options = SandboxOptions.model_validate_json(sys.argv[1])
    try:
        run_in_foreground(options, lambda what, _done, _total: typer.echo(what), wait_for_stop)
    except EXPECTED as error:
        sys.exit(as_one_line(error))


if __name__ == "__main__":
    main()
