"""ConcurrencyLimit: a user runs a limited number of statements at a time; further ones wait for a limited time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chdb_server.guard.failure import TOO_MANY_SIMULTANEOUS_QUERIES, failure


class ConcurrencyLimit:
    """Lets `count` statements run at a time, and refuses those that have waited longer than `patience_seconds`."""

    def __init__(self, count: int, patience_seconds: float) -> None:
        self._count = count
        self._patience_seconds = patience_seconds
        self._free = asyncio.Semaphore(count)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Hold a turn inside the block. Raises `StatementError` when no turn becomes free in time."""
        try:
            await asyncio.wait_for(self._free.acquire(), self._patience_seconds)
        except TimeoutError as error:
            raise failure(
                TOO_MANY_SIMULTANEOUS_QUERIES,
                "TOO_MANY_SIMULTANEOUS_QUERIES",
                f"This user runs {self._count} statements already. Wait for them and ask again.",
            ) from error
        try:
            yield
        finally:
            self._free.release()
