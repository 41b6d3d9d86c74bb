"""Security contexts: what a user may allow beyond the restricted defaults, within the Pod Security Standard baseline.

What baseline forbids has no field here, or only the values that baseline allows, so the schema rejects it. The lists
are those of Kubernetes v1.36.3, `k8s.io/pod-security-admission/policy`; tests/integration/test_pod_security.py lets
a real API server judge pods with these fields.
"""

from typing import Annotated, Any, Final

from proxiedapp.api.base import cel_rule
from proxiedapp.api.fields import INT32_MAX
from proxiedapp.api.upstream import upstream

_CAPABILITIES: Final = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
]
_SYSCTLS: Final = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
]
_ID: Final = {"minimum": 0, "maximum": INT32_MAX}
_PROFILES: Final = {
    "seccompProfile.type": {"enum": ["Localhost", "RuntimeDefault"]},
    "appArmorProfile.type": {"enum": ["Localhost", "RuntimeDefault"]},
    "seLinuxOptions.type": {"enum": ["container_engine_t", "container_init_t", "container_kvm_t", "container_t"]},
    "runAsUser": _ID,
    "runAsGroup": _ID,
}
_BEYOND_BASELINE: Final = ("privileged", "procMount", "windowsOptions", "user", "role")
_NOT_IN_EVERY_CLUSTER: Final = ("supplementalGroupsPolicy", "seLinuxChangePolicy")
"""An API server that does not know a field drops it, and the operator would see drift and write it in each pass."""

_ROOT_IS_EXPLICIT = cel_rule(
    "!has(self.runAsUser) || self.runAsUser != 0 || (has(self.runAsNonRoot) && !self.runAsNonRoot)",
    "runAsUser: 0 is root; if the container must run as root, set runAsNonRoot: false too",
    lambda context: context.get("runAsUser") != 0 or context.get("runAsNonRoot") is False,
)

PodSecurityContext = Annotated[
    dict[str, Any],
    upstream(
        "PodSecurityContext",
        without=(*_BEYOND_BASELINE, *_NOT_IN_EVERY_CLUSTER),
        change={
            **_PROFILES,
            "fsGroup": _ID,
            "supplementalGroups[]": _ID,
            "sysctls[].name": {"enum": _SYSCTLS},
        },
    ),
    _ROOT_IS_EXPLICIT,
]
SecurityContext = Annotated[
    dict[str, Any],
    upstream(
        "SecurityContext",
        without=_BEYOND_BASELINE,
        change={**_PROFILES, "capabilities.add[]": {"enum": _CAPABILITIES}},
    ),
    _ROOT_IS_EXPLICIT,
]
