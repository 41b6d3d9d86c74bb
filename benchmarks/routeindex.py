"""Count the steps of one foreign route's event and of one conflict pass beside 100, 1,000 and 10,000 apps at rest.

A step is an entry of an index that is read. Seconds would depend on the machine; the steps are the same everywhere, and
tests/unit/controller/observed asserts that they do not grow with the number of apps.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from proxiedapp.api.budget import Budget
from proxiedapp.controller.observed.addressindex import AddressIndex, addresses_of
from proxiedapp.controller.observed.routeindex import RouteIndex
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Contender, claim_of
from proxiedapp.routing.foreignroute import MAX_ROUTE_STEPS, read_foreign_route
from proxiedapp.routing.rule import Rule

SIZES = (100, 1_000, 10_000)
SHOP = Key("shops", "shop")
RIVAL = Key("rivals", "rival")
ENTRY_POINTS = ("web", "websecure")
INGRESS = {
    "metadata": {},
    "spec": {
        "rules": [
            {
                "host": host,
                "http": {
                    "paths": [{"path": path, "pathType": "Prefix", "backend": {"service": {"name": "theirs"}}}],
                },
            }
            for host, path in (("shop.test", "/api"), ("*.shops.test", "/"), ("", "/"))
        ]
    },
}
"""An Ingress with a rule for one app's address, one for a wildcard and one for every host."""


@dataclass(frozen=True)
class Steps:
    """The steps beside one number of apps at rest."""

    apps: int
    reading: int
    event: int
    conflict_pass: int
    holder_leaves: int


def measure(apps: int) -> Steps:
    """Return the steps beside this many apps, each routed at a host and prefix of its own."""
    addresses, routes = AddressIndex(), RouteIndex()
    for number in range(apps):
        _route(addresses, routes, Key(f"team-{number % 40}", f"app-{number}"), f"{number}.test", f"/v{number % 7}")
    _route(addresses, routes, SHOP, "shop.test", "/api")
    claim = claim_of(Rule(("shop.test",), "/api"), ENTRY_POINTS, None)
    routes.replace(RIVAL, Contender(RIVAL, "2", claim, frozenset()))
    budget = Budget(MAX_ROUTE_STEPS)
    foreign = read_foreign_route("Ingress", INGRESS, budget)
    if foreign is None or set().union(*addresses.concerned(foreign.priorities)) != {SHOP}:
        raise RuntimeError("the Ingress must concern the shop alone")
    event = addresses.steps
    before = routes.steps
    routes.holders(RIVAL)
    after = routes.steps
    routes.replace(SHOP, None)
    return Steps(apps, budget.spent, event, after - before, routes.steps - after)


def _route(addresses: AddressIndex, routes: RouteIndex, app: Key, host: str, prefix: str) -> None:
    rule = Rule((host,), prefix)
    claim = claim_of(rule, ENTRY_POINTS, None)
    routes.replace(app, Contender(app, "1", claim, claim))
    addresses.replace(app, frozenset(), addresses_of(rule, ()))


def main() -> int:
    """Print the table; write it as JSON too if a file is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args()
    results = [measure(apps) for apps in SIZES]
    titles = ("apps at rest", "read an Ingress", "find its apps", "conflict pass", "holder is deleted")
    table = Table(*titles)
    for result in results:
        table.add_row(*(f"{value:,}" for value in asdict(result).values()))
    Console().print(table)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
