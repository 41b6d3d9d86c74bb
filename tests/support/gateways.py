"""Gateways and GatewayClasses as a cluster has them."""

from typing import Any

from proxiedapp.kube.manifest import Manifest

CONTROLLER = "example.com/gateway"


def a_gateway_class(
    name: str = "theirs",
    controller: str = CONTROLLER,
    *,
    accepted: bool = True,
    features: tuple[str, ...] | None = None,
) -> Manifest:
    status: dict[str, Any] = {"conditions": [{"type": "Accepted", "status": "True" if accepted else "Unknown"}]}
    if features is not None:
        status["supportedFeatures"] = [{"name": one} for one in features]
    return {
        "kind": "GatewayClass",
        "metadata": {"name": name},
        "spec": {"controllerName": controller},
        "status": status,
    }


def acceptance(route: Manifest, time: str, controller: str = CONTROLLER) -> Manifest | None:
    """Return the status of an HTTPRoute whose Gateways accept it; None if it has that of its generation already."""
    generation, refs = route["metadata"]["generation"], route["spec"].get("parentRefs") or []
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": "",
            "observedGeneration": generation,
            "lastTransitionTime": time,
        }
        for kind in ("Accepted", "ResolvedRefs")
    ]
    known = (route.get("status") or {}).get("parents") or []
    reported = [(each["parentRef"], each["conditions"][0]["observedGeneration"]) for each in known]
    if reported == [(ref, generation) for ref in refs]:
        return None
    return {"parents": [{"parentRef": ref, "controllerName": controller, "conditions": conditions} for ref in refs]}


def a_listener(name: str = "https", protocol: str = "HTTPS", port: int = 443, hostname: str = "") -> dict[str, Any]:
    return {"name": name, "protocol": protocol, "port": port} | ({"hostname": hostname} if hostname else {})


HTTP = a_listener("http", "HTTP", 80)
HTTPS = a_listener()


def a_gateway(
    name: str = "main",
    *listeners: dict[str, Any],
    class_name: str = "theirs",
    address: str = "",
    claimed: bool = True,
    problems: dict[str, str] | None = None,
) -> Manifest:
    """Return a Gateway of the namespace infra; `problems` are the reasons why listeners are not programmed, by name."""
    reported = [
        {"name": listener, "conditions": [{"type": "Programmed", "status": "False", "reason": reason, "message": ""}]}
        for listener, reason in (problems or {}).items()
    ]
    return {
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": "infra"},
        "spec": {"gatewayClassName": class_name, "listeners": list(listeners or (HTTP, HTTPS))},
        "status": {
            "conditions": [{"type": "Accepted", "status": "True" if claimed else "Unknown"}],
            "addresses": [{"type": "IPAddress", "value": address}] if address else [],
            "listeners": reported,
        },
    }
