"""Put an ASGI app right behind a proxy under a path prefix, under servers that cannot be told by flags.

The server runs this module in place of the app (`hypercorn proxiedapp_adapter:app`), and the module the app. Each
request and each websocket reaches the app with

* the prefix as `root_path` and in front of `path` and `raw_path`, as `uvicorn --root-path` does it: put back there if
  the proxy cuts it off;
* the scheme from X-Forwarded-Proto and the client from X-Forwarded-For, if they come from a trusted proxy, by the
  rules of uvicorn's ProxyHeadersMiddleware. Headers of anybody else change nothing.

All else passes through untouched: lifespan, headers, bodies. Four variables say what to do:

    PROXIEDAPP_APP              the app as its server was given it: `main:app`, `pkg.mod:site.app`, `main:create("x")`
    PROXIEDAPP_ROOT_PATH        the prefix, like `/api/v1`; empty or absent for none
    PROXIEDAPP_PREFIX_KEPT      not empty if the proxy keeps the prefix; empty or absent if it cuts it off
    PROXIEDAPP_TRUSTED_PROXIES  addresses and networks, separated by commas, or * for everybody; empty or absent to
                                trust nobody

`app` is the app for the server; `create` stands for the user's factory where the server is told that it gets one
(`granian --factory`). Needs Python 3.8 and nothing but the standard library.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[Any]]

MAPPED = IPv6Network("::ffff:0:0/96")  # how a socket for both families shows IPv4 peers
REMEMBERED = 4096  # how many addresses a process remembers as trusted or not; the least recently seen go first
LONGEST = 255  # what is longer is no address, comes from a header, and would only fill that memory


class Adapter:
    """The app as the server sees it."""

    def __init__(self, app: App, root_path: str, trusted: TrustedProxies, *, kept: bool = False) -> None:
        self._app = app
        self._root_path = root_path
        self._cut_off = "" if kept else root_path
        self._raw_cut_off = self._cut_off.encode("ascii")
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Pass a connection on; a coroutine function itself, since servers take any other callable for WSGI."""
        if scope["type"] in ("http", "websocket"):
            scope = self._as_the_client_sees_it(scope)
        return await self._app(scope, receive, send)

    def _as_the_client_sees_it(self, given: Scope) -> Scope:
        """Return a copy of a scope with prefix, scheme and client as they are in front of the proxy."""
        scope = dict(given)
        if self._cut_off and not self._has_prefix(scope):
            scope["path"] = self._cut_off + scope["path"]
            if scope.get("raw_path") is not None:
                scope["raw_path"] = self._raw_cut_off + scope["raw_path"]
        # Replaced even by nothing: daphne takes a root path from a header that any client can send.
        scope["root_path"] = self._root_path
        if scope["type"] == "websocket":
            scope.setdefault("scheme", "ws")  # daphne leaves it out, and Starlette then says http
        peer = scope.get("client")
        if peer and peer[0] in self._trusted:
            self._believe(scope)
        return scope

    def _has_prefix(self, scope: Scope) -> bool:
        """Return whether the server has put the prefix back, as a uvicorn worker with a root path of its own does."""
        path = scope["path"]
        return scope.get("root_path") == self._root_path and (path + "/").startswith(self._root_path + "/")

    def _believe(self, scope: Scope) -> None:
        """Take scheme and client from the headers of a trusted proxy."""
        proto = b""
        forwarded_for = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-proto":
                proto = value  # of several the last, as in uvicorn
            elif name == b"x-forwarded-for":
                forwarded_for.append(value)
        scheme = proto.decode("latin-1").strip()
        if scheme in ("http", "https", "ws", "wss"):
            scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
        if forwarded_for:
            host, port = self._trusted.client(b",".join(forwarded_for).decode("latin-1"))
            if host:
                scope["client"] = (host, port)


class TrustedProxies:
    """The addresses that may tell scheme and client; an IPv4 address is the same when it is mapped into IPv6."""

    def __init__(self, listed: str) -> None:
        everybody = "0.0.0.0/0,::/0"
        self._networks = []
        for each in filter(None, map(str.strip, (everybody if listed.strip() == "*" else listed).split(","))):
            network = ip_network(without_zone(each))
            self._networks.append(network)
            if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
                last_bits = int(network.network_address) & int(MAPPED.hostmask)
                self._networks.append(ip_network((last_bits, network.prefixlen - MAPPED.prefixlen)))
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._trusts)

    def __contains__(self, host: str | None) -> bool:
        if not host or len(host) > LONGEST:
            return False
        return self._remembered(host)

    def client(self, forwarded_for: str) -> tuple[str, int]:
        """Return the rightmost address that is not a trusted proxy, or the leftmost; the host is empty for none."""
        hops = forwarded_for.split(",")
        for hop in reversed(hops):  # each proxy appends the peer it saw, so what stands further left is hearsay
            host, port = host_and_port(hop.strip())
            if host not in self:
                return host, port
        return host_and_port(hops[0].strip())

    def _trusts(self, host: str) -> bool:
        try:
            ip = ip_address(without_zone(host))
        except ValueError:
            return False
        mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
        return any(ip in network or (mapped is not None and mapped in network) for network in self._networks)


