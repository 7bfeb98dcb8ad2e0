"""A fair queue: a bounded number of places, shared so that one project cannot take the places that others need."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from event_lens.errors import Unavailable

WAIT_SECONDS = 10.0
MAX_WAITING = 256
RETRY_AFTER_SECONDS = 5

PROJECT_BUSY = "project_busy"
QUERY_BUSY = "query_busy"

Waiting = asyncio.Future[None]


class FairQueue:
    """Gives out at most `places` at once, within one event loop.

    A project gets another place only while the number of free places is greater than the number that it holds. So a
    project that is alone gets half of all places, and the next project gets half of the rest. Of 2**k places, one is
    still free while k projects take as many as they can. When a place becomes free, it goes to the waiting project that
    holds the fewest; projects that hold equally few take turns.
    """

    def __init__(self, places: int, *, wait_seconds: float = WAIT_SECONDS, max_waiting: int = MAX_WAITING) -> None:
        self._free = places
        self._wait_seconds = wait_seconds
        self._max_waiting = max_waiting
        self._held: Counter[str] = Counter()
        self._most: dict[str, int] = {}
        # By project, in the order in which projects last got a place.
        self._waiting: OrderedDict[str, OrderedDict[Waiting, None]] = OrderedDict()

    @asynccontextmanager
    async def place(self, project_id: str, most: int = 0) -> AsyncIterator[None]:
        """Hold a place inside the block; the place is free again however the block ends.

        The project holds no more than `most`; 0 means that it has no limit of its own. Raises `Unavailable`:
        `project_busy` when the project's own questions take the places (at once when too many of them wait already),
        `query_busy` when other projects' questions do.
        """
        self._most[project_id] = most
        await self._take(project_id)
        try:
            yield
        finally:
            self._give_back(project_id)

    def held_by(self, project_id: str) -> int:
        """Return how many places a project holds now."""
        return self._held[project_id]

    async def _take(self, project_id: str) -> None:
        if project_id not in self._waiting and self._may_take(project_id):
            self._grant(project_id)
            return
        line = self._waiting.setdefault(project_id, OrderedDict())
        if len(line) >= self._max_waiting:
            raise _project_busy()
        waiting: Waiting = asyncio.get_running_loop().create_future()
        line[waiting] = None
        try:
            async with asyncio.timeout(self._wait_seconds):
                await waiting
        except TimeoutError:
            if not _is_given(waiting):
                raise (_project_busy() if self._held[project_id] else _query_busy()) from None
        except asyncio.CancelledError:
            if _is_given(waiting):
                self._give_back(project_id)
            raise
        finally:
            self._leave(project_id, waiting)

    def _leave(self, project_id: str, waiting: Waiting) -> None:
        line = self._waiting.get(project_id, OrderedDict())
        line.pop(waiting, None)
        if not line:
            self._waiting.pop(project_id, None)

    def _may_take(self, project_id: str) -> bool:
        held, most = self._held[project_id], self._most.get(project_id, 0)
        return self._free > held and (not most or held < most)

    def _grant(self, project_id: str) -> None:
        self._free -= 1
        self._held[project_id] += 1

    def _give_back(self, project_id: str) -> None:
        self._free += 1
        self._held[project_id] -= 1
        if not self._held[project_id]:
            del self._held[project_id]
            if project_id not in self._waiting:
                self._most.pop(project_id, None)
        while (next_project := self._next()) is not None:
            line = self._waiting[next_project]
            waiting, _ = line.popitem(last=False)
            self._waiting.move_to_end(next_project)
            self._leave(next_project, waiting)
            # A caller whose wait timed out in this turn of the loop is cancelled, but still in the queue.
            if not waiting.done():
                self._grant(next_project)
                waiting.set_result(None)

    def _next(self) -> str | None:
        able = [project_id for project_id in self._waiting if self._may_take(project_id)]
        return min(able, key=self._held.__getitem__, default=None)


def _is_given(waiting: Waiting) -> bool:
    return waiting.done() and not waiting.cancelled()


def _project_busy() -> Unavailable:
    return Unavailable(
        "Too many questions of this project are being answered; wait for their answers and ask again.",
        code=PROJECT_BUSY,
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def _query_busy() -> Unavailable:
    return Unavailable(
        "Too many questions are being answered; ask again in a moment.",
        code=QUERY_BUSY,
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
