"""Pages, origins, devices, places and event names: by hand, and rollups against facts."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.retention import forget_page_visits
from query.parameters import LiveListParameters
from query.report_context import ProjectScope, read_ask
from query.reports.pages import MOST_COUNTED, pages
from tests.unit.query import rollups
from tests.unit.query.naive import FILTER_ALL
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
MARCH = {"startDate": "2026-03-02", "endDate": "2026-03-03"}
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30", "limit": 10_000}


@pytest.mark.parametrize("question", ["pages", "pages/entry", "pages/exit"])
def test_the_first_pages_have_the_numbers_they_have_among_all(answer: Answer, question: str) -> None:
    rows = answer("random", question, **SEASON)
    assert len(rows) > 2
    assert answer("random", question, **SEASON | {"limit": 2}) == rows[:2]


VISITED = ["pages", "pages/entry", "pages/exit", "referrers", "utm", "devices", "browsers", "os", "geo", "events"]


@pytest.mark.parametrize("question", [*VISITED, "metrics", "timeseries"])
def test_numbers_of_rollups_are_counted_exactly(ask: Answer, question: str) -> None:
    for filters in ({}, {"filters": FILTER_ALL}):
        assert "approximate" not in ask("plain", question, **filters, **MARCH).json()["meta"]


@pytest.mark.parametrize("question", VISITED)
def test_visitors_are_merged_when_visits_of_the_period_have_expired(
    ask: Answer, world: World, expired_visits: None, question: str
) -> None:
    """The rollups keep expired days, with sketches of their visitors."""
    of_cities = {"by": "city"} if question == "geo" else {}
    right = ask("nights", question, filters=FILTER_ALL, **of_cities, **SEASON).json()["data"]
    merged = ask("nights", question, **of_cities, **SEASON).json()
    assert merged["data"] == right
    estimated = None if question == "pages" else {"unique_visitors": 1.0}
    assert merged["meta"].get("approximate") == estimated


@pytest.fixture
def expired_visits(world: World) -> Iterator[None]:
    """Half of the project's visits are gone, and its sessions have expired, as far as the tables say."""
    project = {"project": world.projects["nights"].project_id}
    rows = "lens_staging.int_value_visits WHERE project_id = {project:String} AND day < {edge:Date}"
    with Warehouse(world.warehouse_url) as warehouse:
        edge = warehouse.value(
            "SELECT toString(toDate(quantileExact(0.5)(toUInt16(day)))) FROM lens_staging.int_value_visits "
            "WHERE project_id = {project:String}",
            project,
        )
        warehouse.command("CREATE TABLE lens_staging.whole_visits AS lens_staging.int_value_visits")
        warehouse.command(f"INSERT INTO lens_staging.whole_visits SELECT * FROM {rows}", project | {"edge": edge})
        warehouse.command(f"DELETE FROM {rows}", project | {"edge": edge})
        warehouse.command("CREATE TABLE lens_staging.whole_page_visits AS lens_staging.int_page_visits")
        warehouse.command("INSERT INTO lens_staging.whole_page_visits SELECT * FROM lens_staging.int_page_visits")
        forget_page_visits(warehouse, project["project"], date.fromisoformat(edge))
        warehouse.command(
            "INSERT INTO lens_raw.closed_days SELECT {project:String}, {edge:Date}, {edge:Date}, {edge:Date}, "
            "toDate(0), now64(3, 'UTC')",
            project | {"edge": edge},
        )
        try:
            yield
        finally:
            warehouse.command("INSERT INTO lens_staging.int_value_visits SELECT * FROM lens_staging.whole_visits")
            warehouse.command("DROP TABLE lens_staging.whole_visits")
            warehouse.command("EXCHANGE TABLES lens_staging.whole_page_visits AND lens_staging.int_page_visits")
            warehouse.command("DROP TABLE lens_staging.whole_page_visits")
            warehouse.command("DELETE FROM lens_raw.closed_days WHERE project_id = {project:String}", project)


def test_pages_beyond_the_limit_whose_visits_have_expired_are_not_overlooked(world: World) -> None:
    """The exits of the first page may have expired with a visit that entered by the second."""
    scope = ProjectScope("half", ZoneInfo("UTC"), "")
    question = pages(read_ask(scope, LiveListParameters(start_date="2026-03-02", end_date="2026-03-03", limit=1), 0))
    with Warehouse(world.warehouse_url) as warehouse:
        for first_visits, is_whole in ((1, True), (0, False)):
            warehouse.command("DELETE FROM lens_staging.int_page_visits WHERE project_id = 'half'")
            warehouse.command(
                "INSERT INTO lens_staging.int_page_visits "
                "(project_id, is_week, day, path, views, daily_visitors, first_visits_of_days) "
                "VALUES ('half', 0, '2026-03-03', '/first', 50, 1, 1), ('half', 0, '2026-03-02', '/second', 1, 1, "
                f"{first_visits})"
            )
            rows = warehouse.rows(question.statement.sql_over("lens"), question.statement.parameters)
            assert [row["path"] for row in rows] == ["/first"]
            assert question.is_whole(rows) == is_whole
        warehouse.command("DELETE FROM lens_staging.int_page_visits WHERE project_id = 'half'")


