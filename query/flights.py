"""Flights: equal questions that are asked at the same time are answered once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from event_lens.errors import EventLensError

T = TypeVar("T")


@dataclass
class Flight(Generic[T]):
    """Work under way, and the number of callers who wait for it."""

    task: asyncio.Task[T]
    waiting: int = 0


class Flights(Generic[T]):
    """Work by key, within one event loop; an entry lasts while a caller waits for it."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[T]] = {}

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of `work`, or of equal work that another caller has started.

        If work fails, it is done once more for all callers who joined it. When its last waiting caller is cancelled,
        the work is cancelled, too.
        """
        if key in self._flights:
            try:
                return await self._wait(key, self._flights[key])
            except EventLensError:
                pass  # the error of another caller's question; this caller's question is asked below
        return await self._wait(key, self._flights.get(key) or self._begin(key, work))

    def _begin(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> Flight[T]:
        flight = self._flights[key] = Flight(asyncio.ensure_future(work()))
        flight.task.add_done_callback(lambda _: self._end(key, flight))
        return flight

    async def _wait(self, key: Hashable, flight: Flight[T]) -> T:
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                # Work that is being cancelled may not be joined.
                self._end(key, flight)
                flight.task.cancel()
                await asyncio.wait({flight.task})

    def _end(self, key: Hashable, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
