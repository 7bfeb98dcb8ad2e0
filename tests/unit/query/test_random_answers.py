"""Numbers, series and breakdowns over random filters, periods and zones, against DuckDB over the reference's tables.

A short form runs with all tests; `make reference` asks thousands.
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from event_lens.warehouse.client import Warehouse
from query.client.local import Local
from query.report_context import ProjectScope
from query.reports import REPORTS
from tests.reference.asked import FLAGS, NUMBERS, Asked, Filter, expected
from tests.reference.recomputed import recompute
from tests.unit.query.sample_projects import World

ASKED = int(os.environ.get("EVENTLENS_RANDOM_QUESTIONS", "60"))
SEED = int(os.environ.get("EVENTLENS_RANDOM_SEED", "1"))
PROJECTS = ("random", "shop", "plain", "people", "money", "berlin", "kolkata", "midnight", "nights")
EVENT_COLUMNS = (
    "name",
    "path",
    "device_kind",
    "currency",
    "revenue",
    "is_identified",
    "properties.plan",
    "properties.n",
)
SESSION_COLUMNS = (
    *("country", "browser", "referrer_name", "channel", "entry_path", "exit_path", "is_bounce"),
    *("duration_seconds", "screen_view_count", "event_count"),
)
COLUMNS = (*EVENT_COLUMNS, *SESSION_COLUMNS)
DIMENSIONS = (
    *("name", "path", "country", "browser", "channel", "entry_path", "device_kind", "device"),
    *("duration_seconds", "screen_view_count", "event_count", "is_bounce"),
)
OF_TEXT = ("is", "isNot", "contains", "doesNotContain", "startsWith", "endsWith", "regex", "isNull", "isNotNull", "gt")
OF_NUMBER = ("is", "isNot", "gt", "gte", "lt", "lte", "isNull", "isNotNull")
TEXTS = ("", "a", "b", "screen_view", "order", "/", "/a", "/pricing", "DE", "Fire", "fox", "pro", "free", "7", "Google")
PATTERNS = ("^a|b$", "^/", "(?i)DE|fr", "[0-9]+", "x", "^$")
NUMERALS = ("0", "1", "2", "3", "7.5", "20.5", "60", "-1", "1800")


@pytest.fixture(scope="module")
def reference(world: World, warehouse_url: str) -> Iterator[duckdb.DuckDBPyConnection]:
    ids = [world.projects[name].project_id for name in PROJECTS]
    with Warehouse(warehouse_url) as warehouse, recompute(warehouse, ids) as made:
        yield made


def draw_filter(random: Random) -> Filter:
    name = random.choice(COLUMNS)
    if name in FLAGS:
        return Filter(name, random.choice(("is", "isNot")), (random.choice(("true", "false")),))
    operator = random.choice(OF_NUMBER if name in NUMBERS else OF_TEXT)
    if operator in ("isNull", "isNotNull"):
        return Filter(name, operator)
    pool = PATTERNS if operator == "regex" else NUMERALS if name in NUMBERS or operator == "gt" else TEXTS
    return Filter(name, operator, tuple(random.choices(pool, k=random.choice((1, 1, 2, 3)))))


def draw(random: Random, world: World, reference: duckdb.DuckDBPyConnection) -> tuple[str, Asked]:
    """A question about days on which the project has events, or near them."""
    name = random.choice(PROJECTS)
    project = world.projects[name]
    found = reference.execute(
        "select min(local_day), max(local_day) from events where project_id = $1", [project.project_id]
    ).fetchone()
    assert found is not None
    first = found[0] + timedelta(days=random.randrange(-2, max(1, (found[1] - found[0]).days + 1)))
    last = first + timedelta(days=random.choice((0, 0, 1, 6, 30, 80)))
    filters = tuple(draw_filter(random) for _ in range(random.choice((0, 0, 1, 1, 2, 3))))
    interval = random.choice((None, None, "day", "week", "month", "quarter"))
    return name, Asked(project.project_id, project.currency, first, last, filters, interval)


@pytest.fixture(scope="module")
def sources(world: World, warehouse_url: str) -> Mapping[str, Local]:
    """The warehouse asked about each project, by name."""

    def source_of(name: str) -> Local:
        project = world.projects[name]
        return Local(
            warehouse_url, lambda _: ProjectScope(project.project_id, ZoneInfo(project.timezone), project.currency)
        )

    return {name: source_of(name) for name in PROJECTS}


def ask(source: Local, report: str, asked: Asked, **more: str) -> Any:
    filters = [{"name": each.name, "operator": each.operator, "value": list(each.value)} for each in asked.filters]
    written = {"startDate": asked.first.isoformat(), "endDate": asked.last.isoformat(), "filters": json.dumps(filters)}
    return source.answer(REPORTS[report], written | more)["data"]


def test_numbers_are_those_of_the_reference(
    world: World, sources: Mapping[str, Local], reference: duckdb.DuckDBPyConnection
) -> None:
    random, counted = Random(SEED), 0
    for _ in range(ASKED):
        name, asked = draw(random, world, reference)
        said = expected(reference, asked)
        found: dict[date | None, Any]
        if asked.interval is None:
            found = {None: ask(sources[name], "metrics", asked)}
            said = said or {None: found[None] | dict.fromkeys(("total_events", "total_sessions"), 0)}
        else:
            rows = ask(sources[name], "timeseries", asked, interval=asked.interval)
            found = {date.fromisoformat(row.pop("date")): row for row in rows}
        for bucket, numbers in found.items():
            right = said.get(bucket)
            if right is None:
                assert (numbers["total_events"], numbers["total_sessions"]) == (0, 0), (name, asked, bucket)
            else:
                assert numbers == pytest.approx(right, abs=1e-6), (name, asked, bucket)
                counted += right["total_events"] > 0
        assert said.keys() <= found.keys(), (name, asked)
    assert counted > ASKED // 3


def test_a_row_of_a_breakdown_is_the_question_with_its_value(
    world: World, sources: Mapping[str, Local], reference: duckdb.DuckDBPyConnection
) -> None:
    random, counted = Random(SEED + 1), 0
    for _ in range(ASKED // 5):
        name, asked = draw(random, world, reference)
        asked = Asked(asked.project_id, asked.currency, asked.first, asked.last, asked.filters[:1])
        by = random.choice(DIMENSIONS)
        for row in ask(sources[name], "breakdown", asked, by=by, limit="20"):
            value = row.pop("dimensions")[by]
            right = expected(reference, asked.narrowed(by, value))[None]
            assert row == pytest.approx(right, abs=1e-6), (name, asked, by, value)
            counted += 1
    assert counted > ASKED // 10
