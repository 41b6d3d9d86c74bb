"""gunicorn: its worker class decides. A uvicorn worker ignores `--root-path`; gunicorn's own asgi worker sets it.

* `uvicorn_worker/_workers.py` (0.4.0) passes `forwarded_allow_ips` to uvicorn, and no root path. `uvicorn/workers.py`
  is the same, deprecated since uvicorn 0.30.0 (Kludex/uvicorn#2302).
* `gunicorn/asgi/protocol.py` (27.0.1) copies root_path into the scope and leaves the path, so the proxy must keep the
  prefix. The scope's client is the peer, and a websocket is wss only if X-Forwarded-Proto is `https`, whereas Traefik
  sends `wss`. `-k asgi` exists since 24.0.
* gunicorn 23.0.0 and 24.0.0 exit if the trust list contains a network. 24.1.0 accepts networks
  (benoitc/gunicorn#3449), but a uvicorn worker then never answers; 24.1.1 fixes that (benoitc/gunicorn#3459).
  `tests/matrix/oldversions.py` measures some of these versions; the results are in docs/servers.md.

With the adapter, gunicorn needs no trust list.
"""

from typing import Final

from proxiedapp.servers.rejections import DAEMON, TLS_IN_POD
from proxiedapp.servers.server import PROXY_TRUSTED, Example, Form, Grammar, Role, Server, Setting, with_adapter

_MODULES: Final = frozenset({"gunicorn.app.wsgiapp"})
"""The module behind the program `gunicorn`; debuggers and older guides run it."""
_WORKER_CLASS: Final = ("--worker-class", "-k")

_WSGI_CLASSES: Final = frozenset(
    {
        "sync", "gthread", "eventlet", "gevent", "gevent_wsgi", "gevent_pywsgi", "tornado",
        "gunicorn.workers.sync.SyncWorker", "gunicorn.workers.gthread.ThreadWorker",
        "gunicorn.workers.geventlet.EventletWorker", "gunicorn.workers.ggevent.GeventWorker",
        "gunicorn.workers.ggevent.GeventPyWSGIWorker", "gunicorn.workers.gtornado.TornadoWorker",
    }
)  # fmt: skip
"""gunicorn's own workers for WSGI apps, by both names (27.0.1 `gunicorn/workers/__init__.py`; more in older ones)."""
_ROOT_PATH: Final = Setting(("--root-path",), default="")
_SETTINGS: Final = {
    Role.TRUST: Setting(("--forwarded-allow-ips",), ("FORWARDED_ALLOW_IPS",)),
    Role.BIND: Setting(("--bind", "-b"), default="127.0.0.1:8000"),
    Role.WORKERS: Setting(("--workers", "-w"), ("WEB_CONCURRENCY",)),
    Role.DRAIN: Setting(("--graceful-timeout",)),
}
_REJECTED_OPTIONS: Final = {
    "--certfile": TLS_IN_POD,
    "--keyfile": TLS_IN_POD,
    "--daemon": DAEMON,
    "-D": DAEMON,
    "--paste": "the app must be named in the command",
}
_CONTROL_SOCKET: Final = {"XDG_RUNTIME_DIR": "/tmp"}  # noqa: S108 - a path in the pod
"""The folder of the control socket, which gunicorn opens since 25.0 (27.0.1 `gunicorn/config.py`,
`_get_default_control_socket`). Without the variable it is in $HOME, which is not writable, and each pod logs an error.
Older versions ignore the variable, and exit on `--no-control-socket`."""
_GRAMMAR: Final = Grammar(
    switches=frozenset(
        {
            "--help", "-h", "--version", "-v", "--reload", "--spew", "--check-config", "--print-config", "--preload",
            "--no-sendfile", "--reuse-port", "--daemon", "-D", "--initgroups", "--disable-redirect-access-to-syslog",
            "--capture-output", "--log-syslog", "--enable-stdio-inheritance", "-R", "--enable-backlog-metric",
            "--suppress-ragged-eofs", "--do-handshake-on-connect", "--permit-obsolete-folding", "--strip-header-spaces",
            "--permit-unconventional-http-method", "--permit-unconventional-http-version", "--casefold-http-method",
            "--no-control-socket",
        }
    ),
    valued=frozenset(
        {
            "--config", "--bind", "--backlog", "--workers", "--worker-class", "--threads", "--worker-connections",
            "--max-requests", "--max-requests-jitter", "--timeout", "--graceful-timeout", "--keep-alive",
            "--limit-request-line", "--limit-request-fields", "--limit-request-field_size", "--reload-engine",
            "--reload-extra-file", "--chdir", "--env", "--pid", "--worker-tmp-dir", "--user", "--group", "--umask",
            "--forwarded-allow-ips", "--access-logfile", "--access-logformat", "--error-logfile", "--log-file",
            "--log-level", "--logger-class", "--log-config", "--log-config-json", "--log-syslog-to",
            "--log-syslog-prefix", "--log-syslog-facility", "--statsd-host", "--dogstatsd-tags", "--statsd-prefix",
            "--name", "--pythonpath", "--paste", "--paster", "--proxy-allow-from", "--protocol",
            "--uwsgi-allow-from", "--keyfile", "--certfile", "--ssl-version", "--cert-reqs", "--ca-certs", "--ciphers",
            "--http-protocols", "--http2-cleartext", "--http2-max-concurrent-streams", "--http2-initial-window-size",
            "--http2-max-frame-size", "--http2-max-header-list-size", "--paste-global", "--forwarder-headers",
            "--header-map", "--asgi-loop", "--asgi-lifespan", "--asgi-disconnect-grace-period",
            "--websocket-max-message-size", "--http-parser", "--root-path", "--dirty-app", "--dirty-workers",
            "--dirty-timeout", "--dirty-threads", "--dirty-graceful-timeout", "--control-socket",
            "--control-socket-mode",
        }
    ),
    optional=frozenset({"--proxy-protocol"}),
    abbreviates=True,
)  # fmt: skip

