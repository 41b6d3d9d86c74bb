"""Plans: the writes that turn the observed children into the desired ones."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.controller.observed.objects import ChildId, ObservedApp, ObservedChild, Owner
from proxiedapp.controller.observed.ownedfields import intent_digest
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.plan import Cause, Plan, owned_intents, plan
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import BY_NAME, DEPLOYMENT, MIDDLEWARE, SERVICE
from tests.support.apps import DEFAULTS
from tests.support.observed import app_body, child_body, owner_reference

SHOP = Key("team", "shop")


def app(**fields: Any) -> ObservedApp:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body(**fields))
    found, _ = store.snapshot(SHOP)
    assert found is not None
    return found


def wanted(*names: str) -> tuple[Manifest, ...]:
    """Return desired children: a Deployment, a Service, and Middlewares of the given names."""
    kinds = [(DEPLOYMENT, "shop"), (SERVICE, "shop"), *((MIDDLEWARE, name) for name in names)]
    return tuple(
        {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name, "namespace": "team", "labels": {"app": "shop"}},
            "spec": {"of": name},
        }
        for kind, name in kinds
    )


def in_place(children: tuple[Manifest, ...]) -> tuple[ObservedChild, ...]:
    """Return the children as they are observed after they were applied."""
    return tuple(
        ObservedChild(
            ChildId(BY_NAME[intent["kind"]], "team", intent["metadata"]["name"]),
            uid=f"uid-of-{number}",
            version=number,
            owner=Owner(SHOP, "app-1"),
            digest=intent_digest(intent),
            workload=None,
        )
        for number, intent in enumerate(owned_intents(app(), children))
    )


def applied(made: Plan) -> list[str]:
    return [str(apply.id) for apply in made.applies]


def pruned(made: Plan) -> list[str]:
    return [str(child.id) for child in made.prunes]


def test_nothing_is_planned_if_everything_is_as_desired() -> None:
    children = wanted("a", "b")
    assert plan(app(), children, in_place(children)) == Plan((), ())


def test_everything_is_applied_if_nothing_exists() -> None:
    made = plan(app(), wanted("a"), ())
    assert applied(made) == ["Deployment shop", "Service shop", "Middleware a"]
    assert [apply.observed for apply in made.applies] == [None, None, None]


def test_only_the_child_that_is_missing_is_applied() -> None:
    children = wanted("a")
    made = plan(app(), children, in_place(children)[1:])
    assert (applied(made), pruned(made)) == (["Deployment shop"], [])


@pytest.mark.parametrize("digest", [b"another", None], ids=["drift", "nothing owned any more"])
def test_only_the_child_that_differs_is_applied(digest: bytes | None) -> None:
    children = wanted("a")
    deployment, *others = in_place(children)
    made = plan(app(), children, (replace(deployment, digest=digest), *others))
    assert applied(made) == ["Deployment shop"]
    assert made.applies[0].observed == replace(deployment, digest=digest)


def test_new_spec_is_applied() -> None:
    before, after = wanted("a"), wanted("a")
    after[1]["spec"]["of"] = "something else"
    assert applied(plan(app(), after, in_place(before))) == ["Service shop"]


def test_what_is_no_longer_desired_is_pruned() -> None:
    made = plan(app(), wanted("new"), in_place(wanted("old")))
    assert (applied(made), pruned(made)) == (["Middleware new"], ["Middleware old"])


def test_same_name_of_another_kind_is_another_child() -> None:
    made = plan(app(), wanted("shop"), in_place(wanted()))
    assert (applied(made), pruned(made)) == (["Middleware shop"], [])


def test_child_of_an_earlier_app_of_the_name_is_neither_known_nor_pruned() -> None:
    """The garbage collector takes it; until then an apply finds out."""
    children = wanted("a")
    earlier = tuple(replace(child, owner=Owner(SHOP, "app-0")) for child in in_place(children))
    made = plan(app(), children, earlier)
    assert (applied(made), pruned(made)) == (["Deployment shop", "Service shop", "Middleware a"], [])
    assert all(apply.observed is None for apply in made.applies)


@pytest.mark.parametrize(
    ("reported", "cause"),
    [
        pytest.param({"status": "True", "observedGeneration": 2}, Cause.DRIFT, id="in place before"),
        pytest.param({"status": "True", "observedGeneration": 1}, Cause.SPEC, id="of an older spec"),
        pytest.param({"status": "False", "observedGeneration": 2}, Cause.SPEC, id="never in place"),
        pytest.param(None, Cause.SPEC, id="a new app"),
    ],
)
def test_cause_of_the_writes(reported: dict[str, Any] | None, cause: Cause) -> None:
    rest = {"type": "RouteAccepted", "lastTransitionTime": "2026-01-02T12:00:00Z", "reason": "Any", "message": ""}
    status = None if reported is None else {"conditions": [rest | reported]}
    assert plan(app(generation=2, status=status), wanted(), ()).cause is cause


def test_intents_name_the_app_as_their_controller() -> None:
    children = wanted("a")
    before = deepcopy(children)
    for intent in owned_intents(app(), children):
        assert intent["metadata"]["ownerReferences"] == [owner_reference(SHOP, "app-1")]
    assert children == before, "the desired children are not changed"


def test_applies_carry_the_owner() -> None:
    assert {apply.owner for apply in plan(app(), wanted(), ()).applies} == {Owner(SHOP, "app-1")}


def test_live_child_that_we_applied_is_as_desired() -> None:
    """Together with the store: the object that our own apply produced is not drift."""
    store = Store(DEFAULTS.entry_points)
    body = child_body()
    store.observe_child(DEPLOYMENT, body)
    intent = {key: value for key, value in body.items() if key != "status"} | {
        "metadata": {"name": "shop", "namespace": "team", "labels": {"app": "shop"}}
    }
    _, observed = store.snapshot(SHOP)
    assert plan(app(), (intent,), observed) == Plan((), ())
