"""Presence: work continues only while its client is connected. When the client disconnects, everything that is held for
its answer is released at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")
Receive = Callable[[], Awaitable[Any]]


class ClientGoneError(Exception):
    """The client has disconnected, so nobody would receive an answer."""


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`. When the client disconnects, cancel `work` and raise `ClientGoneError`.

    The body of the request must have been read, so that `receive` reports only the end of the connection.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return await working
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})


async def in_thread(
    threads: Executor,
    work: Callable[[], T],
    *,
    stop: Callable[[], None] = lambda: None,
    discard: Callable[[T], None] = lambda _: None,
) -> T:
    """Run `work`, which blocks, in a thread and return its result.

    When cancelled, calls `stop` and waits until the thread is free again. If `work` still returns a result, it is
    passed to `discard`.
    """
    job = asyncio.get_running_loop().run_in_executor(threads, work)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait({job})
        if not job.cancelled() and job.exception() is None:
            discard(job.result())
        raise


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
