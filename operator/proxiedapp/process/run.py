"""The operator as a process: its port, signals, connection and Lease, and the message with which it ends."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Coroutine
from typing import Any

from kubernetes.aio.config import ConfigException

from proxiedapp.controller.watch.kopfwatch import WatchEndedError
from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp.kube.errors import ApiError
from proxiedapp.process.assembly import assemble, served_groups
from proxiedapp.process.errors import FatalError
from proxiedapp.process.health import Health, listen, serve_health
from proxiedapp.process.leadership import Leadership, leadership
from proxiedapp.process.lease import LeaseLostError
from proxiedapp.process.loopwatch import LoopWatch
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
        while await _until_signal(_run_once(settings, health)):
            logger.info("the API server's optional APIs have changed: restarting all watches")


async def _until_signal(running: Coroutine[Any, Any, bool]) -> bool:
    """Return the result of the coroutine, or False once SIGTERM or SIGINT has cancelled it.

    kopf installs handlers of its own, but only when it starts. Until then the first process of a container would ignore
    SIGTERM (pid_namespaces(7): only signals with a handler reach it), and no process would release its Lease.
    """
    task, stopped = asyncio.create_task(running), asyncio.Event()

    def stop() -> None:
        stopped.set()
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise
        return False


async def _run_once(settings: Settings, health: Health) -> bool:
    """Run until stopped (False) or until the optional APIs of the API server change (True)."""
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
        return await _work(settings, health, lease, api, watch)


async def _work(settings: Settings, health: Health, lease: Leadership | None, api: Api, watch: LoopWatch) -> bool:
    """Run as `work` does, and raise its errors as FatalError."""
    try:
        operator = assemble(settings, api, await served_groups(api))
        with watch:
            return await work(operator, settings, health, lease, watch)
    except LeaseLostError as error:
        raise FatalError(f"{error}: stopping, so that two replicas never write at the same time") from error
    except ApiError as error:
        raise FatalError(f"cannot start: a request to the API server at {api.server} failed: {error}") from error
    except WatchEndedError as error:
        raise FatalError(
            f"the watch of the API server at {api.server} has ended ({error}): restart the operator"
        ) from error
