"""A pool of connections to the warehouse; its size limits the number of questions that read at once."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from event_lens.errors import Unavailable
from event_lens.warehouse.client import Warehouse

QUERY_TIMEOUT_SECONDS = 30
WAIT_SECONDS = 10.0


class Pool:
    """Lends at most `size` connections at once. Safe to use from several threads."""

    def __init__(self, url: str | Callable[[], str], size: int) -> None:
        self._free: queue.LifoQueue[Warehouse] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(Warehouse(url, query_timeout_seconds=QUERY_TIMEOUT_SECONDS))

    @contextmanager
    def lend(self) -> Iterator[Warehouse]:
        """Yield a connection for the block. Waits a while for one, then raises `Unavailable` (`query_busy`)."""
        try:
            warehouse = self._free.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise Unavailable(
                "Too many questions are being answered; ask again in a moment.",
                code="query_busy",
                retry_after_seconds=5,
            ) from None
        try:
            yield warehouse
        except BaseException:
            # The rest of a broken answer must not reach the next question.
            warehouse.close()
            raise
        finally:
            self._free.put(warehouse)
