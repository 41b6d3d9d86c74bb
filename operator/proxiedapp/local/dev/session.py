"""One run: the proxy, the apps behind it, the page, and what happens when files change. It ends with nothing left."""

import asyncio
import re
import signal
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Final

from proxiedapp.api.errors import RejectedError
from proxiedapp.local.dev import events, page
from proxiedapp.local.dev.addresses import choose_loopback, choose_port, require_free
from proxiedapp.local.dev.certificates import write_certificate
from proxiedapp.local.dev.changes import changed, extended, snapshot
from proxiedapp.local.dev.claims import Claims
from proxiedapp.local.dev.hosts import all_hosts, browsable
from proxiedapp.local.dev.processes import Child, Watchdog
from proxiedapp.local.dev.proxyready import VERIFIER, reachable, serves_page
from proxiedapp.local.dev.relay import Relay
from proxiedapp.local.dev.runner import Placement, Runner, name_of
from proxiedapp.local.dev.target import DevApp, Request, Target, read_target
from proxiedapp.local.errors import LocalError, reason_of
from proxiedapp.local.localapp import local_app
from proxiedapp.local.proxies.programs import find_program
from proxiedapp.local.proxies.setup import Backend, Listener, Setup
from proxiedapp.local.proxies.setup import Request as LoggedRequest
from proxiedapp.local.proxies.table import PROXIES
from proxiedapp.routing.rule import Rule
from proxiedapp.servers.adapter import MODULE, source
from proxiedapp.servers.launch import given_endpoint
from proxiedapp.servers.machine import Machine
from proxiedapp.servers.stripmode import is_chosen_by_operator
from proxiedapp.verify.summary import is_conclusive