def test_pages_equal_those_counted_by_hand(answer: Answer) -> None:
    rows = answer("plain", "pages", **MARCH)
    assert [tuple(row.values()) for row in rows] == [
        ("/", 2, 2, 2, 2, 1, 50.0, 60.0),
        ("/blog", 1, 1, 1, 1, 1, 100.0, 30.0),
        ("/pricing", 1, 1, 1, 0, 1, None, 120.0),
    ]
    names = "path views unique_visitors sessions entries exits bounce_rate avg_seconds"
    assert list(rows[0]) == names.split()
    assert answer("plain", "pages/entry", **MARCH) == [
        {"path": "/", "sessions": 2, "unique_visitors": 2, "bounce_rate": 50.0},
        {"path": "/blog", "sessions": 1, "unique_visitors": 1, "bounce_rate": 100.0},
    ]
    assert answer("plain", "pages/exit", **MARCH) == [
        {"path": "/", "sessions": 1, "unique_visitors": 1, "bounce_rate": 100.0},
        {"path": "/blog", "sessions": 1, "unique_visitors": 1, "bounce_rate": 100.0},
        {"path": "/pricing", "sessions": 1, "unique_visitors": 1, "bounce_rate": 0.0},
    ]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "referrers",
            [
                {"referrer_name": "", "referrer_type": "direct", "sessions": 2, "unique_visitors": 2},
                {"referrer_name": "", "referrer_type": "", "sessions": 1, "unique_visitors": 1},
                {"referrer_name": "Google", "referrer_type": "search", "sessions": 1, "unique_visitors": 1},
            ],
        ),
        (
            "utm",
            [
                {
                    "utm_source": "news",
                    "utm_medium": "",
                    "utm_campaign": "spring",
                    "utm_term": "",
                    "utm_content": "",
                    "sessions": 1,
                    "unique_visitors": 1,
                }
            ],
        ),
        ("devices", [("desktop", 2), ("", 1), ("mobile", 1)]),
        ("browsers", [("Firefox", 2), ("", 1), ("Safari", 1)]),
        ("os", [("Linux", 2), ("", 1), ("iOS", 1)]),
        ("geo", [("FR", 2), ("", 1), ("DE", 1)]),
    ],
)
def test_origins_are_those_counted_by_hand(answer: Answer, question: str, expected: list[Any]) -> None:
    rows = answer("plain", question, **MARCH)
    if isinstance(expected[0], tuple):
        rows = [(next(iter(row.values())), row["sessions"]) for row in rows]
    assert sorted(rows, key=repr) == sorted(expected, key=repr)
    assert [row[-1] if isinstance(row, tuple) else row["sessions"] for row in rows] == sorted(
        [row[-1] if isinstance(row, tuple) else row["sessions"] for row in rows], reverse=True
    )


def test_places_go_down_to_the_city(answer: Answer) -> None:
    rows = answer("plain", "geo", by="city", **MARCH)
    assert {"country": "DE", "region": "", "city": "Berlin", "sessions": 1, "unique_visitors": 1} in rows


def test_event_names_are_those_counted_by_hand(answer: Answer) -> None:
    assert answer("plain", "events", **MARCH) == [
        {"name": "screen_view", "events": 4, "unique_visitors": 2, "revenue": 0.0},
        {"name": "purchase", "events": 2, "unique_visitors": 2, "revenue": 20.5},
        {"name": "server_job", "events": 1, "unique_visitors": 0, "revenue": 0.0},
        {"name": "signup", "events": 1, "unique_visitors": 1, "revenue": 0.0},
    ]


@pytest.mark.parametrize(
    "question",
    ["metrics", "pages", "pages/entry", "pages/exit", "referrers", "utm", "devices", "browsers", "os", "geo", "events"],
)
def test_rollups_and_facts_give_the_same_answer(ask: Answer, question: str) -> None:
    season = {name: value for name, value in SEASON.items() if question != "metrics" or name != "limit"}
    rolled_up = ask("random", question, **season).json()
    counted = ask("random", question, filters=FILTER_ALL, **season).json()
    assert rolled_up["meta"]["table"] != counted["meta"]["table"]
    assert rolled_up["data"] == counted["data"]


def test_pages_of_random_visits_are_what_plain_python_counts(answer: Answer, world: World) -> None:
    history = world.history("random")
    views = Counter[str]()
    for row in rollups.pages_daily(history):
        views[row[1]] += row[2]
    entries, exits = rollups.entries_and_exits(history)
    assert len(entries) > 2
    assert entries != exits
    for filters in ({}, {"filters": FILTER_ALL}):
        rows = answer("random", "pages", **filters, **SEASON)
        counted = {row["path"]: (row["views"], row["entries"], row["exits"]) for row in rows}
        assert counted == {path: (views[path], entries[path], exits[path]) for path in views}


SOME_SESSIONS = '[{"name": "country", "operator": "is", "value": ["DE"]}]'
SOME_EVENTS = '[{"name": "name", "operator": "is", "value": ["screen_view"]}]'


