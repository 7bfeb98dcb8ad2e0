"""Metrics and series: against counts by hand, and against plain Python over the same rows."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from event_lens.contract.columns import QUESTION_COLUMNS
from event_lens.warehouse.client import Warehouse
from tests.spec.rows import Row
from tests.unit.query.naive import EVERY_EVENT, FILTER_ALL, measures, narrowed
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
MARCH = {"startDate": "2026-03-02", "endDate": "2026-03-03"}
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}

NOTHING = {
    "unique_visitors": 0,
    "people": 0,
    "total_sessions": 0,
    "total_screen_views": 0,
    "total_events": 0,
    "avg_session_duration": None,
    "bounce_rate": None,
    "views_per_session": None,
    "total_revenue": 0.0,
}


def test_metrics_of_a_small_project_are_those_counted_by_hand(answer: Answer) -> None:
    assert answer("plain", "metrics", **MARCH) == {
        "unique_visitors": 3,
        "people": 3,
        "total_sessions": 4,
        "total_screen_views": 4,
        "total_events": 8,
        "avg_session_duration": (180 + 0 + 30 + 0) / 4,
        "bounce_rate": 50.0,
        "views_per_session": 1.0,
        "total_revenue": 20.5,
    }


def test_people_of_days_are_right_when_not_all_of_them_are_known_by_day(
    answer: Answer, world: World, warehouse_url: str
) -> None:
    """As while a build goes on, or when profiles have expired: then the states of the days are merged."""
    weeks = {"interval": "week", **SEASON}
    right = answer("random", "metrics", **SEASON), answer("random", "timeseries", **weeks)
    rows = "lens_staging.int_returns WHERE project_id = {project:String} AND people > 1"
    project = {"project": world.projects["random"].project_id}
    with Warehouse(warehouse_url) as warehouse:
        assert warehouse.value(f"SELECT count() FROM {rows}", project) > 3
        warehouse.command("CREATE TABLE lens_staging.whole AS lens_staging.int_returns")
        warehouse.command(f"INSERT INTO lens_staging.whole SELECT * FROM {rows}", project)
        warehouse.command(f"DELETE FROM {rows}", project)
        try:
            # One day more, which has no events, so that the cached answers to the earlier questions are not used.
            longer = {"startDate": "2025-12-31", "endDate": "2026-06-30"}
            assert answer("random", "metrics", **longer) == right[0]
            assert answer("random", "timeseries", interval="week", **longer) == right[1]
        finally:
            warehouse.command("INSERT INTO lens_staging.int_returns SELECT * FROM lens_staging.whole")
            warehouse.command("DROP TABLE lens_staging.whole")


OF_SESSIONS = [column.name for column in QUESTION_COLUMNS.values() if column.owner == "session"]


OF_HELD_EVENTS = ["name", "path", "is_screen_view", "name,path", "path,browser", "country,name,is_screen_view"]


@pytest.mark.parametrize("project", ["random", "nights"])
@pytest.mark.parametrize("by", [*OF_SESSIONS, *OF_HELD_EVENTS])
def test_a_breakdown_over_session_days_is_the_one_over_events(ask: Answer, project: str, by: str) -> None:
    asked = {"by": by, "limit": 500, **SEASON}
    sums, held, events = (
        ask(project, "breakdown", **asked, **filters).json()
        for filters in ({}, {"filters": FILTER_ALL}, {"filters": EVERY_EVENT})
    )
    assert [answer["meta"]["table"] for answer in (sums, held, events)] == ["sessions", "sessions", "events"]
    assert sums["data"] == held["data"] == events["data"]
    assert sums["data"]


@pytest.mark.parametrize("interval", ["day", "week"])
def test_a_series_of_filtered_names_over_session_days_is_the_one_over_events(ask: Answer, interval: str) -> None:
    for filters in (
        [{"name": "name", "operator": "is", "value": ["a", "b"]}],
        [{"name": "path", "operator": "startsWith", "value": ["/a"]}],
        [
            {"name": "is_screen_view", "operator": "is", "value": ["true"]},
            {"name": "browser", "operator": "is", "value": ["Firefox"]},
        ],
    ):
        held, events = (
            ask(
                "nights",
                "timeseries",
                interval=interval,
                startDate="2026-04-02",
                endDate="2026-04-05",
                filters=json.dumps([*filters, *more]),
            ).json()
            for more in (json.loads(FILTER_ALL), json.loads(EVERY_EVENT))
        )
        assert [answer["meta"]["table"] for answer in (held, events)] == ["sessions", "events"]
        assert held["data"] == events["data"]
        assert held["data"][0]["total_sessions"] > 1


@pytest.mark.parametrize(
    ("question", "asked", "table"),
    [
        ("metrics", {"filters": '[{"name": "country", "operator": "is", "value": ["DE"]}]'}, "sessions"),
        ("metrics", {"filters": '[{"name": "name", "operator": "is", "value": ["sale"]}]'}, "sessions"),
        ("metrics", {"filters": '[{"name": "revenue", "operator": "gt", "value": [1]}]'}, "events"),
        ("timeseries", {"breakdown": "browser", "interval": "week"}, "sessions"),
        ("timeseries", {"breakdown": "browser", "interval": "hour"}, "events"),
        ("breakdown", {"by": "country,browser"}, "sessions"),
        ("breakdown", {"by": "country,path"}, "sessions"),
        ("breakdown", {"by": "country,device_kind"}, "events"),
        ("breakdown", {"by": "country,browser", "freshness": "live"}, "events"),
        ("retention", {"by": "device"}, "sessions"),
        ("retention", {"by": "device", "startEvent": "sale"}, "events"),
    ],
)
def test_only_questions_of_columns_in_session_days_are_answered_without_reading_events(
    ask: Answer, question: str, asked: dict[str, str], table: str
) -> None:
    assert ask("plain", question, **MARCH, **asked).json()["meta"]["table"] == table


def test_facts_count_by_hand_as_the_rollups_do(answer: Answer) -> None:
    by_rollup = answer("plain", "metrics", **MARCH)
    for filters in (FILTER_ALL, EVERY_EVENT):
        assert answer("plain", "metrics", filters=filters, **MARCH) == by_rollup


@pytest.mark.parametrize(
    ("day", "name", "value", "sessions", "events"),
    [
        ("2026-03-02", "country", "DE", 1, 1),
        ("2026-03-03", "country", "DE", 0, 1),  # the session's place is that of its first event, the day before
        ("2026-03-03", "country", "FR", 0, 0),
        ("2026-03-02", "name", "sale", 1, 0),  # the session began here and holds the sale, made the day after
        ("2026-03-03", "name", "sale", 0, 1),
    ],
)
def test_a_session_over_midnight_is_filtered_whole(
    answer: Answer, day: str, name: str, value: str, sessions: int, events: int
) -> None:
    filters = json.dumps([{"name": name, "operator": "is", "value": [value]}])
    found = answer("midnight", "metrics", filters=filters, startDate=day, endDate=day)
    assert (found["total_sessions"], found["total_events"]) == (sessions, events)


def test_a_day_with_views_of_a_session_that_began_before_has_no_bounce_rate(answer: Answer) -> None:
    found = answer("midnight", "metrics", startDate="2026-03-03", endDate="2026-03-03")
    assert (found["total_events"], found["bounce_rate"], found["avg_session_duration"]) == (1, None, None)


def test_a_project_without_events_has_every_bucket_with_zeros(answer: Answer) -> None:
    assert answer("empty", "metrics", **MARCH) == NOTHING
    assert answer("empty", "timeseries", **MARCH) == [
        {"date": "2026-03-02"} | NOTHING,
        {"date": "2026-03-03"} | NOTHING,
    ]


@pytest.mark.parametrize("filters", [None, FILTER_ALL, EVERY_EVENT])
@pytest.mark.parametrize(
    ("interval", "start"),
    [
        ("day", lambda day: day),
        ("week", lambda day: date.fromordinal(day.toordinal() - day.weekday())),
        ("month", lambda day: day.replace(day=1)),
        ("quarter", lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)),
    ],
)
def test_series_are_what_plain_python_counts(
    answer: Answer, world: World, interval: str, start: Callable[[date], date], filters: str | None
) -> None:
    found = world.history("random")
    expected = measures(found, lambda event: start(event["day"]).isoformat())
    rows = answer("random", "timeseries", interval=interval, **SEASON, **({"filters": filters} if filters else {}))
    assert [row["date"] for row in rows] == sorted({row["date"] for row in rows})
    assert {row["date"] for row in rows} >= set(expected)
    for row in rows:
        counted = {name: pytest.approx(value) for name, value in expected.get(row["date"], NOTHING).items()}
        assert row == {"date": row["date"]} | counted


@pytest.mark.parametrize("filters", [None, FILTER_ALL, EVERY_EVENT])
def test_hours_are_what_plain_python_counts(answer: Answer, world: World, filters: str | None) -> None:
    project = world.projects["random"]
    expected = measures(world.history("random"), lambda event: project.local_hour(event["created_at"]))
    rows = answer("random", "timeseries", interval="hour", **SEASON, **({"filters": filters} if filters else {}))
    found = {round(datetime.fromisoformat(row["date"]).timestamp()) * 1000: row for row in rows}
    assert len(found) == len(rows) == 181 * 24 - 1  # the clocks go forward once
    for hour, row in found.items():
        counted = {name: pytest.approx(value) for name, value in expected.get(hour, NOTHING).items()}
        assert row == {"date": row["date"]} | counted


@pytest.mark.parametrize(
    ("filters", "takes", "session_takes"),
    [
        ([("name", "is", ["a", "b"])], lambda event: event["name"] in "ab", None),
        ([("country", "is", ["DE"])], None, lambda event: event["country"] == "DE"),
        ([("country", "isNot", ["DE", "FR"])], None, lambda event: event["country"] not in ("DE", "FR")),
        (
            [("browser", "startsWith", ["Fire"]), ("properties.n", "gte", [10]), ("name", "is", ["a"])],
            lambda event: event["name"] == "a" and event["properties"]["n"] >= 10,
            lambda event: event["browser"] == "Firefox",
        ),
    ],
)
def test_filters_on_source_and_place_are_the_sessions_and_others_the_events_own(
    answer: Answer,
    world: World,
    filters: list[tuple[str, str, list[Any]]],
    takes: Callable[[Row], bool] | None,
    session_takes: Callable[[Row], bool] | None,
) -> None:
    everything: Callable[[Row], bool] = lambda event: True  # noqa: E731
    chosen = narrowed(world.history("random"), takes or everything, session_takes or everything)
    text = json.dumps([{"name": name, "operator": operator, "value": value} for name, operator, value in filters])
    expected = measures(chosen, lambda event: "all").get("all", NOTHING)
    assert expected["total_events"] > 0
    assert answer("random", "metrics", filters=text, **SEASON) == {
        name: pytest.approx(value) for name, value in expected.items()
    }


def test_a_half_hour_zone_has_its_own_days_and_hours(answer: Answer) -> None:
    days = answer("kolkata", "timeseries", startDate="2026-03-09", endDate="2026-03-10")
    assert [(row["date"], row["total_events"]) for row in days] == [("2026-03-09", 1), ("2026-03-10", 1)]
    hours = answer("kolkata", "timeseries", interval="hour", startDate="2026-03-09", endDate="2026-03-10")
    assert [row["date"] for row in hours if row["total_events"]] == [
        "2026-03-09T23:00:00+05:30",
        "2026-03-10T00:00:00+05:30",
    ]
    assert len(hours) == 48


def test_days_of_23_and_25_hours_have_as_many_buckets(answer: Answer) -> None:
    short = answer("berlin", "timeseries", interval="hour", startDate="2026-03-29", endDate="2026-03-29")
    assert len(short) == 23
    assert [row["date"] for row in short[1:3]] == ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"]
    assert [row["total_events"] for row in short] == [1] + [0] * 22
    long = answer("berlin", "timeseries", interval="hour", startDate="2025-10-26", endDate="2025-10-26")
    assert len(long) == 25
    assert [row["date"] for row in long if row["total_events"]] == [
        "2025-10-26T02:00:00+02:00",
        "2025-10-26T02:00:00+01:00",
    ]


@pytest.mark.parametrize(
    ("start", "end", "events", "table"),
    [
        ("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", 3, "metrics_hourly"),
        ("2026-03-02T10:00:00Z", "2026-03-02T10:03:00Z", 2, "events"),
        ("2026-03-02T11:00:00+01:00", "2026-03-02T10:03:00.001", 3, "events"),
        ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z", 4, "metrics_daily"),
        ("2026-03-02", "2026-03-02", 4, "metrics_daily"),
    ],
)
def test_instants_are_half_open_and_the_coarsest_table_that_fits_answers(
    ask: Answer, start: str, end: str, events: int, table: str
) -> None:
    response = ask("plain", "metrics", startDate=start, endDate=end).json()
    assert (response["data"]["total_events"], response["meta"]["table"]) == (events, table)


def test_the_period_before_is_shown_next_to_the_data(ask: Answer) -> None:
    response = ask("plain", "metrics", startDate="2026-03-03", endDate="2026-03-03", compare="previous").json()
    assert (response["data"]["total_events"], response["previous"]["total_events"]) == (4, 4)
    series = ask("plain", "timeseries", startDate="2026-03-03", endDate="2026-03-03", compare="previous").json()
    assert [row["date"] for row in series["previous"]] == ["2026-03-02"]


def test_an_answer_says_zone_table_and_time_and_comes_from_the_cache_the_second_time(ask: Answer) -> None:
    first = ask("berlin", "metrics", startDate="2026-03-28", endDate="2026-03-29").json()
    second = ask("berlin", "metrics", startDate="2026-03-28", endDate="2026-03-29").json()
    assert first["meta"] | {"elapsedMs": 0, "completeThrough": ""} == {
        "completeThrough": "",
        "timezone": "Europe/Berlin",
        "currency": "",
        "table": "metrics_daily",
        "cached": False,
        "elapsedMs": 0,
    }
    assert second["meta"]["cached"] is True
    assert second["data"] == first["data"]
