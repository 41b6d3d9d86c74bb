"""Advice on the codes of verification, which is about the answers of a running app. Pure."""

from collections.abc import Mapping
from typing import Final

from proxiedapp.local.codes.advice import Advice
from proxiedapp.verify.codes import Code

_TRUST: Final = Advice(
    "Trust the network of the proxy's pods, and nothing else: [Trusted proxies](../../concepts/trust.md).",
    'uvicorn main:app # in a pod, it trusts only loopback; with --forwarded-allow-ips "*", every client',
    "uvicorn main:app --forwarded-allow-ips 10.42.0.0/16",
)

ADVICE: Final[Mapping[Code, Advice]] = {
    Code.UNREACHABLE: Advice(
        "Check scheme, host and port of the address, and that proxy and app run.",
        "proxiedapp verify http://localhost:8443/api # the proxy expects TLS there",
        "proxiedapp verify https://localhost:8443/api --insecure",
    ),
    Code.NOT_SERVED: Advice(
        "Compare prefix and host of the address with those of the route: [My URL answers 404](../../how-to/404.md).",
        "proxiedapp verify https://example.com/order # the route has PathPrefix(`/orders/`)",
        "proxiedapp verify https://example.com/orders",
    ),
    Code.DOUBLED_PREFIX: Advice(
        "Declare `openapi_url` without the prefix, or let only one of proxy and app remove it.",
        'app = FastAPI(openapi_url="/api/openapi.json") # behind /api',
        "app = FastAPI()",
    ),
    Code.PREFIX_IN_PATHS: Advice(
        "Declare routes without the prefix; the root path adds it.",
        'app.include_router(router, prefix="/api") # behind /api',
        "app.include_router(router)",
    ),
    Code.OPENAPI_SERVERS: Advice(
        "Give the server the prefix as its root path.",
        "uvicorn main:app",
        "uvicorn main:app --root-path /api",
    ),
    Code.DOCS_SCHEMA_URL: Advice(
        "Give the server the prefix as its root path; a docs page of your own must add it to the schema's address.",
        'get_swagger_ui_html(openapi_url="/openapi.json", title="API")',
        'get_swagger_ui_html(openapi_url=request.scope["root_path"] + "/openapi.json", title="API")',
    ),
    Code.REDIRECT_PREFIX: Advice(
        "Let the proxy keep the prefix for servers that expect it, and strip it for the others: "
        "[Prefix, strip mode and root path](../../concepts/prefix.md).",
        "hypercorn main:app --root-path /api # behind a proxy that strips /api",
        "uvicorn main:app --root-path /api # behind a proxy that strips /api",
    ),
    Code.REDIRECT_SCHEME: _TRUST,
    Code.REDIRECT_HOST: Advice(
        "Let the proxy pass on the Host header, with its port.",
        "proxy_pass http://app/; # nginx sends the name of the upstream as Host",
        "proxy_pass http://app/;\nproxy_set_header Host $http_host;",
    ),
    Code.MOUNTED_APP: Advice(
        "Give the root path to the server, not to `FastAPI()`: [Mounted apps](../../how-to/mounted.md).",
        'app = FastAPI(root_path="/api")\napp.mount("/sub", sub)',
        'app = FastAPI() # and uvicorn --root-path /api\napp.mount("/sub", sub)',
    ),
    Code.EXTRA_PATH: Advice(
        "Name extra paths as the app declares them, without the prefix.",
        "proxiedapp verify https://example.com/api --extra-path /api/static/site.css",
        "proxiedapp verify https://example.com/api --extra-path /static/site.css",
    ),
    Code.WEBSOCKET: Advice(
        "Let the proxy pass on upgrades.",
        "proxy_pass http://app/; # nginx does not pass on Upgrade",
        "proxy_pass http://app/;\nproxy_http_version 1.1;\n"
        'proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection "upgrade";',
    ),
    Code.COOKIE_PATH: Advice(
        "Set cookies for the prefix: [Cookies of several apps on one host](../../how-to/cookies.md).",
        'response.set_cookie("session", value) # for path /',
        'response.set_cookie("session", value, path=request.scope["root_path"] or "/")',
    ),
    Code.BARE_PREFIX: Advice(
        "Let the route match the prefix without its slash, too, and redirect it to the one with a slash.",
        "match: PathPrefix(`/api/`)",
        "match: Path(`/api`) || PathPrefix(`/api/`)",
    ),
    Code.PAGE_FILES: Advice(
        "Make the addresses of files with the framework, which adds the root path, or make them relative.",
        '<link rel="stylesheet" href="/static/site.css">',
        "<link rel=\"stylesheet\" href=\"{{ url_for('static', path='site.css') }}\">",
    ),
    Code.NEIGHBOUR_PREFIX: Advice(
        "End the rule at a path segment.",
        "match: PathPrefix(`/api`)",
        "match: Path(`/api`) || PathPrefix(`/api/`)",
    ),
    Code.FORGED_HEADERS: _TRUST,
}
