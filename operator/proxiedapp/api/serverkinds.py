"""The values of spec.server.kind: auto, and the servers of proxiedapp.servers.table. Written by `make generate`."""

from typing import Literal

ServerKind = Literal[
    "auto",
    "fastapi",
    "uvicorn",
    "gunicorn-uvicorn",
    "gunicorn-asgi",
    "hypercorn",
    "granian",
    "daphne",
    "pyvoy",
    "other",
]
