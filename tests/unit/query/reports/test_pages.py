"""Pages of sessions that match filters, against plain Python."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from event_lens.warehouse.client import Warehouse
from query.parameters import LiveListParameters
from query.report_context import ProjectScope, read_ask
from query.reports import REPORTS
from query.reports.page_visits import page_rows
from query.schema import schema_of
from query.statement import Bindings
from tests.unit.query.naive import narrowed
from tests.unit.query.rollups import entries_and_exits, pages_daily
from tests.unit.query.sample_projects import World

Ask = Callable[..., Any]
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}


@pytest.mark.parametrize("project", ["random", "nights"])
@pytest.mark.parametrize("browser", ["Firefox", "Chrome"])
def test_pages_of_matching_sessions_are_those_that_plain_python_counts(
    ask: Ask, world: World, project: str, browser: str
) -> None:
    filters = json.dumps([{"name": "browser", "operator": "is", "value": [browser]}])
    found = narrowed(world.history(project), session_takes=lambda event: event["browser"] == browser)
    entries, exits = entries_and_exits(found)
    expected = [
        {
            "path": path,
            "views": views,
            "unique_visitors": visitors,
            "sessions": sessions,
            "entries": entries[path],
            "exits": exits[path],
            "bounce_rate": 100 * bounces / entries[path] if entries[path] else None,
            "avg_seconds": seconds / timed if timed else None,
        }
        for _, path, views, visitors, sessions, _, bounces, seconds, timed in pages_daily(found, lambda view: None)
    ]
    built = ask(project, "pages", filters=filters, **SEASON).json()
    assert built["meta"]["table"] == "sessions"
    assert sorted(built["data"], key=lambda row: row["path"]) == sorted(expected, key=lambda row: row["path"])
    by_views = sorted(built["data"], key=lambda row: (-row["views"], row["path"]))
    assert built["data"] == by_views
    live = ask(project, "pages", filters=filters, freshness="live", **SEASON).json()
    assert (live["meta"]["table"], live["data"]) == ("events", built["data"])


def test_bounces_are_of_entries_in_pages_and_of_all_sessions_in_a_breakdown_and_each_says_so(ask: Ask) -> None:
    days = {"startDate": "2026-05-04", "endDate": "2026-05-06"}
    (page,) = [row for row in ask("shop", "pages", **days).json()["data"] if row["path"] == "/order"]
    broken_down = ask("shop", "breakdown", by="path", **days).json()["data"]
    (row,) = [row for row in broken_down if row["dimensions"] == {"path": "/order"}]
    # Three sessions saw the page; one of them entered there, and bounced.
    assert (page["entries"], page["sessions"], row["total_sessions"]) == (1, 3, 3)
    assert (page["bounce_rate"], row["bounce_rate"]) == (100.0, pytest.approx(100 / 3))
    for report, counted in (("pages", "`entries`"), ("breakdown", "`total_sessions`")):
        described = schema_of(REPORTS[report].answer)["items"]["properties"]["bounce_rate"]["description"]
        assert described.startswith(f"In percent of {counted}")


def test_views_at_midnight_count_on_their_own_day_and_last_until_the_next_event(ask: Ask) -> None:
    filters = json.dumps([{"name": "country", "operator": "is", "value": ["DE"]}])
    for day, expected in (("2026-03-02", [("/", 1, 1200.0)]), ("2026-03-03", [])):
        data = ask("midnight", "pages", filters=filters, startDate=day, endDate=day).json()["data"]
        assert [(row["path"], row["views"], row["avg_seconds"]) for row in data] == expected


# A row for each day of two years, and one for each week of a month; each says how many days it has.
SPANS = """
    SELECT 'p' AS project_id, span.1 AS is_week, span.2 AS day, count() AS days, min(each) AS first, max(each) AS last
    FROM (
        SELECT
            toDate('2027-06-01') + number AS each,
            toStartOfMonth(each) + intDiv(toDayOfMonth(each) - 1, 7) * 7 AS week,
            arrayJoin([(false, each), (true, week)]) AS span
        FROM numbers(730)
    )
    GROUP BY span
"""


@pytest.mark.parametrize("seed", range(4))
def test_each_day_of_a_period_is_read_once_and_whole_weeks_in_one_row(warehouse: Warehouse, seed: int) -> None:
    draw = Random(seed)
    for length in [1, 2, 6, 7, 8, *(draw.randint(1, 200) for _ in range(20))]:
        first = date(2027, 7, 1) + timedelta(days=draw.randint(0, 400))
        last = first + timedelta(days=length - 1)
        written = LiveListParameters(start_date=str(first), end_date=str(last))
        bindings = Bindings()
        rows = page_rows(read_ask(ProjectScope("p", ZoneInfo("UTC"), ""), written, 0), bindings)
        asked = bindings.statement(
            f"SELECT sum(days) AS days, min(first) AS first, max(last) AS last, countIf(NOT is_week) AS single "
            f"FROM ({SPANS}) WHERE {rows}"
        )
        (found,) = warehouse.rows(asked.sql, asked.parameters)
        assert (found["days"], found["first"], found["last"]) == (length, first, last)
        # At most six days before the first week, and six after the last one.
        assert found["single"] <= 12
