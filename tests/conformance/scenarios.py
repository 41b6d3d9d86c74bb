"""What an app behind an HTTPRoute needs from its Gateway, one function each; the names are the sentences of the report.

A scenario raises WrongError if it does not hold. One that returns a text is an observation: implementations differ in
what the specification leaves open, and the operator does not depend on it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.conformance.cluster import eventually
from tests.conformance.errors import WrongError, same
from tests.conformance.world import PREFIX, World

Run = Callable[[World], str | None]

STREAM_SECONDS: Final = 20
"""Longer than Envoy's limit of 15 seconds for a response without `timeouts`."""
LONG_STREAM_SECONDS: Final = 40
LONG_SILENCE_SECONDS: Final = 60
_FORGED: Final = (
    ("X-Forwarded-Prefix", "/forged"),
    ("Forwarded", "for=192.0.2.66;host=forged.invalid;proto=gopher"),
    ("Daphne-Root-Path", "/forged"),
    ("X-Script-Name", "/forged"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Protocol", "gopher"),
    ("X-Forwarded-Scheme", "gopher"),
    ("X-Scheme", "gopher"),
    ("X-Original-Url", "/forged"),
)
_REPLACED: Final = (("X-Forwarded-Host", "forged.invalid"), ("X-Forwarded-Port", "6666"), ("X-Real-Ip", "192.0.2.66"))


@dataclass(frozen=True)
class Scenario:
    """One sentence, and the feature of Gateway API that it is about."""

    sentence: str
    feature: str
    run: Run
    long: bool
    """Whether it takes more than half a minute, and runs only on request."""


SCENARIOS: Final[list[Scenario]] = []


def scenario(feature: str, *, long: bool = False) -> Callable[[Run], Run]:
    """Register a scenario."""

    def register(run: Run) -> Run:
        SCENARIOS.append(Scenario(run.__name__.replace("_", " "), feature, run, long))
        return run

    return register


# Paths


@scenario("HTTPRoutePathRewrite")
def the_prefix_is_stripped(world: World) -> None:
    site = world.site()
    for sent, seen in (("", "/"), ("/", "/"), ("?q=1", "/?q=1"), ("/app", "/app"), ("/a/b?c=d&e", "/a/b?c=d&e")):
        same(site.get(PREFIX + sent).path, seen, f"path for {PREFIX}{sent}")


@scenario("HTTPRoutePathRewrite")
def a_prefix_within_the_path_stays(world: World) -> None:
    same(world.site().get(PREFIX + PREFIX + "/app").path, f"{PREFIX}/app", "path")


@scenario("HTTPRoute")
def the_prefix_is_kept_without_a_rewrite(world: World) -> None:
    site = world.site(strips=False)
    for path in (PREFIX, f"{PREFIX}/", f"{PREFIX}/app?q=1"):
        same(site.get(path).path, path, "path")


@scenario("HTTPRoute")
def similar_prefixes_are_not_served(world: World) -> None:
    for site in (world.site(), world.site(strips=False)):
        for path in ("/api/v10/x", "/api/v1x", "/api/v1.5/x", "/api/v1;x/app", "/API/V1/app", "/api", "/"):
            same(site.get(path).status, 404, f"status of {path}")


@scenario("HTTPRoute")
def dots_do_not_leave_the_prefix(world: World) -> None:
    for path in (f"{PREFIX}/../secret", f"{PREFIX}/%2e%2e/secret", f"{PREFIX}/a/../../secret"):
        answer = world.site().get(path)
        if answer.status == 200:
            raise WrongError(f"{path} reached the app as {answer.path}")


@scenario("HTTPRoutePathRewrite")
def encoded_spaces_and_letters_reach_the_app_unchanged(world: World) -> None:
    path = "/a%20b+c/%C3%A9"
    same(world.site().get(PREFIX + path).path, path, "path")


@scenario("HTTPRoute")
def an_encoded_slash(world: World) -> str:
    return _answer(world, "/a%2Fb")


@scenario("HTTPRoute")
def an_encoded_slash_after_dots(world: World) -> str:
    return _answer(world, "/..%2fsecret")


@scenario("HTTPRoute")
def an_encoded_percent_sign(world: World) -> str:
    return _answer(world, "/a%25b")


@scenario("HTTPRoute")
def an_encoded_question_mark(world: World) -> str:
    return _answer(world, "/a%3Fb")


def _answer(world: World, path: str) -> str:
    answer = world.site().get(PREFIX + path)
    return f"reaches the app as {answer.path}" if answer.status == 200 else f"status {answer.status}"


# Routes


@scenario("HTTPRoute")
def other_hosts_are_not_served(world: World) -> None:
    same(world.site().get(f"{PREFIX}/app", ("Host", world.host())).status, 404, "status of another host")


@scenario("HTTPRoute")
def the_port_in_the_host_header_does_not_matter(world: World) -> None:
    site = world.site()
    same(site.get(f"{PREFIX}/app", ("Host", f"{site.host}:8080")).path, "/app", "path")


@scenario("HTTPRoute")
def a_wildcard_host_serves_names_of_any_depth(world: World) -> None:
    host = world.host()
    site = world.made(f"a.{host}", hosts=(f"*.{host}",))
    world.served(site)
    same(site.get(f"{PREFIX}/app", ("Host", f"a.b.{host}")).path, "/app", "path")
    same(site.get(f"{PREFIX}/app", ("Host", host)).status, 404, "status of the host without a label")


@scenario("HTTPRoute")
def the_longer_prefix_wins_whichever_route_is_older(world: World) -> None:
    host = world.host()
    for longer_first in (True, False):
        shorter = "/old" if longer_first else "/new"
        prefixes = [f"{shorter}/er", shorter] if longer_first else [shorter, f"{shorter}/er"]
        sites = [world.made(host, prefix, prefix_header=True) for prefix in prefixes]
        for site in sites:
            path, expected = f"{site.prefix}/x", [site.prefix]
            eventually(lambda: site.get(path).header("X-Forwarded-Prefix") == expected, f"the route of {path}")  # noqa: B023


@scenario("HTTPRoute")
def a_change_of_prefix_takes_effect(world: World) -> None:
    site = world.made(world.host())
    world.served(site)
    changed = world.manifest(site.host, "/api/v2")
    world.cluster.replace(site.manifest | {"spec": changed["spec"]})
    world.served(site, 404)
    same(site.get("/api/v2/app").path, "/app", "path")


@scenario("HTTPRoute")
def a_deleted_route_is_not_served(world: World) -> None:
    site = world.made(world.host())
    world.served(site)
    world.cluster.delete(site.manifest)
    world.served(site, 404)


# Headers


@scenario("HTTPRoute")
def headers_that_clients_forge_do_not_reach_the_app(world: World) -> None:
    for scheme in _schemes(world):
        answer = world.site().get(f"{PREFIX}/app", *_FORGED, scheme=scheme)
        for name, _ in _FORGED:
            same(answer.header(name), [], f"{name} by {scheme}")


@scenario("HTTPRoute")
def a_websocket_has_no_forged_headers(world: World) -> None:
    site = world.site()
    seen = site.client().websocket(f"{PREFIX}/ws", 0)
    same([value for name, value in seen["headers"] if name in {"x-forwarded-prefix", "forwarded"}], [], "headers")


@scenario("HTTPRoute")
def X_Forwarded_Host_Port_and_X_Real_Ip_are_never_those_of_the_client(world: World) -> None:  # noqa: N802 - headers
    answer = world.site().get(f"{PREFIX}/app", *_REPLACED)
    for name, value in _REPLACED:
        if value in answer.header(name):
            raise WrongError(f"{name} is that of the client")


@scenario("HTTPRouteRequestHeaderModification")
def the_prefix_header_is_that_of_the_route(world: World) -> None:
    site = world.site(prefix_header=True)
    for forged in ((), (("X-Forwarded-Prefix", "/forged"),)):
        same(site.get(f"{PREFIX}/app", *forged).header("X-Forwarded-Prefix"), [PREFIX], "X-Forwarded-Prefix")


@scenario("HTTPRoute")
def X_Forwarded_Proto_is_that_of_the_listener(world: World) -> None:  # noqa: N802 - a header
    for scheme in _schemes(world):
        for forged in ((), (("X-Forwarded-Proto", "gopher"),)):
            answer = world.site().get(f"{PREFIX}/app", *forged, scheme=scheme)
            same(answer.header("X-Forwarded-Proto"), [scheme], f"X-Forwarded-Proto by {scheme}")


@scenario("HTTPRoute")
def the_last_address_in_X_Forwarded_For_is_not_that_of_the_client(world: World) -> None:  # noqa: N802 - a header
    site = world.site()
    honest = site.get(f"{PREFIX}/app").header("X-Forwarded-For")
    forged = site.get(f"{PREFIX}/app", ("X-Forwarded-For", "192.0.2.66")).header("X-Forwarded-For")
    last = [", ".join(each).rpartition(",")[2].strip() for each in (honest, forged)]
    same(last[1], last[0], "last address")


@scenario("HTTPRoute")
def a_forged_X_Forwarded_For(world: World) -> str:  # noqa: N802 - a header
    answer = world.site().get(f"{PREFIX}/app", ("X-Forwarded-For", "192.0.2.66"))
    return "is kept before the true one" if "192.0.2.66" in str(answer.header("X-Forwarded-For")) else "is replaced"


@scenario("HTTPRoute")
def the_Host_header_reaches_the_app(world: World) -> None:  # noqa: N802 - a header
    site = world.site()
    for host in (site.host, f"{site.host}:8080"):
        same(site.get(f"{PREFIX}/app", ("Host", host)).header("Host"), [host], "Host")


# Bodies, streams and WebSockets


@scenario("HTTPRoute")
def two_MiB_can_be_uploaded(world: World) -> None:  # noqa: N802 - a unit
    size = 2 * 1024 * 1024
    same(world.site().get(f"{PREFIX}/app", body=b"x" * size).seen["body"], size, "bytes that the app got")


@scenario("HTTPRoute")
def events_arrive_at_once(world: World) -> None:
    first, _ = next(iter(world.site().client().events(f"{PREFIX}/events?stream=3")))
    if first > 2.5:
        raise WrongError(f"the first event came after {first:.1f} s")


@scenario("HTTPRouteRequestTimeout")
def a_stream_of_20_seconds_is_not_cut(world: World) -> None:
    _stream(world, STREAM_SECONDS)


@scenario("HTTPRouteRequestTimeout", long=True)
def a_stream_of_40_seconds_is_not_cut(world: World) -> None:
    _stream(world, LONG_STREAM_SECONDS)


@scenario("HTTPRouteRequestTimeout")
def a_timeout(world: World) -> str:
    events = list(world.site(timeout="2s").client().events(f"{PREFIX}/events?stream=5"))
    return "is ignored" if len(events) == 5 else f"cuts the response after {len(events)} s"


@scenario("HTTPRouteBackendProtocolWebSocket")
def a_websocket_works(world: World) -> None:
    for scheme in _schemes(world):
        same(world.site().client(scheme).websocket(f"{PREFIX}/ws?a=b", 0)["target"], "/ws?a=b", f"path by {scheme}")


@scenario("HTTPRouteBackendProtocolWebSocket")
def a_websocket_survives_20_seconds_of_silence(world: World) -> None:
    world.site().client().websocket(f"{PREFIX}/ws", STREAM_SECONDS)


@scenario("HTTPRouteBackendProtocolWebSocket", long=True)
def a_websocket_survives_60_seconds_of_silence(world: World) -> None:
    world.site().client().websocket(f"{PREFIX}/ws", LONG_SILENCE_SECONDS)


@scenario("HTTPRoute")
def a_new_route_is_served_within_5_seconds_of_being_accepted(world: World) -> None:
    """The operator keeps the previous route for as long."""
    site = world.made(world.host())
    begun = time.monotonic()
    world.served(site)
    if (took := time.monotonic() - begun) > 5:
        raise WrongError(f"it took {took:.1f} s")


def _schemes(world: World) -> list[str]:
    return [address.scheme for address in world.target.addresses]


def _stream(world: World, seconds: int) -> None:
    events = [event for _, event in world.site().client().events(f"{PREFIX}/events?stream={seconds}")]
    same(len(events), seconds, "events")
