"""Freshness is asked once a second, and never claims more than the tables hold."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from event_lens.errors import Unavailable
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.freshness import WAITING, Freshness, read_freshness
from query.freshness import LastFreshness
from query.question import Data, Question
from query.runner import Answers
from query.statement import Row, Statement
from tests.conftest import EmbeddedServer
from tests.ports import free_port

NOW = 1_790_000_000_000


def _nothing() -> None:
    return


class Asked(Warehouse):
    """A connection that counts how often it is asked what waits, and lets something happen right after that."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.count = 0
        self.meanwhile: Callable[[], None] = _nothing

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        found = super().rows(sql, parameters, settings)
        if sql == WAITING:
            self.count += 1
            self.meanwhile()
        return found


class Hands:
    """A clock and a timer that a test moves."""

    def __init__(self) -> None:
        self.passed = 100.0

    def now_ms(self) -> int:
        return NOW + round(self.passed * 1000)

    def timer(self) -> float:
        return self.passed


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedServer(tmp_path_factory.mktemp("home"))
    try:
        yield server.wait().url
    finally:
        server.stop()


@pytest.fixture
def asked(url: str) -> Iterator[Asked]:
    """A connection to a warehouse that was built once and where nothing waits."""
    with Asked(url) as warehouse:
        for table in ("lens_raw.batches", "lens_staging.built_batches", "lens_staging.builds"):
            warehouse.command(f"TRUNCATE TABLE {table}")
        end_build(warehouse)
        yield warehouse


def land(warehouse: Warehouse, batch_id: str, landed_at_ms: int) -> None:
    warehouse.command("INSERT INTO lens_raw.batches (batch_id, table_name, landed_at) VALUES "
                      "({id:String}, 'lens_raw.events', fromUnixTimestamp64Milli({at:Int64}, 'UTC'))",
                      {"id": batch_id, "at": landed_at_ms})  # fmt: skip


def end_build(warehouse: Warehouse) -> None:
    """What the end of a build writes: first that it ended, then what is built."""
    warehouse.command("INSERT INTO lens_staging.builds VALUES ('build', now64(3))")
    warehouse.command("INSERT INTO lens_staging.built_batches SELECT batch_id, 'build', now64(3) FROM lens_raw.batches")


def test_within_a_second_it_is_asked_once_and_claims_no_later_instant(asked: Asked) -> None:
    hands = Hands()
    freshness = LastFreshness(hands.now_ms, hands.timer)
    first = freshness.read(asked)
    assert first == Freshness(hands.now_ms(), 1)
    land(asked, "lands", hands.now_ms() + 100)
    hands.passed += 0.999
    assert freshness.read(asked) == first
    assert asked.count == 1
    hands.passed += 0.001
    assert freshness.read(asked) == Freshness(NOW + 100_099, 1)
    assert asked.count == 2


def test_while_questions_are_asked_it_is_renewed_before_one_needs_it(asked: Asked) -> None:
    hands = Hands()
    freshness = LastFreshness(hands.now_ms, hands.timer)
    assert not freshness.is_due()
    freshness.read(asked)
    assert not freshness.is_due()
    hands.passed += 0.6
    assert freshness.is_due()
    freshness.renew(asked)
    renewed_at = hands.now_ms()
    hands.passed += 0.9
    assert freshness.read(asked) == Freshness(renewed_at, 1)
    assert asked.count == 2
    hands.passed += 10
    assert not freshness.is_due()


def test_a_renewal_that_ends_late_does_not_replace_a_newer_answer(asked: Asked) -> None:
    hands = Hands()
    freshness = LastFreshness(hands.now_ms, hands.timer)

    def read_meanwhile() -> None:
        asked.meanwhile = _nothing
        hands.passed += 2
        freshness.read(asked)

    freshness.read(asked)
    asked.meanwhile = read_meanwhile
    freshness.renew(asked)
    assert freshness.read(asked) == Freshness(hands.now_ms(), 1)
    assert asked.count == 3


def test_threads_that_come_together_share_one_answer(asked: Asked, url: str) -> None:
    hands = Hands()
    freshness = LastFreshness(hands.now_ms, hands.timer)
    together = threading.Barrier(8)

    def read(_: int) -> tuple[Freshness, int]:
        with Asked(url) as own:
            together.wait()
            return freshness.read(own), own.count

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(read, range(8)))
    assert {answer for answer, _ in found} == {Freshness(hands.now_ms(), 1)}
    assert sum(count for _, count in found) == 1


def test_a_failure_is_not_cached(asked: Asked) -> None:
    hands = Hands()
    freshness = LastFreshness(hands.now_ms, hands.timer)
    with Warehouse(f"http://127.0.0.1:{free_port()}") as away, pytest.raises(Unavailable):
        freshness.read(away)
    assert freshness.read(asked) == Freshness(hands.now_ms(), 1)


def test_a_build_that_ends_while_it_is_asked_is_claimed_only_as_a_new_version(asked: Asked) -> None:
    """Rows that were kept under the version before must not be shown as complete through now."""
    land(asked, "waits", NOW - 5000)
    asked.meanwhile = lambda: end_build(asked)
    assert read_freshness(asked, NOW) == Freshness(NOW - 5001, 2)
    asked.meanwhile = _nothing
    assert read_freshness(asked, NOW) == Freshness(NOW, 2)


def test_a_question_of_over_a_second_is_read_from_the_cache_when_it_is_asked_again(asked: Asked) -> None:
    """Without another look at the freshness, which takes longer than the cached rows."""
    hands, lasts = Hands(), iter((1.5, 0.0))

    def shape(rows: list[Row]) -> Data:
        hands.passed += next(lasts)
        return rows

    class Lent:
        def lend(self) -> AbstractContextManager[Asked]:
            return nullcontext(asked)

    answers = Answers(Lent(), hands.now_ms, timer=hands.timer)
    question = Question("events", Statement("SELECT 1 AS one", {}), shape, "UTC")
    assert not answers.answer(question)["meta"]["cached"]
    known = asked.count
    assert answers.answer(question)["meta"]["cached"]
    assert asked.count == known


def test_before_the_first_build_there_is_no_claim(asked: Asked) -> None:
    land(asked, "waits", NOW - 5000)
    asked.command("TRUNCATE TABLE lens_staging.builds")
    assert read_freshness(asked, NOW) == Freshness(None, None)