_PORTS: Final = {"http": 8080, "https": 8443}
_POLL_SECONDS: Final = 0.3
"""Between two comparisons of the files."""
_PROXY_STOP_SECONDS: Final = 1.0
_COLOR: Final = re.compile(r"\x1b\[[0-9;]*m")
"""Traefik and Caddy color their logs, also where they are not on a terminal."""
_SHARED_NOTE: Final = (
    "trust was not verified: proxy and app share one loopback address here, which servers trust by default"
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line decides, apart from the apps."""

    proxy: str = "traefik"
    https: bool = False
    host: str = "127.0.0.1"
    port: int | None = None
    reload: bool = True


class Session:
    """One run of `proxiedapp dev`."""

    def __init__(
        self,
        request: Request,
        options: Options,
        emit: Callable[[events.Event], None],
        unblock: Callable[[], None] = lambda: None,
    ) -> None:
        """Create a run. A signal calls `unblock`, also while `emit` waits: no reader may keep the tool from ending."""
        self._request = request
        self._options = options
        self._print = emit
        self._unblock = unblock
        self._board = page.Board()
        self._runners: dict[str, Runner] = {}
        self._relays: dict[str, tuple[Relay, int]] = {}
        self._proxy: Child | None = None
        self._following: asyncio.Task[None] | None = None
        self._setup: Setup | None = None
        self._proxy_ready = asyncio.Event()
        self._loopback = choose_loopback()
        self._claims = Claims()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, on_ready: Callable[[str], None] = lambda _: None) -> None:
        """Run until a signal arrives. `on_ready` gets the address of the first app. Raises LocalError."""
        target = read_target(self._request)
        program = find_program(PROXIES[self._options.proxy])
        usual = _PORTS["https" if self._options.https else "http"]
        port = choose_port(self._options.host, self._options.port, usual, self._claims.add)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
            signal.signal(number, lambda *_: self._unblock())  # asyncio's own does nothing; the loop is still woken
        folder = _temporary_folder()
        watchdog = await Watchdog.start(folder)
        server, page_port = await page.serve(self._board.as_json)
        try:
            listener = self._listener(folder, port, target)
            environment = _Environment(folder, watchdog, program, listener, f"127.0.0.1:{page_port}")
            await self._run(environment, target, on_ready)
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*(runner.stop() for runner in self._runners.values()))
            if self._proxy is not None:
                await self._proxy.stop(_PROXY_STOP_SECONDS)
            await asyncio.gather(*(relay.close() for relay, _ in self._relays.values()))
            await watchdog.close()
            self._claims.close()

    async def _run(self, environment: "_Environment", target: Target, on_ready: Callable[[str], None]) -> None:
        (environment.folder / "adapter").mkdir()
        (environment.folder / "adapter" / f"{MODULE}.py").write_text(source(), "utf-8")
        before = self._snapshot(target)
        first = await self._apply(environment, target)
        on_ready(first)
        while not self._stopped.done():
            await asyncio.wait({self._stopped}, timeout=_POLL_SECONDS)
            if self._stopped.done() or not self._options.reload:
                continue
            now = await asyncio.to_thread(self._snapshot, target)
            if files := changed(before, now):
                before = now
                self._emit(events.Changed(tuple(_short(file, self._request.folder) for file in files)))
                target = await self._reload(environment, target, files)
                before = extended(before, self._snapshot(target))
        self._stopped.result()

    def _stop(self) -> None:
        if not self._stopped.done():
            self._stopped.set_result(None)

    def _fail(self, error: LocalError) -> None:
        if not self._stopped.done():
            self._stopped.set_exception(error)

    def _emit(self, event: events.Event) -> None:
        self._board.add(event)
        self._print(event)

    def _listener(self, folder: Path, port: int, target: Target) -> Listener:
        if not self._options.https:
            return Listener(self._options.host, port)
        names = [name for one in target.apps for name in all_hosts(one.app.spec.route.hosts or ())]
        certificate, key = write_certificate(folder, names)
        return Listener(self._options.host, port, str(certificate), str(key))

    def _snapshot(self, target: Target) -> Mapping[str, int]:
        described = [*target.described_in, self._request.folder / "pyproject.toml"]
        return snapshot([one.folder for one in target.apps], described)

    async def _apply(self, environment: "_Environment", target: Target) -> str:
        """Start, restart or stop what the target requires; return the address of its first app."""
        placements = [self._place(environment, number, one) for number, one in enumerate(target.apps)]
        backends = [await self._backend(placement) for placement in placements]
        wanted = {placement.name: placement for placement in placements}
        new = {
            name: Runner(placement, self._relays[name][0], environment.watchdog, self._emit, self._verify)
            for name, placement in wanted.items()
            if name not in self._runners or self._runners[name].placement != placement
        }
        for runner in new.values():
            runner.prepare()  # may fail, and then what runs goes on
        for name in (self._runners.keys() - wanted.keys()) | (self._runners.keys() & new.keys()):
            await self._runners.pop(name).stop()
            self._board.remove(name)
        for name, runner in new.items():
            self._runners[name] = runner
            for ignored in runner.placement.local.ignored:
                self._emit(events.Note(name, f"{ignored} has no effect without a cluster"))
            await runner.start()
        pages = Backend(page.ROUTE, environment.page)
        await self._start_proxy(environment, Setup(environment.listener, (*backends, pages), logs_requests=True))
        return f"{placements[0].public_url}/"

    def _place(self, environment: "_Environment", number: int, one: DevApp) -> Placement:
        address, proxy = self._loopback.of_app(number), self._loopback.proxy
        try:
            given, _ = given_endpoint(one.app.spec)
            if given in {"::", "::1"}:
                address = proxy = "::1"
            elif given not in {None, "0.0.0.0"} or one.app.spec.server.kind == "other":
                address = "127.0.0.1" if given in {None, "localhost"} else str(given)
            machine = Machine(self._loopback.of_app(number), str(environment.folder / "adapter"))
            local = local_app(one.app, (proxy,), machine, https=self._options.https)
        except RejectedError as error:
            raise one.located(error) from error
        listener = environment.listener
        hosts = all_hosts(local.route.rule.hosts)
        local = replace(local, route=replace(local.route, rule=Rule(hosts, local.route.rule.prefix)))
        shown = browsable(hosts) or (
            "localhost" if listener.address in {"127.0.0.1", "0.0.0.0", "::"} else listener.address
        )
        host = f"[{shown}]:{listener.port}" if ":" in shown else f"{shown}:{listener.port}"
        url = f"{listener.scheme}://{host}{local.launch.root_path}"
        placement = Placement(local, one, address, proxy, url, host)
        if name_of(one.app.key) not in self._runners:
            require_free(f"{placement.name}: spec.port", *placement.endpoint)
        return placement

    async def _backend(self, placement: Placement) -> Backend:
        if placement.name not in self._relays:
            relay = Relay()
            self._relays[placement.name] = relay, await relay.start()
        return Backend(placement.local.route, f"127.0.0.1:{self._relays[placement.name][1]}")

    async def _start_proxy(self, environment: "_Environment", setup: Setup) -> None:
        if setup == self._setup:
            return
        if self._proxy is not None:
            self._proxy_ready.clear()
            old, self._proxy = self._proxy, None
            await old.stop(_PROXY_STOP_SECONDS)
        self._setup = setup
        proxy = PROXIES[self._options.proxy]
        folder = environment.folder / proxy.name
        folder.mkdir(exist_ok=True)
        for name, text in proxy.files(setup).items():
            (folder / name).write_text(text, "utf-8")
        lines: list[str] = []
        self._proxy = await Child.start(
            proxy.command(environment.program),
            environment.watchdog,
            folder=folder,
            variables={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
            on_line=partial(self._on_proxy_line, lines),
        )
        self._following = self._spawn(self._follow_proxy(self._proxy, lines))
        while not self._stopped.done() and not await serves_page(environment.listener):
            await asyncio.wait({self._stopped}, timeout=0.02)
        if self._stopped.done():
            return
        self._proxy_ready.set()
        listener = environment.listener
        url = f"{listener.scheme}://{listener.endpoint}"
        self._emit(events.Started(proxy.name, url, f"{url}{page.PREFIX}/"))

    async def _follow_proxy(self, child: Child, lines: list[str]) -> None:
        status = await child.wait()
        if child is self._proxy:  # else it was replaced by one with another configuration
            last = lines[-1] if lines else f"exit status {status}"
            self._fail(LocalError(f"--proxy {self._options.proxy}: the proxy ended: {last}"))

    def _on_proxy_line(self, lines: list[str], line: str) -> None:
        line = _COLOR.sub("", line)
        try:
            logged = PROXIES[self._options.proxy].read_request(line)
        except ValueError:  # the rest of a line that is too long was left out, such as for an address of 100 KB
            return
        if logged is None:
            lines.append(line)
            del lines[:-20]
            self._emit(events.Output(self._options.proxy, line))
        elif logged.agent != VERIFIER and self._setup is not None:
            self._on_request(logged, self._setup)

    def _on_request(self, logged: LoggedRequest, setup: Setup) -> None:
        path = logged.path.partition("?")[0]
        backend = setup.backend_of(logged.host, path)
        if backend is not None and backend.route.app == page.ROUTE.app:
            return
        name, inside = "-", ""
        if backend is not None:
            name = name_of(backend.route.app)
            inside = backend.path_inside(logged.path, logged.status)
        self._emit(events.Requested(name, logged.method, logged.path, inside, logged.status, logged.seconds))

    def _verify(self, runner: Runner, extra: tuple[str, ...]) -> "asyncio.Future[None]":
        return self._spawn(self._verified(runner.placement, extra))

    async def _verified(self, placement: Placement, extra: tuple[str, ...]) -> None:
        await self._proxy_ready.wait()
        check, target = await asyncio.to_thread(_import_verify)
        listener = self._setup.listener if self._setup is not None else None
        if listener is None:
            return
        endpoint = replace(listener, address=reachable(listener.address)).endpoint
        url = f"{listener.scheme}://{endpoint}{placement.local.launch.root_path}"
        spec = placement.local.app.spec.verify
        options = target.VerifyOptions(spec.openapi_path, spec.docs_path, (*(spec.extra_paths or ()), *extra))
        findings = await check.verify(target.VerifyTarget(url, host=placement.public_host, insecure=True), options)
        if is_chosen_by_operator(placement.local.app.spec):
            findings = [finding.in_app() for finding in findings]
        notes = [_SHARED_NOTE] if placement.source in {"127.0.0.1", "::1"} else []
        if placement.local.launch.limits:
            notes.append(placement.local.launch.limits)
        if not is_conclusive(findings):
            notes.append("nothing shows whether the app knows its prefix: it has neither a schema nor a docs page")
        self._emit(events.Verdict(placement.name, findings, tuple(notes)))

    async def _reload(self, environment: "_Environment", target: Target, files: list[str]) -> Target:
        """Restart what changed files concern; a target that cannot be read leaves everything as it is."""
        described = {str(file) for file in target.described_in}
        try:
            new = read_target(self._request)
            await self._apply(environment, new)
        except LocalError as error:
            self._emit(events.Problem("proxiedapp", str(error)))
            return target
        if any(file not in described for file in files):
            for runner in self._runners.values():
                folder = f"{runner.placement.target.folder}/"
                if any(file.startswith(folder) and file not in described for file in files):
                    await runner.stop()
                    await runner.start()
        return new

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


@dataclass(frozen=True, slots=True)
class _Environment:
    """What all parts of a run share."""

    folder: Path
    """The tool's folder, which is removed at the end."""
    watchdog: Watchdog
    program: str
    """The proxy's program."""
    listener: Listener
    page: str
    """host:port of the page's server."""


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="proxiedapp-dev-"))
    except OSError as error:
        raise LocalError(
            f"cannot create a temporary folder: {reason_of(error)}. Set TMPDIR to one that you can write to"
        ) from error


def _short(file: str, folder: Path) -> str:
    return file.removeprefix(f"{folder}/")


def _import_verify() -> tuple[ModuleType, ModuleType]:
    from proxiedapp.verify import check, target  # noqa: PLC0415 - takes as long as a small app takes to start

    return check, target
