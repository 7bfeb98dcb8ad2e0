"""Funnels: by hand, and against trying every choice of events in plain Python."""

from collections.abc import Callable
from typing import Any

import pytest

from event_lens.warehouse.client import Warehouse
from query.reports.funnel_sql import attempts
from tests.unit.query.naive import Takes, funnel
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
DAY = {"startDate": "2026-03-04", "endDate": "2026-03-04"}
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}


def steps(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def counts(data: Any) -> list[int]:
    return [step["count"] for step in data["steps"]]


@pytest.mark.parametrize(
    ("order", "expected"),
    # all: abc, other_between: axbxc, late_start: aabc, wrong_order: cba, twice: abab
    [("ordered", [5, 4, 3]), ("strict", [5, 3, 2]), ("any", [5, 5, 4])],
)
def test_the_three_orders_are_those_counted_by_hand(answer: Answer, order: str, expected: list[int]) -> None:
    assert counts(answer("steps", "funnel", {"steps": steps("a", "b", "c"), "order": order, **DAY})) == expected


def test_a_step_tells_its_rates_and_the_time_from_the_step_before(answer: Answer) -> None:
    data = answer("steps", "funnel", {"steps": steps("a", "b"), **DAY})
    assert data["steps"] == [
        {
            "name": "a",
            "count": 5,
            "conversion_from_start": 100.0,
            "conversion_from_previous": 100.0,
            "median_seconds_from_previous": None,
        },
        {
            "name": "b",
            "count": 4,
            "conversion_from_start": 80.0,
            "conversion_from_previous": 80.0,
            # 60, 120, 120 (the earliest attempt), 60
            "median_seconds_from_previous": 90.0,
        },
    ]


def test_the_window_is_inclusive_and_null_is_the_whole_range(answer: Answer) -> None:
    def at(window: int | None) -> list[int]:
        return counts(answer("steps", "funnel", {"steps": steps("a", "b", "c"), "window_seconds": window, **DAY}))

    assert at(120) == [5, 4, 2]
    assert at(119) == [5, 3, 0]
    assert at(None) == [5, 4, 3]


def test_a_repeated_step_takes_another_event(answer: Answer) -> None:
    assert counts(answer("steps", "funnel", {"steps": steps("a", "a", "b"), **DAY})) == [5, 2, 2]
    assert counts(answer("steps", "funnel", {"steps": steps("a", "a"), "order": "any", **DAY})) == [5, 2]


def test_nobody_makes_a_funnel_of_zeros(answer: Answer) -> None:
    data = answer("empty", "funnel", {"steps": steps("a", "b"), **DAY})
    assert counts(data) == [0, 0]
    assert data["steps"][1]["conversion_from_previous"] is None


def step(name: str, takes: Takes | None) -> Takes:
    return lambda event: event["name"] == name and (takes is None or takes(event))


def body_of(chosen: list[tuple[str, Takes | None]], window: int, by: str, order: str) -> dict[str, Any]:
    written = [
        {"name": name}
        | ({"filters": [{"name": "properties.plan", "operator": "is", "value": ["pro"]}]} if takes else {})
        for name, takes in chosen
    ]
    return {"steps": written, "window_seconds": window, "by": by, "order": order, **SEASON}


PRO: Takes = lambda event: event["properties"]["plan"] == "pro"  # noqa: E731
FUNNELS: list[list[tuple[str, Takes | None]]] = [
    [("a", None), ("b", None), ("c", None)],
    [("screen_view", None), ("a", PRO)],
    [("a", None), ("a", None), ("b", None)],
    [("a", None), ("a", PRO), ("b", None)],
]


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
def test_events_at_one_instant_are_shared_out_among_the_steps(answer: Answer, world: World, order: str) -> None:
    found = world.history("instants")
    for chosen in [
        *FUNNELS,
        [("a", PRO), ("a", None), ("a", PRO)],
        [("b", None), ("a", None), ("a", PRO), ("c", None)],
    ]:
        for window in (1, 2, 86_400):
            data = answer("instants", "funnel", body_of(chosen, window, "device", order))
            plain = [step(name, takes) for name, takes in chosen]
            expected = funnel(found, plain, window_ms=window * 1000, by="device", order=order)
            assert [(each["count"], each["median_seconds_from_previous"]) for each in data["steps"]] == expected, chosen


def test_the_limits_are_those_of_defined_funnels(ask: Answer) -> None:
    longest = 90 * 86_400
    assert ask("steps", "funnel", {"steps": steps("a", "b"), "window_seconds": longest}).status_code == 200
    refused = ask("steps", "funnel", {"steps": steps("a", "b"), "window_seconds": longest + 1})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "funnel_invalid")


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
@pytest.mark.parametrize("by", ["device", "profile", "session"])
@pytest.mark.parametrize("window", [60, 86_400])
def test_random_visits_convert_as_plain_python_counts(
    answer: Answer, world: World, order: str, by: str, window: int
) -> None:
    found = world.history("random")
    for chosen in FUNNELS:
        plain = [step(name, takes) for name, takes in chosen]
        data = answer("random", "funnel", body_of(chosen, window, by, order))
        expected = funnel(found, plain, window_ms=window * 1000, by=by, order=order)
        assert [(each["count"], each["median_seconds_from_previous"]) for each in data["steps"]] == expected, chosen


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
def test_thousands_of_events_that_fit_many_steps_take_little_memory(warehouse: Warehouse, order: str) -> None:
    chosen = [("tap", place % 4 if order == "any" else place) for place in range(10)]
    moments = """moments AS (SELECT 'device' AS entity, toInt64(intDiv(number, 2)) AS at,
        toUInt16(1 + cityHash64(number) % 1023) AS mask FROM numbers(20000))"""
    question = f"WITH {moments}, {attempts(order, chosen, '3600000')} SELECT length(reached) FROM attempts"
    assert warehouse.value(f"{question} SETTINGS max_memory_usage = 800000000") == 10
