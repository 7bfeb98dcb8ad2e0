"""The cache of answers: bounded by bytes, and the bytes are those that memory holds."""

import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from query.cache import ENTRY_BYTES, KEPT_MS, Cache
from query.statement import Row, Statement

LIMIT = 4 << 20


def statement(number: int) -> Statement:
    return Statement("SELECT {p0_int64:Int64}", {"p0_int64": number})


def rows(number: int, count: int) -> list[Row]:
    return [
        {"path": f"/{number}/{row}", "views": row, "revenue": Decimal(row), "day": date(2026, 1, 1)}
        for row in range(count)
    ]


def test_cached_rows_answer_the_same_statement_and_version_for_some_time_only() -> None:
    cache = Cache()
    cache.keep(statement(1), 7, 0, rows(1, 3))
    assert cache.rows(statement(1), 7, KEPT_MS - 1) == rows(1, 3)
    assert cache.rows(statement(2), 7, 0) is None
    assert cache.rows(statement(1), 8, 0) is None
    assert cache.rows(statement(1), 7, KEPT_MS) is None


def test_a_caller_that_changes_its_rows_changes_no_cached_rows() -> None:
    cache = Cache()
    cache.keep(statement(1), 7, 0, rows(1, 1))
    first = cache.rows(statement(1), 7, 0)
    assert first is not None
    first[0]["views"] = "changed"
    assert cache.rows(statement(1), 7, 0) == rows(1, 1)


def test_many_large_answers_take_no_more_memory_than_the_limit_and_the_oldest_go_first() -> None:
    cache = Cache(LIMIT)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(400):
            cache.keep(statement(number), 7, 0, rows(number, 1000))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert LIMIT * 0.9 < cache.byte_count <= LIMIT
    assert 0.8 * cache.byte_count < taken < 1.1 * LIMIT
    kept = [number for number in range(400) if cache.rows(statement(number), 7, 0) is not None]
    assert kept == list(range(400 - len(kept), 400))


def test_the_size_of_many_small_answers_includes_their_overhead() -> None:
    cache = Cache(LIMIT)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(20_000):
            cache.keep(statement(number), 7, 0, [])
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert cache.byte_count <= LIMIT
    assert taken <= LIMIT


def test_one_answer_never_drives_out_the_others() -> None:
    cache = Cache(LIMIT)
    cache.keep(statement(1), 7, 0, rows(1, 10))
    cache.keep(statement(2), 7, 0, rows(2, 200_000))
    assert cache.rows(statement(1), 7, 0) is not None
    assert cache.rows(statement(2), 7, 0) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 300), st.integers(1, 2))))
def test_the_count_of_bytes_is_the_sum_of_what_is_kept(moves: list[tuple[int, int, int]]) -> None:
    cache = Cache(20_000)
    for number, count, version in moves:
        cache.keep(statement(number), version, 0, rows(number, count))
        assert cache.byte_count == sum(kept.size for kept in cache._kept.values()) <= 20_000
        assert cache.byte_count >= ENTRY_BYTES * len(cache._kept)


def test_an_answer_of_the_process_comes_from_the_cache(ask: Callable[..., httpx.Response]) -> None:
    written: dict[str, Any] = {"startDate": "2026-03-02", "endDate": "2026-03-03", "limit": 77}
    first, second = (ask("plain", "pages", **written).json() for _ in range(2))
    assert (first["meta"]["cached"], second["meta"]["cached"]) == (False, True)
    assert first["data"] == second["data"]
