"""Breakdowns and `query`: each row is what a filter of its values says, and pages hold every row once."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import httpx
import pytest

from query.paging import write_cursor
from query.reports import REPORTS
from query.schema import schema_of
from tests.unit.query.examples import bound
from tests.unit.query.naive import measures, narrowed
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}
MARCH = {"startDate": "2026-03-02", "endDate": "2026-03-03"}
METRICS = [
    *("unique_visitors", "people", "total_sessions", "total_screen_views", "total_events", "avg_session_duration"),
    *("bounce_rate", "views_per_session", "total_revenue"),
]


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


@pytest.mark.parametrize(
    "dimensions",
    [
        ["country"],
        ["name"],
        ["properties.plan"],
        ["is_screen_view"],
        ["country", "browser", "name"],
        ["properties.plan", "is_bounce", "path"],
    ],
)
def test_every_row_is_what_a_filter_of_its_values_says(answer: Answer, dimensions: list[str]) -> None:
    rows = answer("random", "breakdown", by=",".join(dimensions), **SEASON)
    assert [row["total_events"] for row in rows] == sorted((row["total_events"] for row in rows), reverse=True)
    assert len(rows) > 1
    assert len({tuple(row["dimensions"].values()) for row in rows}) == len(rows)
    for row in rows[:4]:
        filters = json.dumps(
            [{"name": name, "operator": "is", "value": [value]} for name, value in row["dimensions"].items()]
        )
        expected = answer("random", "metrics", filters=filters, **SEASON)
        assert without(row, "dimensions") == {name: pytest.approx(value) for name, value in expected.items()}


def test_rows_of_a_breakdown_are_what_plain_python_counts(answer: Answer, world: World) -> None:
    rows = answer("random", "breakdown", by="country,name", **SEASON)
    found = world.history("random")
    expected = {}
    for country, name in product(("DE", "FR", ""), ("screen_view", "a", "b", "c")):
        chosen = narrowed(
            found,
            lambda event, name=name: event["name"] == name,  # type: ignore[misc]
            lambda event, country=country: event["country"] == country,  # type: ignore[misc]
        )
        if chosen.events or chosen.sessions:
            expected[country, name] = measures(chosen, lambda event: "all")["all"]
    assert {tuple(row["dimensions"].values()) for row in rows} == set(expected)
    for row in rows:
        counted = expected[row["dimensions"]["country"], row["dimensions"]["name"]]
        assert without(row, "dimensions") == {name: pytest.approx(value) for name, value in counted.items()}


def test_filters_hold_within_a_breakdown(answer: Answer) -> None:
    german = json.dumps([{"name": "country", "operator": "is", "value": ["DE"]}])
    rows = answer("random", "breakdown", by="country,browser", filters=german, **SEASON)
    assert {row["dimensions"]["country"] for row in rows} == {"DE"}
    assert (
        sum(row["total_events"] for row in rows)
        == answer("random", "metrics", filters=german, **SEASON)["total_events"]
    )


def test_series_of_a_breakdown_have_every_bucket_of_those_with_most_events(answer: Answer) -> None:
    rows = answer("random", "timeseries", breakdown="name", interval="month", limit=2, **SEASON)
    most = answer("random", "breakdown", by="name", limit=2, **SEASON)
    assert [row["dimensions"] for row in rows] == [row["dimensions"] for row in most for _ in range(6)]
    for row in most:
        series = [one for one in rows if one["dimensions"] == row["dimensions"]]
        assert [one["date"] for one in series] == [f"2026-0{month}-01" for month in range(1, 7)]
        assert sum(one["total_events"] for one in series) == row["total_events"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"breakdown": "country,browser,os,device"}, "breakdown_invalid"),
        ({"breakdown": "country,country"}, "breakdown_invalid"),
        ({"breakdown": "groups"}, "breakdown_invalid"),
        ({"breakdown": "password"}, "breakdown_invalid"),
        ({"breakdown": "properties.:`Int64`"}, "breakdown_invalid"),
        ({"breakdown": ""}, "breakdown_invalid"),
        ({"limit": "5"}, "limit_invalid"),
        ({"breakdown": "country", "limit": "0"}, "limit_invalid"),
    ],
)
def test_an_invalid_breakdown_is_refused(ask: Ask, written: dict[str, str], code: str) -> None:
    response = ask("plain", "timeseries", **written)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    response = ask("plain", "breakdown", by=written.get("breakdown", "x"))
    assert written.get("limit") == "0" or (response.status_code, response.json()["error"]["code"]) == (
        400,
        "by_invalid",
    )


def test_the_same_dates_a_year_before_are_shown_next_to_the_data(ask: Ask) -> None:
    told = ask("plain", "timeseries", startDate="2027-03-02", endDate="2027-03-03", compare="year").json()
    assert [(row["date"], row["total_events"]) for row in told["previous"]] == [("2026-03-02", 4), ("2026-03-03", 4)]
    instants = {"startDate": "2027-03-02T10:00:00Z", "endDate": "2027-03-02T10:03:00.001Z"}
    assert ask("plain", "metrics", compare="year", **instants).json()["previous"]["total_events"] == 3
    leap = ask("plain", "timeseries", startDate="2028-02-29", endDate="2028-02-29", compare="year").json()
    assert [row["date"] for row in leap["previous"]] == ["2027-02-28"]


def pages(ask: Ask, body: dict[str, Any]) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while True:
        told = ask("random", "query", body | {"cursor": cursor}).json()
        found += told["data"]
        cursor = told["meta"]["nextCursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("dimension", ["country", "name"])
def test_a_metric_that_is_not_asked_for_may_give_the_order(ask: Ask, dimension: str) -> None:
    body = SEASON | {"dimensions": [dimension], "order": "-unique_visitors"}
    whole = ask("random", "query", body | {"metrics": ["total_events", "unique_visitors"]}).json()["data"]
    found = ask("random", "query", body | {"metrics": ["total_events"]}).json()["data"]
    assert len({row["metrics"]["unique_visitors"] for row in whole}) > 1
    assert [row["dimensions"] for row in found] == [row["dimensions"] for row in whole]


@pytest.mark.parametrize(
    "order", ["people", "-people", "bounce_rate", "-bounce_rate", "-total_revenue", "date", "-date", "country", "-name"]
)
def test_pages_in_every_order_hold_every_row_once(ask: Ask, order: str) -> None:
    body = SEASON | {"metrics": METRICS, "dimensions": ["country", "name"], "interval": "month", "order": order}
    whole = ask("random", "query", body | {"limit": 1000}).json()["data"]
    assert pages(ask, body | {"limit": 9}) == whole
    assert len({(row["date"], *row["dimensions"].values()) for row in whole}) == len(whole) > 18
    values = [row["dimensions"] | row["metrics"] | {"date": row["date"]} for row in whole]
    keys = [row[order.removeprefix("-")] for row in values]
    known = [key for key in keys if key is not None]
    assert known == sorted(known, reverse=order.startswith("-"))
    assert keys[len(known) :] == [None] * (len(keys) - len(known))


def test_a_query_answers_what_metrics_and_series_do(ask: Ask, answer: Answer) -> None:
    german = [{"name": "country", "operator": "is", "value": ["DE"]}]
    body: dict[str, Any] = SEASON | {"metrics": METRICS, "filters": german}
    expected = answer("random", "metrics", filters=json.dumps(german), **SEASON)
    (row,) = answer("random", "query", body)
    assert row["metrics"] == {name: pytest.approx(value) for name, value in expected.items()}
    days = {row["date"]: row for row in answer("random", "query", body | {"interval": "day", "limit": 1000})}
    for row in answer("random", "timeseries", filters=json.dumps(german), **SEASON):
        if row["total_events"] or row["total_sessions"]:
            assert days.pop(row["date"])["metrics"] == without(row, "date")
    assert days == {}
    (only,) = answer("plain", "query", MARCH | {"metrics": ["people"], "dimensions": ["utm_source"], "limit": 1})
    assert (set(only["metrics"]), set(only["dimensions"])) == ({"people"}, {"utm_source"})


def test_counts_of_a_query_are_whole_numbers_as_declared(answer: Answer) -> None:
    counts = [name for name in METRICS if name.startswith(("unique", "people", "total")) and name != "total_revenue"]
    (row,) = answer("random", "query", SEASON | {"metrics": METRICS})
    assert [name for name, value in row["metrics"].items() if isinstance(value, int)] == counts
    declared = schema_of(REPORTS["query"].answer)["items"]["properties"]["metrics"]["properties"]
    assert [name for name, each in declared.items() if each.get("type") == "integer"] == counts
    assert list(declared) == METRICS


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "request_invalid"),
        ({"metrics": []}, "metrics_invalid"),
        ({"metrics": ["password"]}, "metrics_invalid"),
        ({"metrics": ["people"], "dimensions": ["a"]}, "dimensions_invalid"),
        ({"metrics": ["people"], "dimensions": ["country"] * 2}, "dimensions_invalid"),
        ({"metrics": ["people"], "order": "date"}, "order_invalid"),
        ({"metrics": ["people"], "order": "--people"}, "order_invalid"),
        ({"metrics": ["people"], "interval": "minute"}, "interval_invalid"),
        ({"metrics": ["people"], "limit": 0}, "limit_invalid"),
        ({"metrics": ["people"], "cursor": write_cursor("people", False, 1.0, [])}, "cursor_invalid"),
        ({"metrics": ["people"], "cursor": write_cursor("people", True, "x", [])}, "cursor_invalid"),
        ({"metrics": ["people"], "metric": 1}, "parameter_invalid"),
    ],
)
def test_an_invalid_query_is_refused(ask: Ask, body: Any, code: str) -> None:
    response = ask("plain", "query", bound("query", body))
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
