"""The operator as a process: its port, signals, connection and Lease, and the message with which it ends."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from kubernetes.aio.config import ConfigException

from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp.process.assembly import assemble, served_groups
from proxiedapp.process.errors import FatalError
from proxiedapp.process.health import Health, listen, serve_health
from proxiedapp.process.leadership import leadership
from proxiedapp.process.lease import LeaseLostError
from proxiedapp.process.loopwatch import LoopWatch
from proxiedapp.process.patience import patiently
from proxiedapp.process.settings import Settings
from proxiedapp.process.workers import work

logger = logging.getLogger(__name__)


async def run_until_stopped(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT. Raises FatalError."""
    try:
        listener = listen(settings.health_host, settings.health_port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise FatalError(
            f"cannot listen on port {settings.health_port} for health checks and metrics ({reason}): "
            "free the port, or set PROXIEDAPP_HEALTH_PORT to another one"
        ) from error
    health = Health()
    with serve_health(health, listener):
        await _until_signal(partial(_run_again_and_again, settings, health))


async def _until_signal(run: Callable[[Callable[[], None]], Coroutine[Any, Any, None]]) -> None:
    """Run until SIGTERM or SIGINT cancels it.

    `run` gets a function that installs the handlers of these signals again. kopf installs its own when it starts, and
    leaves them behind when it stops. Until then the first process of a container would ignore SIGTERM
    (pid_namespaces(7): only signals with a handler reach it), and no process would release its Lease.
    """
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        task.cancel()

    def take_signals() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop)

    task = asyncio.create_task(run(take_signals))
    take_signals()
    try:
        await task
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise


async def _run_again_and_again(settings: Settings, health: Health, take_signals: Callable[[], None]) -> None:
    """Run until cancelled: again, with nothing left in memory, after each loss of the Lease or change of the APIs."""
    while True:
        try:
            await _run_once(settings, health, take_signals)
            logger.info("the API server's optional APIs have changed: restarting all watches")
        except LeaseLostError as error:
            logger.warning("%s: writing nothing until this replica holds the Lease again", error)
        health.waiting_for = "the first lists"


async def _run_once(settings: Settings, health: Health, take_signals: Callable[[], None]) -> None:
    """Run until the optional APIs of the API server change. Raises LeaseLostError and FatalError."""
    async with contextlib.AsyncExitStack() as stack:
        watch = LoopWatch()
        try:
            lease = await stack.enter_async_context(leadership(settings, health.silence, watch.blocked_by))
            client = await connect(settings.kubeconfig)
        except (ConfigException, OSError) as error:
            raise FatalError(
                f"cannot read the configuration of a cluster: {error}. Set KUBECONFIG, or run in a pod"
            ) from error
        api = Api(
            client,
            timeout=settings.request_timeout_seconds,
            may_write=None if lease is None else lease.check,
        )
        stack.push_async_callback(api.close)
        served = await patiently(partial(served_groups, api), "the API server", health)
        with watch:
            await work(assemble(settings, api, served), settings, health, lease, watch, take_signals)
