"""Where requests go when an app is verified: to the proxy if its address is configured, else to the Service."""

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from proxiedapp.api.addresses import without_mapping
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.verification import VerifyRequest
from proxiedapp.resources.desired import Desired
from proxiedapp.routing.rule import concrete_host
from proxiedapp.servers.stripmode import is_chosen_by_operator
from proxiedapp.verify.target import VerifyOptions, VerifyTarget


def verify_request_of(
    app: ObservedApp,
    desired: Desired,
    workload: Workload,
    *,
    proxy_urls: Mapping[str, str],
    entry_point_urls: Mapping[str, str],
    pod_ip: str | None,
    cluster_ip: str | None,
    shares_host: bool = False,
) -> VerifyRequest | None:
    """Return what to verify and how to reach it; None if neither proxy nor Service can be reached.

    Requests go only to the configured address of the proxy or to the ClusterIP of the app's own Service, whatever the
    spec contains. The name of the Service may lead anywhere if another client changes its type.
    """
    verify = desired.app.spec.verify
    options = VerifyOptions(verify.openapi_path, verify.docs_path, tuple(verify.extra_paths or ()))
    prefix = desired.launch.root_path
    host = concrete_host(desired.route.rule.hosts)
    reached = [proxy_urls[name] for name in desired.route.entry_points if name in proxy_urls]
    if reached:
        url = min(reached, key=lambda url: not url.startswith("https"))
        # The proxy's certificate is for the public name, and this URL has another one.
        target = VerifyTarget(f"{url}{prefix}", host=host, insecure=True)
    elif cluster_ip is not None:
        target = _direct(desired, prefix, host, entry_point_urls, pod_ip, cluster_ip)
    else:
        return None
    managed = is_chosen_by_operator(desired.app.spec)
    target = replace(target, shares_host=shares_host)
    return VerifyRequest(app.generation, workload.generation, target, options, managed, app.requested_at)


def _direct(
    desired: Desired,
    prefix: str,
    host: str | None,
    entry_point_urls: Mapping[str, str],
    pod_ip: str | None,
    cluster_ip: str,
) -> VerifyTarget:
    service = f"{desired.route.service}.{desired.route.app.namespace}.svc"
    address = f"[{cluster_ip}]" if ":" in cluster_ip else cluster_ip
    schemes = {
        urlsplit(entry_point_urls[name]).scheme for name in desired.route.entry_points if name in entry_point_urls
    }
    headers = {
        "X-Forwarded-Proto": "https" if "https" in schemes else "http",
        **({} if desired.route.parents else {"X-Forwarded-Host": host or service}),  # an HTTPRoute removes it
        "X-Forwarded-For": pod_ip or "192.0.2.1",
    }
    return VerifyTarget(
        f"http://{address}:{desired.route.port}{prefix}",
        host=host or service,
        headers=headers,
        direct=True,
        trusted=pod_ip is not None and _trusts(desired.trusted_proxies, pod_ip),
        strips=desired.launch.strips,
    )


def _trusts(trusted: tuple[str, ...], address: str) -> bool:
    ip = ipaddress.ip_address(without_mapping(address))
    return "*" in trusted or any(ip in ipaddress.ip_network(without_mapping(network)) for network in trusted)
