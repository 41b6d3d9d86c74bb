"""Rules and routes of any user are read, compared and looked up in a bounded number of steps."""

from contextlib import suppress
from random import Random
from typing import Any, Final

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.controller.observed.addressindex import AddressIndex, addresses_of
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.routeindex import MAX_CONTEST_STEPS, RouteIndex
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import MAX_GRANTED_KEYS, Contender, RouteKey, assign_holders, granted_claim
from proxiedapp.routing.foreignroute import MAX_ROUTE_STEPS, RouteRef, read_foreign_route
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.ruleparser import MAX_RULE_PATTERNS, parse
from tests.fuzz.cases import run_cases, some_items, some_size, some_text

RARE: Final = 0.02
LARGEST_PRODUCT: Final = MAX_RULE_PATTERNS**2
"""Steps of one `&&`: they are counted before the work, so the last ones are counted but not done."""
HOSTS: Final = ["a.test", "b.test", "x.a.test", "*.test", "**.test", "*", "", "A.TEST", "ä.test", "a" * 300]
PATHS: Final = ["/", "/api", "/api/", "/api/v1", "/ap", "", "x", "/" + "a" * 300, '/"', "/`", "/\\", "/\n"]
TOKENS: Final = [
    "Host(`a.test`)", "Host(`*.test`)", 'Path("/api")', "PathPrefix(`/`)", "PathPrefix(`/api/v1`)", "Method(`GET`)",
    "Host", "(", ")", "((", "))", "!", " && ", " || ", " ", "\n", ",", "`", '"', "\\", "é", "PathRegexp(`^/(a+)+$`)",
]  # fmt: skip
ODD: Final[list[Any]] = [None, 0, -1, 2**70, True, "", "x", [], {}, [None], {"a": 1}, 1.5]
TRAEFIKS: Final = {
    "parents": [
        {"controllerName": "traefik.io/gateway-controller", "conditions": [{"type": "Accepted", "status": "True"}]}
    ]
}


def some_rule(random: Random) -> str:
    if random.random() < RARE:
        side = f"({' || '.join(f'{name}(`/{n}`)' for n in range(100) for name in ('Path', 'PathPrefix'))})"
        return " && ".join([side] * some_size(random, 4))
    return some_text(random, TOKENS, 6_000 if random.random() < RARE else 200)


def odd(random: Random, value: Any) -> Any:
    """Return the value, or rarely one that the API would not accept."""
    return random.choice(ODD) if random.random() < RARE else value


def some_ingress_route(random: Random) -> dict[str, Any]:
    def route() -> Any:
        return odd(random, {"match": odd(random, some_rule(random)), "priority": odd(random, random.randrange(9_000))})

    spec = {
        "ingressClassName": odd(random, None),
        "routes": odd(random, some_items(random, route, 30)),
        "entryPoints": odd(random, ["web"]),
        "tls": odd(random, {}),
    }
    return {"metadata": {}, "spec": odd(random, spec)}


def some_ingress(random: Random) -> dict[str, Any]:
    def path() -> Any:
        kind = random.choice(["Prefix", "Exact", "ImplementationSpecific"])
        backend = odd(random, {"service": {"name": "s"}})
        return odd(
            random, {"path": odd(random, random.choice(PATHS)), "pathType": odd(random, kind), "backend": backend}
        )

    def rule() -> Any:
        paths = some_items(random, path, 3_000 if random.random() < RARE else 20)
        return odd(
            random, {"host": odd(random, random.choice(HOSTS)), "http": odd(random, {"paths": odd(random, paths)})}
        )

    annotations = {"traefik.ingress.kubernetes.io/router.priority": odd(random, str(random.randrange(9_000)))}
    spec = {"rules": odd(random, some_items(random, rule, 10))}
    return {"metadata": {"annotations": odd(random, annotations)}, "spec": odd(random, spec)}


