"""Fixes that several checks recommend, for the servers and proxies that people run.

Where the advice about each server comes from (versions in requirements/, tried in tests/e2e/test_verify_by_hand.py):

* uvicorn prepends `--root-path` to the request path (uvicorn 0.54.0, uvicorn/protocols/http/h11_impl.py, `full_path`),
  so the proxy must strip the prefix; it does so since 0.26.0 (tests/matrix/oldversions.py measures 0.25 and 0.26).
  `fastapi run` passes its flag on to uvicorn (fastapi-cli 0.0.34, fastapi_cli/cli.py).
* hypercorn 0.18.0 (hypercorn/protocol/http_stream.py), granian 2.8.7 (granian/asgi.py), daphne 4.2.3
  (daphne/http_protocol.py) and gunicorn 27.0.1 with `-k asgi` (gunicorn/asgi/protocol.py) only put it into the ASGI
  scope, so the proxy must keep the prefix. So does FastAPI 0.165.0 (fastapi/applications.py, `__call__`).
* uvicorn-worker 0.4.0 builds uvicorn's configuration without a root path (uvicorn_worker/_workers.py).
"""

from typing import Final

OUTSIDE_FIX: Final = "Write the path as the app declares it, without the segments . and .."

REMOVE_ROOT_PATH: Final = (
    "Remove root_path= from FastAPI(...), and the prefix from the paths in the app's code: the operator configures both"
)
"""A root path in the code replaces that of the server (FastAPI 0.165.0, fastapi/applications.py, `__call__`)."""


def set_root_path(prefix: str) -> str:
    """Advise for an app that has no root path, or another one than the prefix."""
    if not prefix:
        return "The app has a root path, but is served without a prefix: remove --root-path or root_path"
    return (
        f"Set the server's root path to exactly {prefix}: for uvicorn and fastapi run by --root-path {prefix} behind a "
        f"proxy that strips the prefix; for hypercorn, daphne and gunicorn -k asgi by --root-path {prefix}, for "
        f"granian by --url-path-prefix {prefix}, behind a proxy that keeps it. gunicorn with UvicornWorker ignores "
        "--root-path"
    )


def keep_prefix(prefix: str) -> str:
    """Advise for an app that has the right root path, but gets requests without the prefix."""
    return (
        "The app has a root path, but its requests arrive without the prefix. hypercorn, granian, daphne, gunicorn -k "
        "asgi and FastAPI(root_path=...) need a proxy that keeps the prefix: remove the strip middleware or rewrite. "
        f"Or let the proxy strip, run uvicorn or fastapi run with --root-path {prefix}, and remove root_path from the "
        "app's code"
    )


def remove_prefix_from_code(prefix: str) -> str:
    """Advise for an app whose own code contains the prefix."""
    return (
        f"Remove {prefix} from the app's code (routes, openapi_url, docs_url): behind a proxy an app declares its "
        "paths without it. Or leave it in all of them, configure the proxy to keep the prefix, and set no root path"
    )


def remove_second_prefix(prefix: str) -> str:
    """Advise for an app that puts the prefix in front of its URLs twice."""
    return (
        f"The app adds {prefix} to its URLs twice: once from the server's root path, and once from X-Forwarded-Prefix "
        "or from its own code. Let the proxy remove that header after the strip (in a ProxiedApp, "
        "route.prefixHeader: Auto does so if the operator configures the root path), or let the app ignore it, such "
        "as by ProxyFix without x_prefix"
    )
