"""Runs the server of one app: starts it, notices when it is ready, verifies it, and reports when it ends."""

import asyncio
import shlex
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from proxiedapp.kube.key import Key
from proxiedapp.local.dev import events
from proxiedapp.local.dev.crash import summary
from proxiedapp.local.dev.environment import find, search_path, variables
from proxiedapp.local.dev.findapp import mounts
from proxiedapp.local.dev.http import status_of
from proxiedapp.local.dev.processes import Child, Watchdog
from proxiedapp.local.dev.relay import Relay
from proxiedapp.local.dev.target import DevApp
from proxiedapp.local.errors import LocalError
from proxiedapp.local.localapp import LocalApp

_STOP_SECONDS: Final = 2.0
"""How long a server may finish requests before it is killed, which is less than in a pod: its developer waits."""
_POLL_SECONDS: Final = 0.03
_KEPT_LINES: Final = 400
"""Lines of output that are kept until it is known whether the server starts."""
_PATIENCE_SECONDS: Final = 3.0
"""After this time, the output of a server that is not ready yet is shown: it may wait for a database."""


def name_of(app: Key) -> str:
    """Return the name of an app in events and on the page; with its namespace unless that is the default one."""
    return app.name if app.namespace == "default" else str(app)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an app is on this machine."""

    local: LocalApp
    target: DevApp
    address: str
    """Where its server listens, on `spec.port`."""
    source: str
    """The address from which requests come."""
    public_url: str
    """The address of the app behind the proxy, without a slash at its end."""
    public_host: str
    """The host, with the port, of that address."""

    @property
    def name(self) -> str:
        """Return the name of the app."""
        return name_of(self.local.app.key)

    @property
    def endpoint(self) -> tuple[str, int]:
        """Return where its server listens."""
        return self.address, self.local.app.spec.port

    def path_inside(self, declared: str) -> str:
        """Return the path that the server must get for a path that the app declares."""
        return declared if self.local.launch.strips else self.local.launch.root_path + declared


class Runner:
    """The server of one app."""

    def __init__(
        self,
        placement: Placement,
        relay: Relay,
        watchdog: Watchdog,
        emit: Callable[[events.Event], None],
        verify: Callable[["Runner", tuple[str, ...]], "asyncio.Future[None]"],
    ) -> None:
        self.placement = placement
        self._relay = relay
        self._watchdog = watchdog
        self._emit = emit
        self._verify = verify
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._verifying: asyncio.Future[None] | None = None

    def prepare(self) -> tuple[list[str], Mapping[str, str]]:
        """Return the command and the variables of the server; raises LocalError if its program is not installed."""
        local, folder = self.placement.local, self.placement.target.folder
        path = search_path(folder)
        program = find(local.command[0], path, folder)
        if program is None:
            raise LocalError(
                f"{self.placement.name}: the program {local.command[0]} is not installed. Install it where the app's "
                f"packages are, such as with `pip install {_distribution(local)}`, or choose another one with --server"
            )
        return [program, *local.command[1:]], variables(local.variables, path)

    async def start(self) -> None:
        """Start the server. Raises LocalError if its program is not installed."""
        command, environment = self.prepare()
        local = self.placement.local
        self._relay.hold()
        own = "".join(f"{name}={shlex.quote(value)} " for name, value in local.launch.env.items())
        self._emit(events.Command(self.placement.name, shlex.join(local.command), own))
        output = _Buffered(self.placement.name, self._emit)
        self._child = await Child.start(
            command,
            self._watchdog,
            folder=self.placement.target.folder,
            variables=environment,
            on_line=output.add,
        )
        self._task = asyncio.create_task(self._follow(self._child, output))

    async def stop(self) -> None:
        """Stop the server; connections wait until it is started again."""
        self._relay.hold()
        for task in (self._task, self._verifying):
            if task is not None:
                task.cancel()
        if self._child is not None:
            await self._child.stop(_STOP_SECONDS)
            self._child = None

    async def _follow(self, child: Child, output: "_Buffered") -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        ready = asyncio.create_task(self._until_ready(output.secret))
        ended = asyncio.create_task(child.wait())
        try:
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED, timeout=_PATIENCE_SECONDS)
            if not ready.done() and not ended.done():
                output.show()
                await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                self._relay.refuse()
                why = summary(output.kept, self.placement.target.folder)
                self._emit(events.Problem(self.placement.name, f"{why}. The server starts again when a file changes"))
                return
            self._relay.connect(self.placement.source, *self.placement.endpoint)
            output.show()
            docs = await self._docs()
            url = self.placement.public_url
            shown = tuple(f"{url}{path}" for path in docs)
            self._emit(events.Ready(self.placement.name, f"{url}/", shown, clock() - began))
            extra = tuple(path for path in docs if path != self.placement.local.app.spec.verify.docs_path)
            self._verifying = self._verify(self, extra)
            status = await ended
            self._relay.refuse()
            text = f"the server ended with exit status {status}. It starts again when a file changes"
            self._emit(events.Problem(self.placement.name, text))
        finally:
            ready.cancel()
            ended.cancel()

    async def _until_ready(self, secret: str) -> None:
        """Wait until the server answers: gunicorn accepts connections before it has loaded the app."""
        path = self.placement.path_inside(f"/{secret}")
        while await self._status(path) is None:  # noqa: ASYNC110 - another process decides
            await asyncio.sleep(_POLL_SECONDS)

    async def _docs(self) -> tuple[str, ...]:
        """Return the paths of the docs pages that exist: of the app, and of those that it mounts."""
        file = self.placement.target.file
        spec = self.placement.local.app.spec.verify
        paths = [spec.docs_path, *(f"{path}/docs" for path in (() if file is None else mounts(file)))]
        statuses = [await self._status(self.placement.path_inside(path)) for path in paths]
        return tuple(path for path, status in zip(paths, statuses, strict=True) if status == 200)  # noqa: PLR2004

    async def _status(self, path: str) -> int | None:
        placement = self.placement
        return await status_of(placement.endpoint, path, source=placement.source, host=placement.public_host)


class _Buffered:
    """Keeps the first lines of a server, of which only a summary is shown if it does not start."""

    def __init__(self, name: str, emit: Callable[[events.Event], None]) -> None:
        self.secret = f"proxiedapp-{token_hex(8)}"
        """A path that no app has; the line in which a server logs the request for it is left out."""
        self.kept: deque[str] = deque(maxlen=_KEPT_LINES)
        self._name = name
        self._emit = emit
        self._shown = False

    def add(self, line: str) -> None:
        if self.secret in line:
            return
        if self._shown:
            self._emit(events.Output(self._name, line))
        else:
            self.kept.append(line)

    def show(self) -> None:
        if not self._shown:
            self._shown = True
            for line in self.kept:
                self._emit(events.Output(self._name, line))


def _distribution(local: LocalApp) -> str:
    """Return the distribution that has the program of a server."""
    return {"fastapi": "fastapi[standard]"}.get(local.command[0], local.command[0])