def some_http_route(random: Random) -> dict[str, Any]:
    def match() -> Any:
        kind = random.choice(["PathPrefix", "Exact", "RegularExpression"])
        return odd(
            random, {"path": odd(random, {"type": odd(random, kind), "value": odd(random, random.choice(PATHS))})}
        )

    def rule() -> Any:
        return odd(random, {"matches": odd(random, some_items(random, match, 16))})

    hostnames = some_items(random, lambda: odd(random, random.choice(HOSTS)), 16)
    spec = {"hostnames": odd(random, hostnames), "rules": odd(random, some_items(random, rule, 16))}
    return {"metadata": {}, "spec": odd(random, spec), "status": TRAEFIKS}


MAKERS: Final = {"IngressRoute": some_ingress_route, "Ingress": some_ingress, "HTTPRoute": some_http_route}


def test_any_rule_is_parsed_in_its_steps() -> None:
    def check(random: Random) -> None:
        budget = Budget(MAX_ROUTE_STEPS)
        rule = some_rule(random)
        with suppress(BudgetError):
            assert len(parse(rule, budget)) <= MAX_RULE_PATTERNS
        assert budget.spent <= MAX_ROUTE_STEPS + LARGEST_PRODUCT

    run_cases(check, 2_000)


def test_any_foreign_route_is_read_and_looked_up_in_its_steps() -> None:
    addresses = AddressIndex()
    hosts: list[tuple[str, ...]] = [(), ("a.test",), ("x.a.test", "b.test")]
    apps = 30
    for number in range(apps):
        rule = Rule(hosts[number % 3], f"/api/v{number}" if number % 2 else "/api")
        addresses.replace(Key("team", f"app-{number}"), frozenset(), addresses_of(rule, ["public.test"]))

    def check(random: Random) -> None:
        routes = ForeignRoutes()
        for _ in range(2):
            kind = random.choice(list(MAKERS))
            budget = Budget(MAX_ROUTE_STEPS)
            foreign = read_foreign_route(kind, MAKERS[kind](random), budget)
            assert budget.spent <= MAX_ROUTE_STEPS + LARGEST_PRODUCT
            changed = routes.observe(RouteRef(kind, "others", "theirs"), foreign)
            start = addresses.steps
            assert len(set().union(*addresses.concerned(changed))) <= apps
            host_patterns = len({pattern.host for pattern in changed})
            assert addresses.steps - start <= 5 * len(changed) + 4 * len(addresses) * (1 + host_patterns)

    run_cases(check, 800)


def test_any_route_with_our_labels_grants_a_bounded_claim() -> None:
    def check(random: Random) -> None:
        hosts = tuple(f"h{number}.test" for number in range(some_size(random, 2_000)))
        rules = [Rule(hosts, "/api").format(), Rule(hosts[:3], "/x").format(), some_rule(random)]
        routes = [{"match": random.choice(rules)} for _ in range(some_size(random, 5))]
        entry_points = [f"e{number}" for number in range(some_size(random, 2_000))]
        assert len(granted_claim({"entryPoints": entry_points, "routes": routes})) <= MAX_GRANTED_KEYS

    run_cases(check, 100)


def test_any_contest_is_decided_as_a_whole_in_its_steps() -> None:
    route_keys = [RouteKey(f"{number}.test", "/", "web", "") for number in range(6)]

    def check(random: Random) -> None:
        index = RouteIndex()
        contenders: dict[Key, Contender] = {}
        for _ in range(some_size(random, 24)):
            key = Key("team", f"app-{random.randrange(12)}")
            requested, granted = (frozenset(random.sample(route_keys, random.randrange(4))) for _ in range(2))
            contender = Contender(
                key, str(random.randrange(3)), requested, granted if random.random() < 1 / 2 else frozenset()
            )
            start = index.steps
            assert key not in index.replace(key, contender)
            assert index.steps - start <= 4 * MAX_CONTEST_STEPS
            contenders[key] = contender
        everything = assign_holders(contenders.values())
        for key, contender in contenders.items():
            found = index.holders(key)
            assert found.items() <= everything.items()
            lost = [one for one in contender.requested if everything.get(one, key) != key]
            assert bool(lost) == any(found.get(one, key) != key for one in contender.requested)

    run_cases(check, 400)
