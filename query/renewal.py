"""Keeps the freshness of the tables young while questions are asked, so that no question waits for it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from query.runner import Answers

LOOKS_EVERY_SECONDS = 0.45
"""With `RENEWED_AFTER_SECONDS`, less than the second for which a freshness is kept."""


@asynccontextmanager
async def renewing(shards: Iterable[Answers]) -> AsyncIterator[None]:
    """Renew the freshness of `shards` in a thread, inside the block."""
    threads = ThreadPoolExecutor(1, thread_name_prefix="freshness")
    renewal = asyncio.create_task(_renew(list(shards), threads))
    try:
        yield
    finally:
        renewal.cancel()
        await asyncio.wait({renewal})
        threads.shutdown(wait=False)


async def _renew(shards: list[Answers], threads: ThreadPoolExecutor) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOKS_EVERY_SECONDS)
        for answers in shards:
            await loop.run_in_executor(threads, answers.renew_freshness)
