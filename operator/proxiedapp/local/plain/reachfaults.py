"""Why requests do not reach a server: ports, selectors and the address on which it listens. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.plain.fault import Fault
from proxiedapp.local.plain.objects import mapping, name_of, sequence
from proxiedapp.local.plain.route import PlainRoute
from proxiedapp.local.plain.workload import Workload
from proxiedapp.local.problem import Code, Severity
from proxiedapp.servers.additions import is_loopback
from proxiedapp.servers.server import Role


def service_faults(
    route: PlainRoute, service: Manifest, behind: Sequence[Workload], workloads: Sequence[Workload]
) -> Iterator[Fault]:
    """Yield what is wrong between a route, its Service and the workloads behind it."""
    spec = mapping(service.get("spec"))
    ports = [mapping(one) for one in sequence(spec.get("ports"))]
    fitting = [one for one in ports if route.port in {one.get("port"), one.get("name")}]
    if route.port is not None and ports and not fitting:
        has = " and ".join(str(one.get("port")) for one in ports)
        problem = f"the Service {name_of(service)} has no port {route.port}; it has {has}"
        yield Fault(
            route.body, route.backend_field, Code.PORT_MISMATCH, Severity.ERROR, problem, "Name one of its ports"
        )
    near = [one for one in workloads if one.name == name_of(service)]
    if not behind and near and mapping(spec.get("selector")):
        problem = f"the selector matches no pods of the {near[0].body['kind']} {near[0].name}"
        labels = ", ".join(f"{key}: {value}" for key, value in near[0].labels.items())
        fix = f"Use labels of its pods: {labels}" if labels else "Give its pods these labels"
        yield Fault(service, "spec.selector", Code.REFERENCE_MISSING, Severity.ERROR, problem, fix)
    for workload in behind:
        for port in fitting:
            yield from _of_target(service, ports.index(port), port, workload)


def _of_target(service: Manifest, index: int, port: Mapping[str, Any], workload: Workload) -> Iterator[Fault]:
    target = port.get("targetPort", port.get("port"))
    number = workload.port(target)
    where = f"spec.ports[{index}]"
    if number is None:
        problem = f"the container {workload.container.get('name', '')} has no port that is named {target}"
        fix = "Use the name or the number of one of its ports"
        yield Fault(service, where, Code.PORT_MISMATCH, Severity.ERROR, problem, fix)
        return
    listens = workload.listens
    if listens is not None and listens != number:
        problem = f"the Service leads to port {number}, but {workload.name} listens on {listens}"
        yield Fault(service, where, Code.PORT_MISMATCH, Severity.ERROR, problem, "Change one of the two")


def listening_faults(workload: Workload) -> Iterator[Fault]:
    """Yield that a server listens on loopback only."""
    form, invocation = workload.form, workload.invocation
    if form is None or invocation is None:
        return
    if binds := workload.all_given(Role.BIND):
        hosts = [bind.value.text.rpartition(":")[0].strip("[]") for bind in binds if bind.value.known]
        if hosts and all(is_loopback(host) for host in hosts):
            yield _loopback(workload, workload.field_of(binds[0]), binds[0].source)
        return
    setting = invocation.server.setting(form, Role.HOST, invocation.subcommand)
    bind = form.settings.get(Role.BIND)
    given = workload.given(Role.HOST)
    if given is not None:
        if given.value.known and is_loopback(given.value.text):
            yield _loopback(workload, workload.field_of(given), given.source)
        return
    default = setting.default if setting is not None else bind.default if bind is not None else None
    host = (default or "").rpartition(":")[0] if bind is not None and setting is None else default or ""
    if host and is_loopback(host) and not sequence(workload.container.get("envFrom")):
        flag = setting.flags[0] if setting is not None and setting.flags else bind.flags[0] if bind is not None else ""
        yield _loopback(workload, workload.command_field, f"without {flag}, {invocation.server.name}")


def _loopback(workload: Workload, where: str, source: str) -> Fault:
    subject = source if source.startswith("without") else f"with this {source}, the server"
    problem = f"{subject} listens on loopback only, so the proxy cannot reach the pod"
    return Fault(workload.body, where, Code.LOOPBACK_ONLY, Severity.ERROR, problem, "Let it listen on 0.0.0.0")
