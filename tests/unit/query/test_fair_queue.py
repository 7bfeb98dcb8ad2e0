"""The fair queue: what one project may take, who comes next, and that no place is ever lost."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_lens.errors import Unavailable
from query.fair_queue import FairQueue


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10))


class Crowd:
    """Questions that hold their place until they are told to end."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.order: list[str] = []
        self.running: dict[int, tuple[str, asyncio.Event]] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self._numbers = count()

    async def ask(self, project_id: str, times: int = 1) -> None:
        for _ in range(times):
            number = next(self._numbers)
            self.tasks[number] = asyncio.create_task(self._question(number, project_id))
        await settle()

    async def _question(self, number: int, project_id: str) -> None:
        async with self.queue.place(project_id):
            self.order.append(project_id)
            self.running[number] = project_id, asyncio.Event()
            try:
                await self.running[number][1].wait()
            finally:
                del self.running[number]

    def held(self) -> Counter[str]:
        return Counter(project_id for project_id, _ in self.running.values())

    async def end_one(self, project_id: str) -> None:
        next(ended for owner, ended in self.running.values() if owner == project_id).set()
        await settle()

    async def end_all(self) -> None:
        while self.running:
            for _, ended in list(self.running.values()):
                ended.set()
            await settle()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_project_gets_half_of_the_places_the_next_half_of_the_rest_and_a_third_finds_one_free() -> None:
    async def ask() -> None:
        crowd = Crowd(FairQueue(8))
        await crowd.ask("a", 12)
        assert crowd.held() == {"a": 4}
        await crowd.ask("b", 12)
        await crowd.ask("c", 12)
        assert crowd.held() == {"a": 4, "b": 2, "c": 1}
        await crowd.ask("d")
        assert crowd.held() == {"a": 4, "b": 2, "c": 1, "d": 1}
        await crowd.end_all()
        assert Counter(crowd.order) == {"a": 12, "b": 12, "c": 12, "d": 1}

    run(ask())


def test_a_free_place_goes_to_who_holds_the_fewest_and_equals_take_turns() -> None:
    async def ask() -> None:
        crowd = Crowd(FairQueue(1))
        await crowd.ask("a", 3)
        await crowd.ask("b", 3)
        await crowd.ask("c")
        for project_id in "aabcabb":
            assert crowd.held() == {project_id: 1}
            await crowd.end_one(project_id)
        assert "".join(crowd.order) == "aabcabb"

    run(ask())


def test_a_question_that_waits_too_long_is_told_whose_questions_take_the_places() -> None:
    async def ask() -> None:
        queue = FairQueue(2, wait_seconds=0.05)
        async with queue.place("a"), queue.place("b"):
            with pytest.raises(Unavailable) as own:
                async with queue.place("a"):
                    pass
            with pytest.raises(Unavailable) as others:
                async with queue.place("c"):
                    pass
        assert (own.value.code, others.value.code) == ("project_busy", "query_busy")
        assert own.value.retry_after_seconds >= 1

    run(ask())


def test_a_project_with_a_limit_of_its_own_holds_no_more_and_the_others_are_answered() -> None:
    async def ask() -> None:
        queue = FairQueue(8, wait_seconds=0.05)
        async with queue.place("a", 1):
            with pytest.raises(Unavailable) as refused:
                async with queue.place("a", 1):
                    pass
            assert refused.value.code == "project_busy"
            async with queue.place("b"), queue.place("b"):
                pass
        async with queue.place("a", 1):
            pass

    run(ask())


def test_the_number_of_waiting_questions_of_a_project_is_limited() -> None:
    async def ask() -> None:
        queue = FairQueue(2, max_waiting=3)
        crowd = Crowd(queue)
        await crowd.ask("a", 4)
        with pytest.raises(Unavailable) as refused:
            async with queue.place("a"):
                pass
        assert refused.value.code == "project_busy"
        await crowd.ask("b")
        assert crowd.held() == {"a": 1, "b": 1}
        await crowd.end_all()

    run(ask())


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 9),
    st.lists(st.tuples(st.sampled_from(["ask", "end", "cancel", "late"]), st.sampled_from("abcd"), st.integers(0, 50))),
)
def test_no_place_is_lost_or_given_twice(places: int, moves: list[tuple[str, str, int]]) -> None:
    async def ask() -> None:
        queue = FairQueue(places)
        crowd = Crowd(queue)
        for move, project_id, number in moves:
            if move == "ask":
                await crowd.ask(project_id)
            elif move == "end" and crowd.held()[project_id]:
                await crowd.end_one(project_id)
            elif move in ("cancel", "late") and crowd.tasks:
                # `late` is cancelled in the same turn of the loop in which a place comes free.
                if move == "late" and crowd.running:
                    next(iter(crowd.running.values()))[1].set()
                list(crowd.tasks.values())[number % len(crowd.tasks)].cancel()
                await settle()
            held = crowd.held()
            assert held.total() <= places
            assert all(held[each] == queue.held_by(each) for each in "abcd")
        await crowd.end_all()
        async with AsyncExitStack() as stack:
            for number in range(places):
                await stack.enter_async_context(queue.place(f"new {number}"))

    run(ask())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_of_eight_places_three_projects_always_leave_one_to_a_fourth(asked: list[str]) -> None:
    async def ask() -> None:
        crowd = Crowd(FairQueue(8, max_waiting=100))
        for project_id in asked:
            await crowd.ask(project_id)
        await crowd.ask("d")
        assert crowd.held()["d"] == 1
        await crowd.end_all()

    run(ask())