@pytest.mark.parametrize("filters", [None, SOME_SESSIONS, SOME_EVENTS])
def test_pages_have_the_entries_and_exits_that_their_own_questions_tell(answer: Answer, filters: str | None) -> None:
    asked = SEASON | ({"filters": filters} if filters else {})
    pages = answer("random", "pages", **asked)
    began, ended = (
        {row["path"]: row for row in answer("random", f"pages/{edge}", **asked)} for edge in ("entry", "exit")
    )
    none = {"sessions": 0, "bounce_rate": None}
    assert sum(row["entries"] for row in pages) == sum(row["sessions"] for row in began.values()) > 0
    for row in pages:
        entry, ending = began.get(row["path"], none), ended.get(row["path"], none)
        assert (row["entries"], row["bounce_rate"]) == (entry["sessions"], entry["bounce_rate"])
        assert row["exits"] == ending["sessions"]


@pytest.mark.parametrize(
    ("question", "name", "value", "paths"),
    [
        ("pages", "path", "/pricing", ["/pricing"]),
        ("pages", "country", "DE", ["/", "/pricing"]),
        ("pages/entry", "path", "/pricing", ["/"]),
        ("pages/exit", "path", "/", ["/", "/pricing"]),
        ("pages/exit", "entry_path", "/", ["/", "/pricing"]),
    ],
)
def test_filters_take_the_events_of_pages_and_the_sessions_that_hold_a_match(
    answer: Answer, question: str, name: str, value: str, paths: list[str]
) -> None:
    filters = json.dumps([{"name": name, "operator": "is", "value": [value]}])
    rows = answer("plain", question, filters=filters, **MARCH)
    assert sorted(row["path"] for row in rows) == paths
    if (question, name) == ("pages", "path"):  # the next event of a view is that of the whole session
        assert rows[0]["avg_seconds"] == 120.0


def test_limit_keeps_the_largest(answer: Answer) -> None:
    assert [row["path"] for row in answer("plain", "pages", limit=1, **MARCH)] == ["/"]


def test_the_ledger_adds_up_in_every_bucket(answer: Answer, ask: Answer) -> None:
    rows = answer("plain", "ingest", startDate="2026-03-02", endDate="2026-03-04")
    assert [row["date"] for row in rows] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert [tuple(row.values())[1:] for row in rows] == [(4, 4, 0, 0, 0), (5, 4, 0, 0, 1), (0, 0, 0, 0, 0)]
    hours = ask("kolkata", "ingest", interval="hour", startDate="2026-03-09", endDate="2026-03-09").json()
    assert hours["meta"]["timezone"] == "UTC"
    assert len(hours["data"]) == 24


# A crowd of 40,000 on two days with half of it on both. As in the model, one of 2**halvings is kept.
CROWD = """
    INSERT INTO lens_staging.int_pages_daily
        (project_id, day, path, views, unique_visitors, sessions, halvings, visitors)
    SELECT 'crowd', toDate('2026-03-01') + day, '/', 30000, {visitors_a_day:UInt64}, 30000, halvings,
        arrayFilter(
            hash -> hash % bitShiftLeft(1, halvings) = 0,
            arrayMap(number -> sipHash64(number), range(10000 * day, 10000 * day + 30000))
        )
    FROM (SELECT 0 AS day, {first:UInt8} AS halvings UNION ALL SELECT 1, {second:UInt8})
"""


@pytest.mark.parametrize(
    ("halvings", "visitors_a_day", "tolerance"),
    [
        ((0, 0), 30_000, 0),
        ((2, 0), 30_000, 0.03),
        ((0, 1), 30_000, 0.03),
        ((1, 2), 30_000, 0.03),
        ((0, 0), MOST_COUNTED, 0.01),
    ],
)
def test_visitors_of_a_crowded_page_are_estimated_from_those_that_are_kept(
    world: World, halvings: tuple[int, int], visitors_a_day: int, tolerance: float
) -> None:
    scope = ProjectScope("crowd", ZoneInfo("UTC"), "")
    written = LiveListParameters(start_date="2026-03-01", end_date="2026-03-02")
    question = pages(read_ask(scope, written, 0)).unless_whole
    assert question is not None
    with Warehouse(world.warehouse_url) as warehouse:
        warehouse.command("DELETE FROM lens_staging.int_pages_daily WHERE project_id = 'crowd'")
        first, second = halvings
        warehouse.command(CROWD, {"first": first, "second": second, "visitors_a_day": visitors_a_day})
        rows = warehouse.rows(question.statement.sql_over("lens"), question.statement.parameters)
        warehouse.command("DELETE FROM lens_staging.int_pages_daily WHERE project_id = 'crowd'")
    (visitors,) = (page["unique_visitors"] for page in cast(list[dict[str, Any]], question.shape(rows)))
    assert visitors == pytest.approx(40_000, rel=tolerance)
    assert question.estimated is not None
    assert question.estimated(rows) == (("unique_visitors",) if tolerance else ())
