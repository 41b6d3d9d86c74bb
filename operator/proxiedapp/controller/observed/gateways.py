"""Gateways and their classes as they were last observed, and what a route at them lacks. No I/O."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from proxiedapp.controller.watchedkinds import GATEWAY, GATEWAY_CLASS
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.gatewaystate import (
    TRAEFIK_CONTROLLER,
    GatewayClassState,
    GatewayState,
    Listener,
    is_named,
    public_urls_of,
    read_gateway,
    read_gateway_class,
    serving,
)
from proxiedapp.routing.route import Parent

_State = TypeVar("_State", GatewayState, GatewayClassState)
_UNKNOWN_CLASS: Final = GatewayClassState("", accepted=False, features=None)


class Gateways:
    """All Gateways and GatewayClasses, as far as the operator may read them. Nothing is known before the first list."""

    def __init__(self) -> None:
        self._gateways: dict[str, GatewayState] = {}
        self._classes: dict[str, GatewayClassState] = {}
        self._listed: set[Kind] = set()
        self.outdated = ""
        """Version and channel of the cluster's Gateway API, if it lacks fields of the operator's HTTPRoutes."""

    def observe(self, kind: Kind, body: Manifest) -> set[str]:
        """Record a Gateway or a class; returns namespace and name of the Gateways that changed for their routes."""
        name = _named(_key_of(body))
        if kind is GATEWAY:
            return self._put_gateway(name, read_gateway(body))
        return self._put_class(name, read_gateway_class(body))

    def forget(self, kind: Kind, key: Key) -> set[str]:
        """Record that a Gateway or a class was deleted; returns the same as `observe`."""
        return self._put_gateway(_named(key), None) if kind is GATEWAY else self._put_class(_named(key), None)

    def sweep(self, kind: Kind, present: Iterable[Key]) -> set[str]:
        """Drop what is missing from a complete list of a kind; returns the same as `observe`."""
        names = {_named(key) for key in present}
        known = [*self._gateways] if kind is GATEWAY else [*self._classes]
        put = self._put_gateway if kind is GATEWAY else self._put_class
        self._listed.add(kind)
        return set[str]().union(*(put(name, None) for name in known if name not in names))

    def record_all(self, kind: Kind, bodies: Iterable[Manifest]) -> None:
        """Record all objects of a kind, for a caller that has read them once."""
        present = [*bodies]
        for body in present:
            self.observe(kind, body)
        self.sweep(kind, {_key_of(body) for body in present})

    def knows(self, kind: Kind) -> bool:
        """Return whether a complete list of a kind was read."""
        return kind in self._listed

    def missing(self, parent: Parent, *, answered: bool) -> str:
        """Return what a route needs at a Gateway and does not find there, and how to fix it; empty if nothing is known.

        `answered` is whether a controller has reported on the route. Then the Gateway has one.
        """
        if not self.knows(GATEWAY):
            return ""
        name = f"The Gateway {parent.gateway}"
        gateway = self._gateways.get(parent.gateway)
        if gateway is None:
            return f"{name} does not exist. Create it, or name another one in spec.route.parentRefs."
        names = [one.name for one in gateway.listeners]
        if parent.section is not None and parent.section not in names:
            listed = ", ".join(names) or "none"
            return (
                f"{name} has no listener {parent.section}, but {listed}. Correct sectionName in spec.route.parentRefs."
            )
        if parent.port is not None and not any(is_named(one, parent) for one in gateway.listeners):
            named = [one for one in gateway.listeners if parent.section in {None, one.name}]
            listed = " and ".join(str(port) for port in sorted({one.port for one in named}))
            listener = f"no listener at port {parent.port}, but at {listed or 'none'}"
            return f"{name} has {listener}. Correct port in spec.route.parentRefs, or remove it."
        return "" if answered else self._without_controller(name, gateway)

    def _without_controller(self, name: str, gateway: GatewayState) -> str:
        """Return what is missing before a controller reports on the routes of a Gateway."""
        if not self.knows(GATEWAY_CLASS):
            return ""
        found = self._classes.get(gateway.class_name)
        if found is None:
            return (
                f"{name} has the class {gateway.class_name}, and this GatewayClass does not exist. Install the "
                "Gateway's implementation, or correct gatewayClassName of the Gateway."
            )
        if not found.accepted and not gateway.claimed:
            return (
                f"{name} has the class {gateway.class_name}, and no controller serves it. Start the controller "
                f"{found.controller}."
            )
        return ""

    def unserved(self, parent: Parent, hosts: Iterable[str]) -> str:
        """Return why no listener serves a route that a Gateway has accepted; empty if one does, or if it is unknown.

        The condition Programmed of the Gateway itself does not count: it can be False while this listener serves
        (Contour 1.33.8, Envoy Gateway 1.9.1), and True while it does not (Traefik 3.7.15).
        """
        found = self.listeners(parent, hosts)
        if not found or not all(one.problem for one in found):
            return ""
        return (
            f"The listener {found[0].name} of the Gateway {parent.gateway} does not serve: {found[0].problem}. "
            "Ask the owner of the Gateway to fix it."
        )

    def listeners(self, parent: Parent, hosts: Iterable[str]) -> tuple[Listener, ...]:
        """Return the listeners to which a route with these hosts belongs, as far as they are known."""
        gateway = self._gateways.get(parent.gateway)
        named = [] if gateway is None else [one for one in gateway.listeners if is_named(one, parent)]
        return tuple(serving(tuple(hosts), named))

    def class_of(self, parent: Parent) -> GatewayClassState:
        """Return the class of a Gateway; one without controller and features if it is not known."""
        return self._class_at(parent.gateway)

    def controllers(self, parents: Iterable[Parent]) -> Mapping[str, str]:
        """Return the controller of each Gateway; empty for one that is not known."""
        return {parent.gateway: self.class_of(parent).controller for parent in parents}

    def is_traefik(self, gateway: str) -> bool:
        """Return whether a Traefik serves a Gateway, which is given by namespace and name."""
        return self._class_at(gateway).controller == TRAEFIK_CONTROLLER

    def urls(self, parents: Iterable[Parent], hosts: Iterable[str]) -> Mapping[str, str]:
        """Return the addresses at which clients reach Gateways and their listeners, as far as they are known."""
        return {
            name: url
            for parent in parents
            if (gateway := self._gateways.get(parent.gateway)) is not None
            for name, url in public_urls_of(gateway, parent, tuple(hosts), self.class_of(parent).controller)
        }

    def _class_at(self, gateway: str) -> GatewayClassState:
        state = self._gateways.get(gateway)
        return _UNKNOWN_CLASS if state is None else self._classes.get(state.class_name, _UNKNOWN_CLASS)

    def _put_gateway(self, name: str, after: GatewayState | None) -> set[str]:
        return {name} if _put(self._gateways, name, after) else set()

    def _put_class(self, name: str, after: GatewayClassState | None) -> set[str]:
        if not _put(self._classes, name, after):
            return set()
        return {gateway for gateway, state in self._gateways.items() if state.class_name == name}


def _put(known: dict[str, _State], name: str, after: _State | None) -> bool:
    """Store a state, or remove it; returns whether that changed anything."""
    if known.get(name) == after:
        return False
    if after is None:
        del known[name]
    else:
        known[name] = after
    return True


def _key_of(body: Manifest) -> Key:
    return Key(body["metadata"].get("namespace", ""), body["metadata"]["name"])


def _named(key: Key) -> str:
    return str(key) if key.namespace else key.name
