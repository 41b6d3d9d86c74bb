"""How to mend what several checks find, in the words of somebody who runs a server behind a proxy."""


def set_root_path(prefix: str) -> str:
    """Advise an app that does not know its prefix, or knows another one."""
    if not prefix:
        return "The app is told a root path, but is served without a prefix: remove --root-path or root_path"
    return (
        f"Tell the server exactly {prefix}: uvicorn and fastapi run by --root-path {prefix} behind a proxy that strips "
        f"the prefix; hypercorn, daphne and gunicorn -k asgi by --root-path {prefix}, granian by --url-path-prefix "
        f"{prefix}, behind a proxy that keeps it. gunicorn with UvicornWorker ignores --root-path"
    )


def keep_prefix(prefix: str) -> str:
    """Advise where the prefix is declared, but the proxy has cut it off already."""
    return (
        "The app is told the prefix, but its requests come without it. hypercorn, granian, daphne, gunicorn -k asgi "
        "and FastAPI(root_path=...) need a proxy that keeps the prefix: remove the strip. Or let the proxy strip, run "
        f"uvicorn or fastapi run with --root-path {prefix}, and remove root_path from the app's code"
    )


def remove_prefix_from_code(prefix: str) -> str:
    """Advise an app whose own code carries the prefix."""
    return (
        f"Remove {prefix} from the app's code (routes, openapi_url, docs_url): behind a proxy an app declares its "
        "paths without it. Or leave it in all of them, let the proxy keep the prefix, and tell the server no root path"
    )
