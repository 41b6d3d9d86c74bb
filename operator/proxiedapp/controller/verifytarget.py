"""Where requests go when an app is verified: to the proxy if its address is configured, else to the Service."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.verification import VerifyRequest
from proxiedapp.resources.desired import Desired
from proxiedapp.verify.target import VerifyOptions, VerifyTarget


def verify_request_of(
    app: ObservedApp,
    desired: Desired,
    workload: Workload,
    *,
    proxy_urls: Mapping[str, str],
    entry_point_urls: Mapping[str, str],
    pod_ip: str | None,
) -> VerifyRequest:
    """Return what to verify and how to reach it.

    Requests go only to the configured address of the proxy or to the app's own Service, whatever the spec contains.
    """
    verify = desired.app.spec.verify
    options = VerifyOptions(verify.openapi_path, verify.docs_path, tuple(verify.extra_paths or ()))
    prefix = desired.launch.root_path
    host = desired.route.rule.hosts[0] if desired.route.rule.hosts else None
    reached = [proxy_urls[name] for name in desired.route.entry_points if name in proxy_urls]
    if reached:
        url = min(reached, key=lambda url: not url.startswith("https"))
        # The proxy's certificate is for the public name, and this URL has another one.
        target = VerifyTarget(f"{url}{prefix}", host=host, insecure=True)
    else:
        target = _direct(desired, prefix, host, entry_point_urls, pod_ip)
    return VerifyRequest(app.generation, workload.generation, target, options)


def _direct(
    desired: Desired, prefix: str, host: str | None, entry_point_urls: Mapping[str, str], pod_ip: str | None
) -> VerifyTarget:
    service = f"{desired.route.service}.{desired.route.app.namespace}.svc"
    schemes = {
        urlsplit(entry_point_urls[name]).scheme for name in desired.route.entry_points if name in entry_point_urls
    }
    headers = {
        "X-Forwarded-Proto": "https" if "https" in schemes else "http",
        "X-Forwarded-Host": host or service,
        "X-Forwarded-For": pod_ip or "192.0.2.1",
    }
    return VerifyTarget(
        f"http://{service}:{desired.route.port}{prefix}",
        host=host,
        headers=headers,
        direct=True,
        trusted=pod_ip is not None and _trusts(desired.trusted_proxies, pod_ip),
        strips=desired.launch.strips,
    )


def _trusts(trusted: tuple[str, ...], address: str) -> bool:
    return "*" in trusted or any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in trusted)
