"""The thread that reads and judges responses, so that the event loop goes on meanwhile.

There is one thread for all checks, so that only one schema is in memory at a time. Why a thread, and not a process:
docs/decisions/0018-judge-in-a-thread.md.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

WORKER_NAME: Final = "verify"
_WORKER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix=WORKER_NAME)


async def in_worker(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Return what a function returns that is called in the worker thread."""
    return await asyncio.get_running_loop().run_in_executor(_WORKER, lambda: work(*args, **kwargs))
