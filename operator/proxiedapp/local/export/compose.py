"""A compose file: a container for Traefik, and one for each app, in a network of their own. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from proxiedapp.local.localapp import LocalApp
from proxiedapp.local.proxies import traefik
from proxiedapp.local.proxies.setup import Setup

COMPOSE: Final = "compose.yaml"
SUBNET: Final = "172.31.99.0/24"
"""The network of the containers, from which alone the servers accept X-Forwarded-* headers."""
_HEAD: Final = """\
# Start it with `docker compose up` or `podman compose up`.
networks:
  behind-proxy:
    ipam:
      config:
        - subnet: {subnet} # fixed, because the servers trust the headers of this network and of no other
services:
  traefik:
    image: docker.io/library/traefik:v3.7.15
    command: ["--configFile=/etc/proxy/{static}"]
    volumes:
      - .:/etc/proxy:ro # the static and the dynamic configuration
    working_dir: /etc/proxy
    ports:
      - "{port}:{port}" # only the proxy is published: clients cannot reach the apps without it
    networks: [behind-proxy]
"""


def files(setup: Setup, apps: Sequence[LocalApp]) -> Mapping[str, str]:
    """Return the files by name; the backends of `setup` have the names of the services as hosts."""
    head = _HEAD.format(subnet=SUBNET, static=traefik.STATIC, port=setup.listener.port)
    services = "".join(_service(app) for app in apps)
    return {COMPOSE: head + services, **traefik.files(setup)}


def _service(app: LocalApp) -> str:
    spec = app.app.spec
    lines = [f"  {app.app.key.name}:", f"    image: {json.dumps(spec.image)}"]
    if app.command:
        # Compose replaces $NAME, so that a dollar sign is written twice.
        words = [word.replace("$", "$$") for word in app.command]
        lines.append(f"    command: {json.dumps(words)} # with the flags that the server needs behind this proxy")
        lines.append("    entrypoint: [] # as in Kubernetes, the command replaces that of the image")
    lines.append("    environment:")
    lines += [f"      {name}: {json.dumps(value.replace('$', '$$'))}" for name, value in app.variables.items()]
    if app.launch.adapter:
        lines.append("    volumes: [./adapter:/opt/proxiedapp:ro] # the adapter, which the command runs")
    lines.append("    networks: [behind-proxy]")
    return "".join(f"{line}\n" for line in lines)