def without_zone(address: str) -> str:
    """Return `fe80::1` for `fe80::1%eth0`, which Python 3.8 cannot read; anything else as it is."""
    return re.sub(r"^([^%]*:[^%]*)%[^%/]+(?=/|\Z)", r"\1", address)


def host_and_port(hop: str) -> tuple[str, int]:
    """Split `1.2.3.4:80`, `[::1]:80`, `::1` and the like; what has another shape is returned whole, with port 0."""
    if hop.startswith("["):
        host, bracket, port = hop[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return hop, 0
        return host, number(port[1:]) or 0
    if hop.count(":") == 1:
        host, _, port = hop.partition(":")
        found = number(port)
        return (hop, 0) if found is None else (host, found)
    return hop, 0


def number(text: str) -> int | None:
    """Return the number that a text is, None if it is none."""
    try:
        return int(text)
    except ValueError:
        return None


def find(given: str) -> Any:
    """Import what a server's command line names as its app; whatever goes wrong in there is raised as it is."""
    module_name, _, expression = re.sub(r"^asgi:(?=[^:(]+:)", "", given).partition(":")
    try:
        module = import_as_the_server_does(module_name)
    except ModuleNotFoundError as error:
        # This module is found by a setting which may replace one of the image, which the operator cannot see.
        folder = str(Path(__file__).parent)
        if os.environ.get("PYTHONPATH", "").split(os.pathsep) == [folder]:
            hint = f"PYTHONPATH is {folder}; if the image sets it too, set the same value in spec.env"
        elif "gunicorn" in sys.modules:
            hint = "if gunicorn's configuration file sets pythonpath, set it by --pythonpath in the command"
        else:
            raise
        raise ModuleNotFoundError(f"{error} ({hint})", name=error.name, path=error.path) from error
    if not expression:
        expression = "application" if "gunicorn" in sys.modules else "app"
    return evaluate(ast.parse(expression.strip(), mode="eval").body, module)


def evaluate(node: ast.expr, module: Any) -> Any:
    """Return the value of a name, an attribute, or a call with literal arguments."""
    if isinstance(node, ast.Name):
        return getattr(module, node.id)
    if isinstance(node, ast.Attribute):
        return getattr(evaluate(node.value, module), node.attr)
    if isinstance(node, ast.Call):
        try:
            arguments = [ast.literal_eval(each) for each in node.args]
            keywords = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
        except ValueError:
            raise ValueError("PROXIEDAPP_APP: arguments of a factory must be literals") from None
        return evaluate(node.func, module)(*arguments, **keywords)
    raise ValueError("PROXIEDAPP_APP: only names, attributes and calls can follow the colon")


def import_as_the_server_does(name: str) -> Any:
    """Import a module by the rules of the server that runs us; two of them take paths and look there first."""
    if "granian" in sys.modules:
        path = Path(name).resolve()
        if path.suffix == ".py":
            path = path.with_suffix("")
        if path.name == "__init__":
            path = path.parent
        name, folder = path.name, path.parent
        while (folder / "__init__.py").exists():
            name, folder = folder.name + "." + name, folder.parent
    elif "hypercorn" in sys.modules:
        path = Path(name).resolve()
        name, folder = path.stem if path.is_file() else path.name, path.parent
    else:
        return importlib.import_module(name)
    if sys.path[0] != str(folder):
        sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def adapted(target: Any) -> Adapter:
    """Put the adapter around an app."""
    if not callable(target):
        raise TypeError(f"PROXIEDAPP_APP: {APP} is no app but {target!r}")
    return Adapter(target, ROOT_PATH, TRUSTED, kept=KEPT)


def create() -> Adapter:
    """Call the user's factory, for servers that were told to expect one."""
    return adapted(TARGET())


APP = os.environ["PROXIEDAPP_APP"]
ROOT_PATH = os.environ.get("PROXIEDAPP_ROOT_PATH", "")
KEPT = bool(os.environ.get("PROXIEDAPP_PREFIX_KEPT"))
TRUSTED = TrustedProxies(os.environ.get("PROXIEDAPP_TRUSTED_PROXIES", ""))
# Imported now, not when a server asks for `app`: hypercorn asks the module's dictionary, where `__getattr__` has no
# say, and gunicorn would report an AttributeError of the user's module as a missing `app`.
TARGET = find(APP)
app = adapted(TARGET)
