"""Which apps share a host with another app, and which of them a change wakes."""

from proxiedapp.controller.observed.sharedhosts import SharedHosts
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, RouteKey

A, B, C = Key("team", "a"), Key("team", "b"), Key("other", "c")
NOTHING: Claim = frozenset()


def claim(*hosts: str, prefix: str = "/a", entry_point: str = "web") -> Claim:
    return frozenset(RouteKey(host, prefix, entry_point, "") for host in hosts)


def test_two_apps_share_a_host_on_different_entry_points_and_in_different_namespaces() -> None:
    shared = SharedHosts()
    assert shared.replace(A, NOTHING, claim("x.test")) == set()
    assert not shared.shares(A, claim("x.test"))
    assert shared.replace(C, NOTHING, claim("x.test", prefix="/c", entry_point="websecure")) == {A}
    assert shared.shares(A, claim("x.test"))
    assert shared.replace(B, NOTHING, claim("x.test", prefix="/b")) == set(), (
        "a third app changes nothing for the others"
    )
    assert shared.replace(C, claim("x.test"), NOTHING) == set()
    assert shared.replace(B, claim("x.test"), claim("y.test")) == {A}
    assert not shared.shares(A, claim("x.test"))


def test_app_that_changes_its_prefix_stays_at_its_host() -> None:
    shared = SharedHosts()
    shared.replace(A, NOTHING, claim("x.test"))
    shared.replace(B, NOTHING, claim("x.test", prefix="/b"))
    assert shared.replace(B, claim("x.test", prefix="/b"), claim("x.test", prefix="/new")) == set()
    assert shared.shares(A, claim("x.test"))


def test_apps_without_hosts_share_every_host() -> None:
    shared = SharedHosts()
    shared.replace(A, NOTHING, claim(""))
    assert shared.replace(B, NOTHING, claim("", prefix="/b")) == {A}
    assert shared.shares(A, claim(""))


def test_hosts_of_deleted_apps_take_no_memory() -> None:
    shared = SharedHosts()
    shared.replace(A, NOTHING, claim("x.test", "y.test"))
    shared.replace(A, claim("x.test", "y.test"), NOTHING)
    assert not vars(shared)["_apps"]
    assert not vars(shared)["_below"]


def test_wildcard_is_shared_with_the_names_that_it_matches() -> None:
    shared = SharedHosts()
    assert shared.replace(A, NOTHING, claim("*.x.test")) == set()
    assert shared.replace(B, NOTHING, claim("a.b.x.test", "x.test", prefix="/b")) == set()
    assert not shared.shares(A, claim("*.x.test")), "it matches one label"
    assert shared.replace(C, NOTHING, claim("a.x.test", prefix="/c")) == {A}
    assert shared.shares(A, claim("*.x.test"))
    assert shared.shares(C, claim("a.x.test"))
    assert not shared.shares(B, claim("a.b.x.test", "x.test"))
    assert shared.replace(C, claim("a.x.test"), NOTHING) == {A}
    assert not shared.shares(A, claim("*.x.test"))


def test_app_does_not_share_a_host_with_itself() -> None:
    shared = SharedHosts()
    assert shared.replace(A, NOTHING, claim("*.x.test", "a.x.test", "b.x.test")) == set()
    assert not shared.shares(A, claim("*.x.test", "a.x.test", "b.x.test"))
