"""nginx's configuration file.

Why each line is there is said in the file itself. All of it was measured with nginx 1.31.3 and 1.22.1; the path vectors
in tests/e2e/test_export.py show what differs from Traefik: nginx decodes %2F, and takes it for a slash.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from proxiedapp.local.proxies.setup import REMOVED_HEADERS, Backend, Request, Setup
from proxiedapp.routing.rule import WILDCARD

CONFIGURATION: Final = "nginx.conf"
HEADERS: Final = "headers.conf"

_MAIN: Final = """\
{user}worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr warn;
events {{}}
http {{
    # Every path that nginx writes to is in the folder of this file, so that it can run as any user.
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{log}
    map $http_upgrade $proxied_connection {{ default upgrade; "" ""; }}
    # GET and HEAD of exactly a prefix are redirected to the slash; WebSockets begin with GET, and are not.
    map "$request_method:$http_upgrade" $redirects_bare {{ default 0; "~*^(GET|HEAD):(?!.*websocket)" 1; }}
    proxy_http_version 1.1;          # the default only since 1.29.7; WebSockets need it
    proxy_redirect off;              # the app knows its prefix, so nginx must not write it a second time
    proxy_buffering off;             # streams reach the client at once
    proxy_request_buffering off;
    proxy_read_timeout 1h;           # after the default of 60 s, a silent WebSocket is closed
    client_max_body_size 0;          # the default is 1 MiB
    absolute_redirect off;           # redirects of nginx itself keep the scheme, host and port that the client used
    server_tokens off;
{upstreams}{servers}}}
"""
_NO_LOG: Final = "    access_log off;\n"
_LOG: Final = """\
    log_format requests escape=json '{"method":"$request_method","host":"$http_host","uri":"$request_uri",'
                                    '"status":"$status","seconds":"$request_time",'
                                    '"agent":"$http_user_agent"}';
    access_log /dev/stdout requests;
"""
_HEADERS: Final = """\
# A location that sets one header of its own inherits none, so each location includes this file.
proxy_set_header Host $http_host;                # with the port, which $host lacks
proxy_set_header Upgrade $http_upgrade;          # this line and the next are for WebSockets
proxy_set_header Connection $proxied_connection;
proxy_set_header X-Forwarded-For $remote_addr;   # replaced: $proxy_add_x_forwarded_for would keep what a client forged
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Forwarded-Port $server_port;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-Server $hostname;   # replaces what a client sends, as Traefik does
# Some server or app trusts each of these headers, and clients can forge them. An empty value removes a header.
"""


def files(setup: Setup, user: str | None = None) -> Mapping[str, str]:
    """Return the files by name; `user` is the user of the workers, which only root can set."""
    removed = "".join(f'proxy_set_header {name} "";\n' for name in REMOVED_HEADERS)
    main = _MAIN.format(
        user="" if user is None else f"user {user};\n",
        log=_LOG if setup.logs_requests else _NO_LOG,
        upstreams="".join(f"    upstream {one.name} {{ server {one.endpoint}; }}\n" for one in setup.backends),
        servers="".join(_server(setup, host, backends) for host, backends in setup.by_host().items()),
    )
    return {CONFIGURATION: main, HEADERS: _HEADERS + removed}


def command(program: str) -> list[str]:
    """Return the command that runs nginx in the folder of its files."""
    return [program, "-p", ".", "-e", "stderr", "-c", CONFIGURATION]


def read_request(line: str) -> Request | None:
    """Return the request of a line of the access log; None for any other line."""
    if not line.startswith('{"method":'):
        return None
    logged = json.loads(line)
    status, seconds = int(logged["status"]), float(logged["seconds"])
    return Request(logged["method"], logged["host"], logged["uri"], status, seconds, logged["agent"])


def _server(setup: Setup, host: str, backends: list[Backend]) -> str:
    listener = setup.listener
    kind = " ssl" if listener.certificate is not None else ""
    default = "" if host else " default_server"
    name = f"        server_name {_server_name(host)};\n" if host else ""
    tls = ""
    if listener.certificate is not None:
        certificate, key = listener.quoted_files
        tls = f"        ssl_certificate {certificate};\n        ssl_certificate_key {key};\n"
    locations = "".join(_locations(backend) for backend in backends)
    rest = "" if any(not one.prefix for one in backends) else "        location / { return 404; }\n"
    listen = f"        listen {listener.endpoint}{kind}{default};\n"
    return f"    server {{\n{listen}{name}{tls}{locations}{rest}    }}\n"


def _server_name(host: str) -> str:
    """Return a host; a wildcard as an expression, because nginx's own wildcards stand for several labels."""
    if host.startswith(WILDCARD):
        return rf'"~^[^.]+\.{re.escape(host.removeprefix(WILDCARD))}$"'
    return host


def _locations(backend: Backend) -> str:
    """Return the locations of an app.

    There are two for a prefix: `location /api/v1` alone would match /api/v10, too. `proxy_pass` has a path, because
    without one nginx passes what the client sent, not the cleaned path that it compared.
    """
    path = "" if backend.route.strips else backend.prefix
    prefix_header = f"proxy_set_header X-Forwarded-Prefix {json.dumps(_forwarded_prefix(backend))};"
    headers = f"            include {HEADERS};\n            {prefix_header}\n"
    exact = ""
    if backend.prefix:
        bare = ""
        if backend.route.redirects_bare:
            bare = f"            if ($redirects_bare) {{ return 302 {backend.prefix}/$is_args$args; }}\n"
        target = f"            proxy_pass http://{backend.name}{path or '/'};\n"
        exact = f"        location = {backend.prefix} {{\n{bare}{headers}{target}        }}\n"
    below = f"            proxy_pass http://{backend.name}{path}/;\n"
    return f"{exact}        location {backend.prefix}/ {{\n{headers}{below}        }}\n"


def _forwarded_prefix(backend: Backend) -> str:
    return backend.prefix if backend.route.prefix_header else ""
