"""Funnels: by hand, and against trying every choice of events in plain Python."""

from collections.abc import Callable
from typing import Any

import pytest

from event_lens.warehouse.client import Warehouse
from query.reports.funnel_sql import attempts
from tests.spec.rows import moment
from tests.unit.query.naive import Takes, deepest_attempts, entity_of, funnel, narrowed
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
FROM_START = ("p25_seconds_from_start", "median_seconds_from_start", "p75_seconds_from_start", "p90_seconds_from_start")
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
            **dict.fromkeys(FROM_START),
            "breakdown_value": None,
        },
        {
            "name": "b",
            "count": 4,
            "conversion_from_start": 80.0,
            "conversion_from_previous": 80.0,
            # 60, 120, 120 (the earliest attempt), 60
            "median_seconds_from_previous": 90.0,
            **dict(zip(FROM_START, (60.0, 90.0, 120.0, 120.0), strict=True)),
            "breakdown_value": None,
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


def test_a_funnel_that_nobody_entered_has_zeros(answer: Answer) -> None:
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


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
@pytest.mark.parametrize("step_count", [2, 3, 6, 10])
def test_steps_of_different_events_are_done_as_the_macro_of_the_models_finds(
    warehouse: Warehouse, order: str, step_count: int
) -> None:
    # Up to 40 events at 12 instants. Most of them do the step of their instant, so that attempts become deep.
    moments = f"""moments AS (
        SELECT
            number % 600 AS entity,
            toInt64(1 + cityHash64(number, 'at') % 12) AS at,
            cityHash64(number, 'step') % {2 * step_count} AS random,
            if(random > {step_count}, least({step_count}, 1 + intDiv(at * {step_count}, 12)), random) AS place,
            if(place = 0, 0, bitShiftLeft(toUInt16(1), greatest(place, 1) - 1)) AS mask,
            toUInt128(number) AS event_id, toDateTime64(0, 3) AS received_at, '' AS value
        FROM numbers(24000)
        WHERE cityHash64(number, 'kept') % 40 < entity % 40 {"" if order == "strict" else "AND place > 0"}
    ),
    entities AS (SELECT entity, groupArray(at * 1024 + mask) AS marked FROM moments GROUP BY entity)"""
    steps = [(f"event {place}", ()) for place in range(step_count)]
    for window in ("0", "2", "5", "100"):
        # A breakdown goes through the macro, whatever the steps.
        simple, by_macro = (
            warehouse.rows(
                f"""WITH {moments}, {attempts(order, steps, window, has_breakdown=has_breakdown)}
                SELECT entity, reached FROM attempts ORDER BY entity"""
            )
            for has_breakdown in (False, True)
        )
        assert simple == by_macro
    assert {len(row["reached"]) for row in simple} == set(range(1, step_count + 1))


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
@pytest.mark.parametrize("by", ["device", "profile", "session"])
def test_visits_over_midnight_of_shared_devices_convert_as_plain_python_counts(
    ask: Answer, world: World, order: str, by: str
) -> None:
    found = world.history("nights")
    firefox = {"filters": [{"name": "browser", "operator": "is", "value": ["Firefox"]}]}
    of_firefox = narrowed(found, session_takes=lambda event: event["browser"] == "Firefox")
    for names in (("screen_view", "a", "b"), ("a", "b"), ("a", "a", "b")):
        plain = [step(name, None) for name in names]
        for filters, history in (({}, found), (firefox, of_firefox)):
            body = {"steps": steps(*names), "by": by, "order": order, "window_seconds": 3600, **SEASON, **filters}
            answer = ask("nights", "funnel", body).json()
            if filters and order == "strict":
                assert answer["meta"]["table"] == "events"
                continue
            assert answer["meta"]["table"] == "sessions"
            expected = funnel(history, plain, window_ms=3_600_000, by=by, order=order)
            got = [(each["count"], each["median_seconds_from_previous"]) for each in answer["data"]["steps"]]
            assert got == expected, (names, filters)
            assert expected[-1][0] > 0


def test_events_of_other_sessions_interrupt_a_strict_funnel_with_filters(ask: Answer) -> None:
    firefox = [{"name": "browser", "operator": "is", "value": ["Firefox"]}]
    body = {"steps": steps("screen_view", "a"), "order": "strict", "filters": firefox, **SEASON}
    built, live = (ask("nights", "funnel", body | more).json() for more in ({}, {"freshness": "live"}))
    assert built["data"] == live["data"]


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
def test_thousands_of_events_that_fit_many_steps_take_little_memory(warehouse: Warehouse, order: str) -> None:
    chosen = [("tap", place % 4 if order == "any" else place) for place in range(10)]
    moments = """moments AS (SELECT 'device' AS entity, toInt64(intDiv(number, 2)) AS at,
        toUInt16(1 + cityHash64(number) % 1023) AS mask FROM numbers(20000))"""
    question = f"WITH {moments}, {attempts(order, chosen, '3600000')} SELECT length(reached) FROM attempts"
    assert warehouse.value(f"{question} SETTINGS max_memory_usage = 800000000") == 10


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
def test_a_breakdown_is_by_the_first_event_of_the_attempt_and_sums_to_the_whole(
    answer: Answer, world: World, order: str
) -> None:
    for project, by in (("random", "profile"), ("instants", "device")):
        found = world.history(project)
        for chosen in FUNNELS:
            plain = [step(name, takes) for name, takes in chosen]
            body = body_of(chosen, 86_400, by, order)
            data = answer(project, "funnel", body | {"breakdown": "properties.plan"})
            best = deepest_attempts(found, plain, window_ms=86_400_000, by=by, order=order)
            expected: dict[tuple[str, int], int] = {}
            for times, first in best:
                for place in range(len(chosen)):
                    key = (first["properties"].get("plan", ""), place)
                    expected[key] = expected.get(key, 0) + (len(times) > place)
            values = list(dict.fromkeys(each["breakdown_value"] for each in data["steps"]))
            got = {
                (value, place): rows[place]["count"]
                for value in values
                for rows in [[each for each in data["steps"] if each["breakdown_value"] == value]]
                for place in range(len(chosen))
            }
            assert got == expected, (project, chosen)
            whole = counts(answer(project, "funnel", body))
            assert whole == [sum(got[value, place] for value in values) for place in range(len(chosen))]


def test_values_of_a_breakdown_come_by_how_many_entered_and_no_more_than_asked_for(answer: Answer, ask: Answer) -> None:
    body = {"steps": steps("screen_view", "a"), **SEASON}
    every = answer("random", "funnel", body | {"breakdown": "browser"})["steps"]
    entered = [each["count"] for each in every[::2]]
    assert len(entered) > 1
    assert entered == sorted(entered, reverse=True)
    assert answer("random", "funnel", body | {"breakdown": "browser", "limit": 1})["steps"] == every[:2]
    assert answer("empty", "funnel", body | {"breakdown": "browser"})["steps"] == []
    for written, code in (
        ({"breakdown": "groups"}, "breakdown_invalid"),
        ({"breakdown": "brwser"}, "breakdown_invalid"),
        ({"limit": 3}, "limit_invalid"),
    ):
        assert ask("random", "funnel", body | written).json()["error"]["code"] == code


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
def test_profiles_that_dropped_out_after_a_step_reached_it_and_no_further_step(
    answer: Answer, ask: Answer, world: World, order: str
) -> None:
    found = world.history("random")
    for chosen in FUNNELS:
        body = body_of(chosen, 60, "profile", order)
        del body["by"]
        plain = [step(name, takes) for name, takes in chosen]
        entity = entity_of("profile")
        best = deepest_attempts(found, plain, window_ms=60_000, by="profile", order=order)
        for last in range(1, len(chosen)):
            expected = {entity(first): times[-1] for times, first in best if len(times) == last}
            rows = answer("random", "funnel/dropped", body | {"step": last})
            assert {row["profile_id"]: moment(row["reached_at"].removesuffix("Z")) for row in rows} == expected, chosen
    refused = ask("random", "funnel/dropped", body | {"step": len(chosen)})
    assert refused.json()["error"]["code"] == "funnel_invalid"


def test_profiles_that_dropped_out_come_in_pages(answer: Answer, ask: Answer) -> None:
    body = {"steps": steps("screen_view", "c"), "step": 1, "window_seconds": 60, **SEASON}
    every = answer("random", "funnel/dropped", body)
    first = ask("random", "funnel/dropped", body | {"limit": 2}).json()
    rest = answer("random", "funnel/dropped", body | {"cursor": first["meta"]["nextCursor"]})
    assert len(every) > 2
    assert first["data"] + rest == every


def test_a_profile_that_has_expired_is_still_among_those_that_dropped_out(ask: Answer, world: World) -> None:
    body = {"steps": steps("screen_view", "c"), "step": 1, "window_seconds": 60, **SEASON}
    every = ask("random", "funnel/dropped", body).json()
    assert every["meta"]["table"] == "sessions"
    gone = {"project": world.projects["random"].project_id, "profile": every["data"][1]["profile_id"]}
    row = "lens.profiles WHERE project_id = {project:String} AND profile_id = {profile:String}"
    with Warehouse(world.warehouse_url) as warehouse:
        warehouse.command("CREATE TABLE lens_staging.gone_profile AS lens.profiles")
        warehouse.command(f"INSERT INTO lens_staging.gone_profile SELECT * FROM {row}", gone)
        warehouse.command(f"DELETE FROM {row}", gone)
        try:
            # Another limit, because the answer above is cached.
            listed = ask("random", "funnel/dropped", body | {"limit": 99}).json()
        finally:
            warehouse.command("INSERT INTO lens.profiles SELECT * FROM lens_staging.gone_profile")
            warehouse.command("DROP TABLE lens_staging.gone_profile")
    assert listed["meta"]["table"] == "events"
    assert listed["data"] == every["data"]
