"""`proxiedapp verify`: the checks of a running app, of this operator or not."""

import asyncio
import json
import sys
from typing import Annotated, Final

import typer

from proxiedapp.cli.errors import fail
from proxiedapp.cli.findings import print_table
from proxiedapp.cli.output import Output, say
from proxiedapp.verify import check
from proxiedapp.verify.summary import counts, is_conclusive
from proxiedapp.verify.target import InvalidTargetError, VerifyOptions, VerifyTarget

_NOT_JUDGED: Final = 3
"""Exit status if no response shows whether the app works; 2 is that of a wrong command line."""


def verify(
    url: Annotated[str, typer.Argument(help="Address of the app, such as https://example.com/prefix.")],
    host: Annotated[
        str | None, typer.Option(help="Host header and TLS server name (SNI), if not the host of the address.")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Accept any certificate.")] = False,
    openapi_path: Annotated[
        str, typer.Option(help="Path of the OpenAPI schema, as the app declares it.")
    ] = "/openapi.json",
    docs_path: Annotated[str, typer.Option(help="Path of the docs page, as the app declares it.")] = "/docs",
    extra_path: Annotated[
        list[str] | None,
        typer.Option(
            help="Check this path as well (repeatable): /static/x.css, /sub/docs of a mounted app, ws:/socket."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for all checks together.", min=0.1, max=600.0)] = 10.0,
    output: Annotated[Output, typer.Option("--output", "-o", help="text or json.")] = Output.TEXT,
) -> None:
    """Check a running app behind its prefix. Problems come first, each with its fix; they cause exit status 1.

    If nothing is wrong, but nothing could be judged either, the exit status is 3.
    """
    try:
        options = VerifyOptions(openapi_path, docs_path, tuple(extra_path or ()))
        target = VerifyTarget(url, host=host, insecure=insecure)
        findings = asyncio.run(check.verify(target, options, seconds=timeout))
    except InvalidTargetError as error:
        fail(str(error))
    if output is Output.JSON:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        if sys.stdout.isatty():
            print_table(findings)
        else:
            say("\n".join(finding.as_text() for finding in findings))
        typer.echo(counts(findings))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
    if not is_conclusive(findings):
        raise typer.Exit(_NOT_JUDGED)
