"""Images with old versions of servers."""

from typing import Final

from tests.matrix.live import APP
from tests.support.environments import Environment

_WEBSOCKETS: Final = "websockets<13"  # later versions deprecate the API that these versions of uvicorn use

_PACKAGES: Final = (
    ("uvicorn-0.25", ("fastapi==0.109.0", "uvicorn==0.25.0", _WEBSOCKETS)),
    ("uvicorn-0.26", ("fastapi==0.109.0", "uvicorn==0.26.0", _WEBSOCKETS)),
    ("fastapi-0.108", ("fastapi==0.108.0", "uvicorn==0.26.0", _WEBSOCKETS)),
    ("uvicorn-0.27", ("fastapi==0.115.0", "uvicorn==0.27.1", _WEBSOCKETS)),
    ("uvicorn-0.28", ("fastapi==0.115.0", "uvicorn==0.28.0", _WEBSOCKETS)),
    ("uvicorn-0.30", ("fastapi==0.115.0", "uvicorn==0.30.6", _WEBSOCKETS)),
    ("uvicorn-0.31", ("fastapi==0.115.0", "uvicorn==0.31.0", _WEBSOCKETS)),
    ("fastapi-cli-0.0.1", ("fastapi==0.115.0", "fastapi-cli==0.0.1", "uvicorn==0.31.0", _WEBSOCKETS)),
    ("fastapi-cli-0.0.2", ("fastapi==0.115.0", "fastapi-cli==0.0.2", "uvicorn==0.31.0", _WEBSOCKETS)),
    ("fastapi-cli-0.0.9", ("fastapi==0.115.0", "fastapi-cli==0.0.9", "uvicorn==0.31.0", _WEBSOCKETS)),
    ("gunicorn-23", ("fastapi==0.115.0", "gunicorn==23.0.0", "uvicorn==0.31.0", "uvicorn-worker", _WEBSOCKETS)),
)
ENVIRONMENTS: Final = tuple(Environment(name, packages, APP.parents[1], APP) for name, packages in _PACKAGES)
BY_NAME: Final = {environment.name: environment for environment in ENVIRONMENTS}
