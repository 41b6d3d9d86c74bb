"""Run a container of a pod with crun as a kubelet would: make an OCI runtime configuration from the pod's spec.

Done as by a kubelet: variables with field references, the account's token, the security contexts of pod and container,
the runtime's default seccomp profile, namespaces. Not done: limits of CPU and memory, because not every machine that
runs tests has writable cgroups, and a network of the pod, because the API server of the tests listens on loopback.
"""

import json
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import yaml

from proxiedapp.kube.manifest import Manifest
from tests.support.image import Image, run, tool

ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
SECCOMP_PROFILE: Final = Path("/usr/share/containers/seccomp.json")
"""The profile that podman and CRI-O call RuntimeDefault; Debian's golang-github-containers-common has it."""
DEFAULT_CAPABILITIES: Final = ("CAP_CHOWN", "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETUID")
"""Some that a runtime grants by default, so that a test notices a chart that does not drop them."""
MASKED: Final = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list")
READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


@dataclass(frozen=True)
class Container:
    """A running container."""

    id: str
    process: subprocess.Popen[bytes]
    log: Path
    crun: tuple[str, ...]

    @property
    def pid(self) -> int:
        """Return the process ID of its first process on this machine."""
        return int(json.loads(run(*self.crun, "state", self.id))["pid"])

    def said(self) -> str:
        return self.log.read_text()

    def stop(self, seconds: float) -> int:
        """Send SIGTERM, as a kubelet does, and return the exit status."""
        run(*self.crun, "kill", self.id, "TERM")
        return self.process.wait(seconds)


_HIDE_HYBRID: Final = ("unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', "sh")
"""A command before crun that hides the second cgroup hierarchy of a hybrid machine, with which crun does not run."""


@contextmanager
def container(config: Mapping[str, Any], folder: Path) -> Iterator[Container]:
    """Run a container, and kill it after the block if it still runs."""
    state, log, bundle = folder / "crun", folder / "container.log", folder / "bundle"
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps(config))
    name = f"proxiedapp-{uuid4().hex[:8]}"
    command = (*_HIDE_HYBRID, tool("crun"), f"--root={state}", "--cgroup-manager=disabled")
    with (
        log.open("wb") as output,
        subprocess.Popen([*command, "run", f"--bundle={bundle}", name], stdout=output, stderr=output) as process,
    ):
        try:
            yield Container(name, process, log, command)
        finally:
            if process.poll() is None:
                subprocess.run([*command, "delete", "--force", name], check=False, capture_output=True)
                process.wait(30)


def runtime_config(
    image: Image, pod: Manifest, account: Path, *, args: Sequence[str] | None = None, **fields: str
) -> dict[str, Any]:
    """Return the OCI runtime configuration of a pod's first container.

    `account` is a folder with `token`, `ca.crt` and `namespace`. `fields` are the values of field references, with
    underscores for dots (metadata_name). `args` replace the container's command.
    """
    spec = pod["spec"]
    given = spec["containers"][0]
    security = {**spec.get("securityContext", {}), **given.get("securityContext", {})}
    dropped = security.get("capabilities", {}).get("drop", [])
    capabilities = [] if "ALL" in dropped else list(DEFAULT_CAPABILITIES)
    env = image.env | {each["name"]: _value(each, fields) for each in given.get("env", [])}
    user = image.config.get("User", "0:0").split(":")
    linux = {
        "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
        "maskedPaths": list(MASKED),
        "readonlyPaths": list(READ_ONLY),
    }
    if security.get("seccompProfile", {}).get("type") == "RuntimeDefault":
        linux["seccomp"] = seccomp(json.loads(SECCOMP_PROFILE.read_text()), capabilities)
    return {
        "ociVersion": "1.0.2",
        "hostname": fields["metadata_name"],
        "root": {"path": str(image.rootfs), "readonly": security.get("readOnlyRootFilesystem", False)},
        "process": {
            "user": {
                "uid": security.get("runAsUser", int(user[0])),
                "gid": security.get("runAsGroup", int(user[-1])),
            },
            "args": list(args or given.get("command", image.command)),
            "cwd": image.config.get("WorkingDir") or "/",
            "env": [f"{name}={value}" for name, value in env.items()],
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
            "noNewPrivileges": not security.get("allowPrivilegeEscalation", True),
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {
                "destination": "/dev",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "mode=755", "size=65536k"],
            },
            {"destination": ACCOUNT, "type": "bind", "source": str(account), "options": ["bind", "ro"]},
        ],
        "linux": linux,
    }


def seccomp(profile: Mapping[str, Any], capabilities: Sequence[str]) -> dict[str, Any]:
    """Return the part of a container engine's profile that applies to these capabilities and this CPU, as OCI."""
    machine = {"x86_64": ("amd64", "SCMP_ARCH_X86_64"), "aarch64": ("arm64", "SCMP_ARCH_AARCH64")}
    arch, token = machine[platform.machine()]

    def fits(rule: Mapping[str, Any]) -> bool:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        return (
            arch in includes.get("arches", [arch])
            and set(includes.get("caps", [])) <= set(capabilities)
            and arch not in excludes.get("arches", [])
            and not set(excludes.get("caps", [])) & set(capabilities)
        )

    kept = ("names", "action", "args", "errnoRet")
    also = [each["subArchitectures"] for each in profile["archMap"] if each["architecture"] == token]
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": [token, *(name for names in also for name in names)],
        "syscalls": [
            {key: rule[key] for key in kept if rule.get(key) not in (None, [])}
            for rule in profile["syscalls"]
            if fits(rule)
        ],
    }


def account_folder(kubeconfig: Path, namespace: str, folder: Path) -> Path:
    """Write the files of the kubeconfig's service account as a pod sees them, readable for everyone."""
    config = yaml.safe_load(kubeconfig.read_text())
    files = {
        "token": config["users"][0]["user"]["token"],
        "ca.crt": Path(config["clusters"][0]["cluster"]["certificate-authority"]).read_text(),
        "namespace": namespace,
    }
    made = folder / "serviceaccount"
    made.mkdir()
    for name, text in files.items():
        (made / name).write_text(text)
        (made / name).chmod(0o644)
    made.chmod(0o755)
    return made


def _value(variable: Mapping[str, Any], fields: Mapping[str, str]) -> str:
    if "valueFrom" not in variable:
        return str(variable["value"])
    return fields[variable["valueFrom"]["fieldRef"]["fieldPath"].replace(".", "_")]
