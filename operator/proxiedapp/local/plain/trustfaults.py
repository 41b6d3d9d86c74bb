"""What is wrong with which proxies a server trusts. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from proxiedapp.api.addresses import is_ip_or_network
from proxiedapp.local.plain.fault import Fault
from proxiedapp.local.plain.objects import Objects, mapping, namespace_of, sequence
from proxiedapp.local.plain.route import PlainRoute
from proxiedapp.local.plain.workload import Workload
from proxiedapp.local.problem import Code, Severity
from proxiedapp.servers.given import Given
from proxiedapp.servers.server import Role

_ALWAYS_TRUSTED: Final = frozenset({"127.0.0.1", "::1"})


def trust_faults(workload: Workload, leading: Sequence[PlainRoute], objects: Objects) -> Iterator[Fault]:
    """Yield what is wrong with the trusted proxies of a workload behind routes."""
    server, form, invocation = workload.server, workload.form, workload.invocation
    if server is None or form is None or invocation is None or not leading:
        return
    if Role.TRUST not in form.settings:
        yield from _of_no_trust_setting(workload, leading)
        return
    if "--no-proxy-headers" in invocation.options:
        problem = (
            "--no-proxy-headers makes the server ignore X-Forwarded-*, so redirects use http and clients are unknown"
        )
        yield _trust(workload, workload.command_field, problem, "Remove it, and list the proxy's addresses")
        return
    given = workload.given(Role.TRUST)
    if given is not None:
        yield from _of_trusted(workload, given, objects)
    elif not sequence(workload.container.get("envFrom")):  # the variable may come from there
        problem = (
            f"{server.name} trusts only loopback by default, so X-Forwarded-* of the proxy is ignored: redirects use "
            "http, and the client's address is the proxy's"
        )
        fix = "Set FORWARDED_ALLOW_IPS to the network of the proxy's pods, such as 10.42.0.0/16"
        yield _trust(workload, workload.command_field, problem, fix)


def _of_trusted(workload: Workload, given: Given, objects: Objects) -> Iterator[Fault]:
    if not given.value.known:
        return
    where = workload.field_of(given)
    listed = [part.strip() for part in given.value.text.split(",") if part.strip()]
    if "*" in listed:
        if not _isolated(workload, objects):
            problem = (
                f"{given.source} trusts every client that reaches the pod, so any pod can forge the client's address"
            )
            fix = "List the network of the proxy's pods, or admit only the proxy by a NetworkPolicy"
            code, severity = Code.TRUST_EVERYONE, Severity.WARNING
            yield Fault(workload.body, where, code, severity, problem, fix)
        return
    wrong = [one for one in listed if not is_ip_or_network(one)]
    if wrong:
        problem = f"{given.source} has {wrong[0]}, which servers compare as text, so they trust no proxy by it"
        fix = "Write an address, or a network without host bits such as 10.42.0.0/16"
        yield Fault(workload.body, where, Code.TRUST_MISSING, Severity.ERROR, problem, fix)
    elif set(listed) <= _ALWAYS_TRUSTED:
        problem = f"{given.source} trusts only loopback, and the proxy runs in another pod"
        yield _trust(workload, where, problem, "Add the network of the proxy's pods, such as 10.42.0.0/16")


def _trust(workload: Workload, where: str, problem: str, fix: str) -> Fault:
    return Fault(workload.body, where, Code.TRUST_MISSING, Severity.WARNING, problem, fix)


def _of_no_trust_setting(workload: Workload, leading: Sequence[PlainRoute]) -> Iterator[Fault]:
    """Yield that a server which cannot be told which proxies to trust is served over HTTPS."""
    server, invocation = workload.server, workload.invocation
    if server is None or invocation is None or not any(_uses_tls(route) for route in leading):
        return
    if "--proxy-headers" in invocation.options or server.name == "other":
        return
    if server.name == "daphne":
        problem, fix = (
            "daphne ignores X-Forwarded-* without --proxy-headers, so redirects use http",
            "Add --proxy-headers",
        )
    else:
        problem = f"{server.name} has no option for trusted proxies, so redirects use http although clients use https"
        fix = "Wrap the app in a middleware that reads X-Forwarded-*, or run it with uvicorn"
    yield _trust(workload, workload.command_field, problem, fix)


def _uses_tls(route: PlainRoute) -> bool:
    return route.tls is not None or "websecure" in route.entry_points


def _isolated(workload: Workload, objects: Objects) -> bool:
    """Return whether a NetworkPolicy restricts which pods reach the workload."""
    for policy in objects.all("NetworkPolicy"):
        spec = mapping(policy.get("spec"))
        wanted = mapping(mapping(spec.get("podSelector")).get("matchLabels"))
        types = sequence(spec.get("policyTypes")) or ["Ingress"]
        if (
            namespace_of(policy) == workload.namespace
            and wanted.items() <= workload.labels.items()
            and "Ingress" in types
        ):
            return True
    return False
