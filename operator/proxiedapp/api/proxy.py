"""Which proxies the server trusts, and which pods can reach the app."""

from typing import Annotated, ClassVar

from pydantic import Field

from proxiedapp.api.addresses import NOT_EVERYONE, TrustedProxy
from proxiedapp.api.base import ApiModel, CELRule


class ProxySpec(ApiModel):
    """Which proxies the server trusts to set X-Forwarded-* headers, and which pods can reach the app."""

    rules: ClassVar = (
        CELRule(
            "!has(self.trustedProxies) || !('*' in self.trustedProxies) || (has(self.isolate) && self.isolate)",
            "trustedProxies: * requires proxy.isolate: true, because otherwise any client that reaches the pod could "
            "forge headers; alternatively list the addresses of the proxy",
            lambda proxy: "*" not in (proxy.trusted_proxies or []) or proxy.isolate,
        ),
        CELRule(
            "!has(self.trustedProxies) || !('*' in self.trustedProxies) || size(self.trustedProxies) == 1",
            "trustedProxies: * already means all addresses; remove the other entries",
            lambda proxy: "*" not in (proxy.trusted_proxies or []) or len(proxy.trusted_proxies) == 1,
        ),
    )

    trusted_proxies: Annotated[list[TrustedProxy], Field(max_length=32), NOT_EVERYONE] | None = None
    """IP addresses and networks of the proxy, such as 10.42.0.0/16. The server trusts X-Forwarded-* headers from these
    addresses only, also if it sees them mapped into IPv6; ::ffff:10.42.0.0/112 means the same as 10.42.0.0/16. An empty
    list trusts no proxy; * trusts all addresses and requires isolate. Networks that together cover more than half of
    all addresses are rejected. Default: set by the operator."""
    isolate: bool = False
    """Whether to create a NetworkPolicy that lets only the proxy's pods reach the app's port, and with monitoring also
    the pods that collect metrics."""
