"""What must hold after a plan, whatever went wrong. Pure: it gets the live objects and the log of requests.

Each function returns the broken promises as sentences, so an empty list means that all is well.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Any, Final

from proxiedapp.api.app import parse_manifest
from proxiedapp.controller.observed.objects import observed_app
from proxiedapp.controller.observed.ownedfields import intent_digest, owned_digest
from proxiedapp.controller.plan import owned_intents
from proxiedapp.kube.manifest import Manifest
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import BY_NAME, DEPLOYMENT, ROUTE_KINDS
from proxiedapp.routing.claim import granted_by_http_route, granted_claim
from tests.faults.real.proxy import Request

Id = tuple[str, str]
"""Resource and name, within the namespace of a plan."""
_CREATED: Final = 201
_KINDS: Final = {kind.plural for kind in BY_NAME.values()}
_ROUTES: Final = {kind.plural for kind in ROUTE_KINDS}


def check_apps(apps: Sequence[Manifest], children: Mapping[Id, Manifest], settings: Settings) -> list[str]:
    """Every app has the children that its spec asks for, and no others; its status reports the truth.

    Of the apps that ask for the same route key, exactly one is served.
    """
    found = check_statuses(apps)
    owned: set[Id] = set()
    for app, served in _served(apps):
        want = desired(parse_manifest(app), settings.defaults)
        intents = want.children if served else want.children_without_route
        for intent in owned_intents(observed_app(app, settings.defaults.entry_points), intents):
            id_ = BY_NAME[intent["kind"]].plural, intent["metadata"]["name"]
            owned.add(id_)
            found += check_child(intent, children.get(id_))
    found += [
        f"{name} is not rolled out yet"
        for (resource, name), body in children.items()
        if resource == DEPLOYMENT.plural
        and body.get("status", {}).get("observedGeneration") != body["metadata"].get("generation")
    ]
    found += [f"{resource}/{name} is left over" for resource, name in sorted(children.keys() - owned)]
    return found


def check_statuses(apps: Sequence[Manifest]) -> list[str]:
    """Each status reports the truth."""
    return [problem for app, served in _served(apps) for problem in check_status(app, served=served)]


def _served(apps: Sequence[Manifest]) -> Iterator[tuple[Manifest, bool]]:
    """Yield the apps, and whether each is served: of those that ask for the same route key, exactly one."""
    taken = set()
    for app in sorted(apps, key=lambda each: not _is(each, "RouteAccepted")):
        route_key = str(app["spec"]["route"])
        yield app, route_key not in taken
        taken.add(route_key)


def check_child(intent: Manifest, live: Manifest | None) -> list[str]:
    """A child contains its intent, and the operator owns nothing else in it."""
    what = f"{intent['kind']} {intent['metadata']['name']}"
    if live is None:
        return [f"{what} is missing"]
    if not _contains(live, {key: value for key, value in intent.items() if key not in {"apiVersion", "kind"}}):
        return [f"{what} differs from its intent"]
    if owned_digest(live) != intent_digest(intent):
        return [f"in {what} the operator owns other fields than those of its intent"]
    return []


def check_status(app: Manifest, *, served: bool) -> list[str]:
    """The status is about the present spec, and reports whether the app is served."""
    name, generation = app["metadata"]["name"], app["metadata"]["generation"]
    status = app.get("status") or {}
    if status.get("observedGeneration") != generation:
        return [f"the status of {name} is about generation {status.get('observedGeneration')}, not {generation}"]
    found = [
        f"{name} is{' not' if not served else ''} served, and the condition {kind} says otherwise"
        for kind in ("RouteAccepted", "Ready")
        if _is(app, kind) is not served
    ]
    if served is not bool(status.get("url")):
        found.append(f"{name} is{' not' if not served else ''} served, and its URL is {status.get('url')}")
    found += [
        f"the condition {condition['type']} of {name} is about generation {condition.get('observedGeneration')}"
        for condition in status.get("conditions", [])
        if condition.get("observedGeneration", generation) != generation
    ]
    return found


def check_requests(log: Sequence[Request], deleted: Counter[Id], gone: Mapping[str, float]) -> list[str]:
    """No request of the operator does harm.

    `deleted` is how often others have deleted each child, `gone` when each app was deleted, by uid.
    """
    found: list[str] = []
    for request in log:
        if request.changes_children and request.holder != request.replica:
            found.append(f"a write while {request.holder or 'no replica'} held the Lease: {request.line()}")
        if request.verb == "delete" and not request.sent().get("preconditions", {}).get("uid"):
            found.append(f"a deletion without a uid: {request.line()}")
    committed = [request for request in log if request.committed and request.changes_children]
    found += [
        f"the status of one app was written to another: {request.line()}"
        for request in committed
        if request.subresource == "status" and request.sent()["metadata"]["uid"] != request.json()["metadata"]["uid"]
    ]
    created = Counter((_id(each), _owner(each.sent())) for each in committed if each.status == _CREATED)
    found += [
        f"{'/'.join(id_)} was created {times} times for the app {owner}"
        for (id_, owner), times in created.items()
        if times > 1 + deleted[id_]
    ]
    return found + _check_route_keys(committed, gone)


def _check_route_keys(committed: Sequence[Request], gone: Mapping[str, float]) -> list[str]:
    """At no time are two apps served at one route key."""
    found = []
    routes: dict[Id, Manifest] = {}
    for request in committed:
        if request.resource not in _ROUTES:
            continue
        routes.pop(_id(request), None)
        if request.verb != "delete":
            routes[_id(request)] = request.json()
            found += _claimed_twice([each for each in routes.values() if request.time < gone.get(_owner(each), inf)])
    return found


def check_order(log: Sequence[Request]) -> list[str]:
    """No route refers to a middleware or Service that is not there, and no route goes before another one is there.

    Only for plans in which no one else deletes any.
    """
    found: list[str] = []
    present: set[Id] = set()
    routes: dict[Id, set[Id]] = {}
    for request in log:
        if not request.committed or request.resource not in _KINDS:
            continue
        id_ = _id(request)
        if request.verb == "delete":
            present.discard(id_)
            if routes.pop(id_, None) is not None and not routes:
                found.append(f"{'/'.join(id_)} was deleted before another route was there")
            found += [f"{'/'.join(id_)} was deleted before {route[1]}" for route, used in routes.items() if id_ in used]
        else:
            present.add(id_)
            if request.resource in _ROUTES:
                routes[id_] = used = _used(request.json())
                found += [f"{request.name} refers to {'/'.join(each)}, which is not there" for each in used - present]
    return found


def check_rest(log: Sequence[Request]) -> list[str]:
    """Nothing is written when nothing has changed."""
    return [f"not at rest: {request.line()}" for request in log if request.changes_children]


def check_process(said: str, exit_code: int | None) -> list[str]:
    """No process ends by itself, and no expected error of the API server is logged with a traceback."""
    found = []
    if exit_code is not None:
        found.append(f"the operator has ended with status {exit_code}")
    if "Traceback" in said:
        found.append(f"a traceback in the log: {said[said.index('Traceback') :][-300:]}")
    return found


def _is(app: Manifest, kind: str) -> bool:
    conditions = (app.get("status") or {}).get("conditions") or []
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def _id(request: Request) -> Id:
    return request.resource, request.name


def _owner(body: Manifest) -> str:
    return str(next((each["uid"] for each in body["metadata"].get("ownerReferences", [])), ""))


def _claimed_twice(routes: Iterable[Manifest]) -> list[str]:
    owners: dict[object, str] = {}
    found = []
    for body in routes:
        granted = granted_by_http_route if "parentRefs" in body["spec"] else granted_claim
        for route_key in granted(body["spec"]):
            owner = body["metadata"]["ownerReferences"][0]["name"]
            if owners.setdefault(route_key, owner) != owner:
                found.append(f"{owner} and {owners[route_key]} are both served at {route_key}")
    return found


def _used(route: Manifest) -> set[Id]:
    if "parentRefs" in route["spec"]:
        return {("services", each["name"]) for rule in route["spec"]["rules"] for each in rule.get("backendRefs", [])}
    rules = route["spec"]["routes"]
    middlewares = {("middlewares", each["name"]) for rule in rules for each in rule.get("middlewares", [])}
    services = {("services", each["name"]) for rule in rules for each in rule.get("services", [])}
    return middlewares | {each for each in services if "@" not in each[1]}


def _contains(live: Any, intent: Any) -> bool:
    if isinstance(intent, dict):
        return isinstance(live, dict) and all(key in live and _contains(live[key], intent[key]) for key in intent)
    if isinstance(intent, list):
        return isinstance(live, list) and len(live) == len(intent) and all(map(_contains, live, intent))
    return bool(live == intent)
