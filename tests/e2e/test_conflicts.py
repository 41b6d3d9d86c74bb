"""Apps that claim the same host and prefix: Traefik has the routes of the accepted apps and no others.

The apps have no pods, because a route does not need any. Each case has its own prefixes, so all cases run at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement, permutations
from typing import Any

import pytest

from tests.support import plain
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually

NAMESPACE = "conflicts"
HOSTS: tuple[tuple[str, ...], ...] = ((), ("a.test",), ("b.test",), ("a.test", "b.test"))
PREFIXES = ("", "/nested")


@dataclass(frozen=True)
class Asked:
    """What an app of a case claims."""

    hosts: tuple[str, ...]
    prefix: str

    def shares(self, other: "Asked") -> bool:
        return self.prefix == other.prefix and bool(set(self.hosts or ("any",)) & set(other.hosts or ("any",)))


ASKED = [Asked(hosts, prefix) for hosts in HOSTS for prefix in PREFIXES]
PAIRS = list(combinations_with_replacement(ASKED, 2))
TRIPLES = [
    *permutations((Asked(("a.test",), ""), Asked(("b.test",), ""), Asked(("a.test", "b.test"), ""))),
    *permutations((Asked((), ""), Asked(("a.test",), ""), Asked(("a.test",), "/nested"))),
    *permutations((Asked(("a.test", "b.test"), ""), Asked(("b.test", "c.test"), ""), Asked(("c.test",), ""))),
    *permutations((Asked((), ""), Asked((), ""), Asked(("a.test",), ""))),
]
CASES: list[tuple[Asked, ...]] = [*PAIRS, *TRIPLES]
"""The apps of each case, in the order in which they are created."""


def name_of(case: int, place: int) -> str:
    return f"case{case}-{'zyx'[place]}"


def manifest(case: int, place: int) -> dict[str, Any]:
    asked = CASES[case][place]
    route = {"hosts": list(asked.hosts)} if asked.hosts else {}
    made = hello(name_of(case, place), NAMESPACE, f"/case{case}{asked.prefix}", replicas=0, verify={"enabled": False})
    made["spec"]["route"] = {"pathPrefix": made["spec"]["route"]["pathPrefix"], **route}
    return made


def accepted(come: int) -> set[str]:
    """Return the apps that are accepted after the first `come` apps of each case were created one after the other."""
    served = set()
    for case, apps in enumerate(CASES):
        mine: list[Asked] = []
        for place, asked in enumerate(apps[:come]):
            if not any(asked.shares(other) for other in mine):
                mine.append(asked)
                served.add(name_of(case, place))
    return served


def routers(sandbox: Sandbox) -> set[str]:
    """Return the apps that Traefik routes to; each must have enabled routers for the two entry points.

    An app with a prefix has two for each entry point: one of them redirects the bare prefix.
    """
    found: list[tuple[str, str]] = []
    for router in _pages(f"{sandbox.state['traefik_api']}/api/http/routers"):
        origin = router.get("observability", {}).get("metadata", {}).get("ingress", {})
        if origin.get("namespace") == NAMESPACE:
            assert router["status"] == "enabled", router
            found += [(origin["name"][:-11], entry_point) for entry_point in router["using"]]
    apps = {name for name, _ in found}
    assert set(found) == {(name, entry_point) for name in apps for entry_point in ("web", "websecure")}
    return apps


def _pages(url: str) -> Iterator[dict[str, Any]]:
    for page in range(1, 100):
        reply = plain.get(url, params={"page": page, "per_page": 100})
        yield from reply.raise_for_status().json()
        if reply.headers.get("X-Next-Page", "1") == "1":
            return


def route_conditions(sandbox: Sandbox) -> dict[str, tuple[str, str, str]]:
    """Return status, reason and message of RouteAccepted for each app."""
    found = {}
    for app in sandbox.get("proxiedapps", "-n", NAMESPACE)["items"]:
        for one in app.get("status", {}).get("conditions", []):
            if one["type"] == "RouteAccepted":
                found[app["metadata"]["name"]] = (one["status"], one["reason"], one["message"])
    return found


def _all_reported(sandbox: Sandbox, names: set[str]) -> bool:
    return names <= route_conditions(sandbox).keys()


def _are_reported(sandbox: Sandbox, expected: set[str]) -> bool:
    return {name for name, (status, _, _) in route_conditions(sandbox).items() if status == "True"} == expected


def _routes_are(sandbox: Sandbox, expected: set[str]) -> bool:
    assert routers(sandbox) == expected
    return True


@pytest.fixture(scope="module")
def crowded(sandbox: Sandbox) -> Iterator[Sandbox]:
    sandbox.kubectl("create", "namespace", NAMESPACE)
    yield sandbox
    sandbox.kubectl("delete", "proxiedapps", "--all", "-n", NAMESPACE, "--wait=false")
    sandbox.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_first_app_keeps_its_route_keys_in_sixty_cases(crowded: Sandbox) -> None:
    assert len(CASES) >= 60
    for come in (1, 2, 3):
        newcomers = [manifest(case, come - 1) for case, apps in enumerate(CASES) if len(apps) >= come]
        crowded.apply(*newcomers)
        names = {one["metadata"]["name"] for one in newcomers}
        eventually(partial(_all_reported, crowded, names), f"RouteAccepted on {len(names)} apps")
        eventually(partial(_routes_are, crowded, accepted(come)), "Traefik has exactly the accepted routes")
        done = crowded.run("restart", "operator")
        assert done.returncode == 0, done.stderr
        assert routers(crowded) == accepted(come)
    eventually(partial(_are_reported, crowded, accepted(3)), "exactly the accepted apps report it")
    conditions = route_conditions(crowded)
    refused = {name: rest for name, (status, *rest) in conditions.items() if status == "False"}
    assert len(refused) > 20
    for name, (reason, message) in refused.items():
        owner = message.partition(" is already claimed by the ProxiedApp conflicts/")[2].partition(".")[0]
        assert reason == "Conflict"
        assert owner in accepted(3)
        assert owner.partition("-")[0] == name.partition("-")[0]


def test_waiting_apps_take_over_when_holders_are_deleted(crowded: Sandbox) -> None:
    owners = sorted(name for name in accepted(3) if name.endswith("-z"))
    crowded.kubectl("delete", "proxiedapps", "-n", NAMESPACE, *owners, "--wait=false")
    expected = set()
    for case, apps in enumerate(CASES):
        had = [asked for place, asked in enumerate(apps) if place and name_of(case, place) in accepted(3)]
        for place, asked in enumerate(apps[1:], 1):
            mine = name_of(case, place) in accepted(3)
            if mine or not any(asked.shares(other) for other in had):
                expected.add(name_of(case, place))
                had += [] if mine else [asked]
    eventually(partial(_routes_are, crowded, expected), "Traefik has the routes of the waiting apps")
