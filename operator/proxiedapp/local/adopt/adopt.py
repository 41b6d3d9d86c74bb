"""Plain manifests as ProxiedApps: one for each workload that a route leads to. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from proxiedapp.api.app import ProxiedApp, all_problems, field_of, parse_spec
from proxiedapp.api.errors import RejectedError
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.adopt.adoption import Adoption
from proxiedapp.local.adopt.leftovers import leave_of_routes, leave_of_service
from proxiedapp.local.adopt.pod import pod_fields
from proxiedapp.local.adopt.route import choose, proxy_fields, route_fields
from proxiedapp.local.adopt.steps import steps
from proxiedapp.local.plain.objects import Objects, mapping, name_of, namespace_of
from proxiedapp.local.plain.route import PlainRoute, routes
from proxiedapp.local.plain.workload import Workload, by_namespace, selected
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.desired import desired

_MOST_PROBLEMS: Final = 64
"""Fields that are removed one after the other because the models reject them."""
_ROLLOUT: Final = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")


def adopt(bodies: Iterable[Manifest], defaults: Defaults, suffix: str = "-app") -> list[Adoption]:
    """Return a ProxiedApp for each workload that a route leads to, under its name and a suffix.

    The name must differ, because the operator does not take over objects of another owner.
    """
    objects = Objects(bodies)
    workloads = by_namespace(objects)
    leading: dict[int, list[tuple[PlainRoute, Manifest]]] = {}
    for route in routes(objects):
        service = objects.get("Service", route.service_namespace, route.service)
        if service is None:
            continue
        for workload in selected(service, workloads.get(namespace_of(service), ())):
            leading.setdefault(id(workload.body), []).append((route, service))
    return [
        _adopted(workload, leading[id(workload.body)], objects, defaults, suffix)
        for workload in chain.from_iterable(workloads.values())
        if id(workload.body) in leading
    ]


def _adopted(
    workload: Workload,
    leading: list[tuple[PlainRoute, Manifest]],
    objects: Objects,
    defaults: Defaults,
    suffix: str,
) -> Adoption:
    name = f"{workload.name}{suffix}"
    adoption = Adoption({"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": {}})
    if "namespace" in workload.body["metadata"]:
        adoption.app["metadata"]["namespace"] = workload.namespace
    chosen = choose([route for route, _ in leading], adoption)
    stripped = next((route.effect.stripped for route in chosen if route.strips), "")
    spec = pod_fields(workload, stripped, adoption)
    spec |= _workload_fields(workload, adoption)
    spec |= _scaling_fields(workload, objects, adoption)
    spec |= proxy_fields(workload, adoption)
    spec["route"] = route_fields(chosen, workload, adoption) if chosen else {}
    adoption.app["spec"] = spec
    _remove_rejected(adoption)
    try:
        desired(ProxiedApp(Key(workload.namespace, name), parse_spec(spec)), defaults)
    except RejectedError as error:
        adoption.leave(error.field, f"{error.problem}. {error.fix}.")
    services = {id(service): service for _, service in leading}.values()
    plain = [route for route, _ in leading]
    leave_of_routes(objects, plain, adoption)
    for service in services:
        leave_of_service(service, plain, adoption)
    old = [*{id(route.body): route.body for route, _ in leading}.values()]
    adoption.steps = steps(adoption.app, workload, chosen, old, services)
    _note_security(workload, adoption)
    return adoption


def _workload_fields(workload: Workload, adoption: Adoption) -> Manifest:
    spec = mapping(workload.body.get("spec"))
    found: Manifest = {}
    if workload.body["kind"] == "Deployment":
        if isinstance(spec.get("replicas"), int):
            found["replicas"] = spec["replicas"]
        rollout: Manifest = {name: spec[name] for name in _ROLLOUT if name in spec}
        strategy = mapping(spec.get("strategy"))
        if strategy.get("type") == "Recreate":
            rollout["strategy"] = "Recreate"
        rolling = mapping(strategy.get("rollingUpdate"))
        rollout |= {name: rolling[name] for name in ("maxSurge", "maxUnavailable") if name in rolling}
        grace = workload.pod.get("terminationGracePeriodSeconds")
        if isinstance(grace, int) and grace > 5:  # noqa: PLR2004 - the preStop hook takes five
            rollout["terminationGracePeriodSeconds"] = grace
        if rollout:
            found["rollout"] = rollout
    else:
        why = "The operator creates a Deployment: its pods have no names, claims or nodes of their own."
        adoption.leave(f"{workload.body['kind']} {workload.name}", why)
    for key in mapping(workload.body["metadata"].get("annotations")):
        if not _is_reserved(key):
            why = "The operator writes the Deployment. Annotate the pods instead, if the reader of the annotation can."
            adoption.leave(f"{workload.body['kind']} {workload.name}: annotation {key}", why)
    template = mapping(mapping(mapping(spec.get("template")).get("metadata")))
    for field, name in (("labels", "podLabels"), ("annotations", "podAnnotations")):
        given = {key: value for key, value in mapping(template.get(field)).items() if not _is_reserved(key)}
        if given:
            found[name] = given
    return found


def _is_reserved(key: str) -> bool:
    """Return whether a label or annotation is set by Kubernetes, by tools or by the operator itself."""
    return key in {"pod-template-hash", "app.kubernetes.io/name"} or key.startswith(
        (
            "app.kubernetes.io/instance",
            "app.kubernetes.io/managed-by",
            "helm.sh/",
            "meta.helm.sh/",
            "kubectl.kubernetes.io/",
            "argocd.argoproj.io/",
            "deployment.kubernetes.io/",
        )
    )


def _scaling_fields(workload: Workload, objects: Objects, adoption: Adoption) -> Manifest:
    found: Manifest = {}
    for body in objects.all("HorizontalPodAutoscaler"):
        spec = mapping(body.get("spec"))
        target = mapping(spec.get("scaleTargetRef"))
        if (namespace_of(body), target.get("kind"), target.get("name")) != (
            workload.namespace,
            workload.body["kind"],
            workload.name,
        ):
            continue
        names = ("minReplicas", "maxReplicas", "targetCPUUtilizationPercentage", "metrics", "behavior")
        found["autoscaling"] = {name: spec[name] for name in names if name in spec}
        adoption.leave(
            f"HorizontalPodAutoscaler {name_of(body)}", "spec.autoscaling replaces it: delete it in the switch."
        )
    for body in objects.all("PodDisruptionBudget"):
        spec = mapping(body.get("spec"))
        wanted = mapping(mapping(spec.get("selector")).get("matchLabels"))
        if namespace_of(body) == workload.namespace and wanted and wanted.items() <= workload.labels.items():
            limits = ("minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy")
            found["disruptionBudget"] = {name: spec[name] for name in limits if name in spec}
            why = "spec.disruptionBudget replaces it: delete it in the switch."
            adoption.leave(f"PodDisruptionBudget {name_of(body)}", why)
    return found


def _note_security(workload: Workload, adoption: Adoption) -> None:
    context = {**mapping(workload.pod.get("securityContext")), **mapping(workload.container.get("securityContext"))}
    defaults = [
        name
        for name, field in (("user 65532", "runAsUser"), ("a read-only root file system", "readOnlyRootFilesystem"))
        if field not in context
    ]
    if defaults:
        why = "Set spec.securityContext, if the image needs another user or writes to its own folders."
        adoption.leave(f"{' and '.join(defaults)}, which are the operator's defaults for pods", why)


def _remove_rejected(adoption: Adoption) -> None:
    """Remove what the models reject, and report it."""
    spec = adoption.app["spec"]
    for _ in range(_MOST_PROBLEMS):
        problems = all_problems(ProxiedAppSpec, spec)
        removable = next((one for one in problems if _remove(spec, one[0])), None)
        if removable is None:
            for location, problem in problems:
                adoption.leave(field_of(location), f"{problem}.")
            return
        location, problem = removable
        adoption.leave(field_of(location), f"{problem}. It is left out.")


def _remove(spec: Any, location: tuple[int | str, ...]) -> bool:
    """Remove the innermost existing part of a location, but not the whole spec, its image or its route."""
    path = list(_existing(spec, location))
    if not path or path in (["route"], ["image"]):
        return False
    parent = spec
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return True


def _existing(value: Any, location: tuple[int | str, ...]) -> Iterator[int | str]:
    for step in location:
        found = step in value if isinstance(value, Mapping) else isinstance(step, int) and step < len(value or ())
        if not found:
            return
        value = value[step]
        yield step
