"""What is wrong between plain routes, Services and workloads: the faults that break an app behind a prefix. Pure.

Only what the files show is reported. What may be elsewhere, such as a Service or a Middleware of another repository, is
taken to be right.
"""

from collections.abc import Iterable, Iterator, Sequence

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.plain.fault import Fault
from proxiedapp.local.plain.objects import Objects, namespace_of
from proxiedapp.local.plain.reachfaults import listening_faults, service_faults
from proxiedapp.local.plain.rootpathfaults import probe_faults, root_path_faults, unknown_server_faults
from proxiedapp.local.plain.route import PlainRoute, routes
from proxiedapp.local.plain.routefaults import duplicate_faults, invalid_rule_faults, rule_faults
from proxiedapp.local.plain.sources import RootPathInCode
from proxiedapp.local.plain.trustfaults import trust_faults
from proxiedapp.local.plain.workload import Workload, by_namespace, selected


def faults(bodies: Iterable[Manifest], sources: Sequence[RootPathInCode] = ()) -> list[Fault]:
    """Return the faults between plain objects. `sources` are the root paths that the code of their apps contains."""
    objects = Objects(bodies)
    workloads = by_namespace(objects)
    every = list(routes(objects))
    found: list[Fault] = []
    served: dict[int, tuple[Workload, list[PlainRoute]]] = {}
    for route in every:
        found += rule_faults(route, objects)
        service = objects.get("Service", route.service_namespace, route.service)
        if service is None:
            continue
        near = workloads.get(namespace_of(service), [])
        behind = selected(service, near)
        found += service_faults(route, service, behind, near)
        for workload in behind:
            served.setdefault(id(workload.body), (workload, []))[1].append(route)
    for workload, leading in served.values():
        found += _of_workload(workload, leading, objects, sources)
    found += duplicate_faults(every)
    found += invalid_rule_faults(objects)
    # Several routes, or several hosts of one, may lead to the same fault.
    return list({(id(one.body), one.where, one.code): one for one in reversed(found)}.values())[::-1]


def _of_workload(
    workload: Workload, leading: Sequence[PlainRoute], objects: Objects, sources: Sequence[RootPathInCode]
) -> Iterator[Fault]:
    if workload.server is None:
        yield from unknown_server_faults(leading, sources)
        return
    yield from listening_faults(workload)
    yield from trust_faults(workload, leading, objects)
    yield from probe_faults(workload, leading)
    code = [one for one in sources if one.belongs_to(_module(workload))]
    for route in leading:
        if route.prefix != "/" and not route.exact:
            yield from root_path_faults(workload, route, code)


def _module(workload: Workload) -> str:
    invocation = workload.invocation
    return "" if invocation is None or invocation.app is None else invocation.app.value.text