GUNICORN_UVICORN: Final = Server(
    name="gunicorn-uvicorn",
    programs=frozenset({"gunicorn"}),
    modules=_MODULES,
    worker_class_flags=_WORKER_CLASS,
    other_classes=_WSGI_CLASSES,
    worker_classes=frozenset(
        {
            "uvicorn_worker.UvicornWorker",
            "uvicorn_worker.UvicornH11Worker",
            "uvicorn.workers.UvicornWorker",
            "uvicorn.workers.UvicornH11Worker",
        }
    ),
    grammar=_GRAMMAR,
    forms=with_adapter(
        Form(
            strips=True,
            settings=_SETTINGS,
            rejected_options=_REJECTED_OPTIONS,
            limits="gunicorn with a uvicorn worker has no option for the root path, so docs, redirects and mounted "
            "apps lose the prefix. Use spec.server.adapter: Auto, or a subclass of the worker with root_path in its "
            "CONFIG_KWARGS",
        ),
        checked={Role.ROOT_PATH: _ROOT_PATH},
    ),
    examples=(
        Example(
            "gunicorn-uvicorn-worker", ("gunicorn", "-k", "uvicorn_worker.UvicornWorker", "main:app"), PROXY_TRUSTED
        ),
        Example(
            "gunicorn-uvicorn-workers", ("gunicorn", "-k", "uvicorn.workers.UvicornWorker", "main:app"), PROXY_TRUSTED
        ),
    ),
    command_for=lambda app: ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", app],
    arguments_variable="GUNICORN_CMD_ARGS",
    python_path=Setting(("--pythonpath",)),
    default_variables=_CONTROL_SOCKET,
)

GUNICORN_ASGI: Final = Server(
    name="gunicorn-asgi",
    programs=frozenset({"gunicorn"}),
    modules=_MODULES,
    worker_class_flags=_WORKER_CLASS,
    other_classes=_WSGI_CLASSES,
    worker_classes=frozenset({"asgi", "gunicorn.workers.gasgi.ASGIWorker"}),
    grammar=_GRAMMAR,
    forms=with_adapter(
        Form(
            strips=False,
            settings={Role.ROOT_PATH: _ROOT_PATH, **_SETTINGS},
            rejected_options=_REJECTED_OPTIONS,
            limits="gunicorn's asgi worker takes the scheme from the proxy, but not the client's address, and secure "
            "websockets appear as ws. Use spec.server.adapter: Auto, or wrap the app in uvicorn's "
            "ProxyHeadersMiddleware",
        ),
    ),
    examples=(
        Example(
            "gunicorn-asgi",
            ("gunicorn", "-k", "asgi", "main:app"),
            {"GUNICORN_CMD_ARGS": "--root-path {prefix}", **PROXY_TRUSTED},
        ),
    ),
    command_for=lambda app: ["gunicorn", "-k", "asgi", app],
    arguments_variable="GUNICORN_CMD_ARGS",
    python_path=Setting(("--pythonpath",)),
    default_variables=_CONTROL_SOCKET,
)
