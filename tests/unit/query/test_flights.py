"""Equal work is done once, fails once, and ends when the last one who waits has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from event_lens.errors import Refused
from query.flights import Flights


class Work:
    """Counts how often it began, and ends when it is released; the first `failing` times it fails."""

    def __init__(self, failing: int = 0) -> None:
        self.begun = self.cancelled = 0
        self.failing = failing
        self.released = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if number <= self.failing:
            raise Refused("It fails.")
        return number


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


async def begun(work: Work, count: int) -> None:
    while work.begun < count:  # noqa: ASYNC110 -- it is counted, not waited for
        await asyncio.sleep(0)


def test_equal_work_is_done_once_and_other_work_apart() -> None:
    async def test() -> None:
        flights, work, other = Flights[int](), Work(), Work()
        joined = [asyncio.ensure_future(flights.join("a", work)) for _ in range(5)]
        apart = asyncio.ensure_future(flights.join("b", other))
        await begun(other, 1)
        work.released.set()
        other.released.set()
        assert await asyncio.gather(*joined, apart) == [1] * 6
        assert (work.begun, other.begun) == (1, 1)
        assert await flights.join("a", work) == 2

    run(test())


@pytest.mark.parametrize(("failing", "told"), [(1, ["fails", 2, 2]), (2, ["fails", "fails", "fails"])])
def test_a_failure_of_the_first_caller_does_not_fail_the_others(failing: int, told: list[Any]) -> None:
    async def test() -> None:
        flights, work = Flights[int](), Work(failing)
        work.released.set()
        results = await asyncio.gather(*(flights.join("a", work) for _ in range(3)), return_exceptions=True)
        assert ["fails" if isinstance(result, Refused) else result for result in results] == told
        assert work.begun == 2

    run(test())


def test_work_goes_on_while_somebody_waits_and_is_cancelled_when_the_last_leaves() -> None:
    async def test() -> None:
        flights, work = Flights[int](), Work()
        first, second = (asyncio.ensure_future(flights.join("a", work)) for _ in range(2))
        await begun(work, 1)
        first.cancel()
        await asyncio.wait({first})
        assert work.cancelled == 0
        second.cancel()
        await asyncio.wait({second})
        assert (work.begun, work.cancelled) == (1, 1)
        again = asyncio.ensure_future(flights.join("a", work))
        work.released.set()
        assert await again == 2

    run(test())
