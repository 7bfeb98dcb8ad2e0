"""A day closes before something of it goes; what comes for a closed day is refused and counted."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.retention import (
    Edges,
    Kept,
    close_days,
    drop_days,
    edges_of,
    find_going,
    first_day_taken,
    read_edges,
)
from event_lens.warehouse.too_late import refuse_too_late
from orchestration.planning.plan import make_plan
from tests.conftest import EmbeddedServer
from tests.spec.landing import land, rows_of
from tests.spec.rows import Project, moment

TODAY = date(2026, 3, 31)
NEVER = date(1970, 1, 1)


@pytest.fixture
def project() -> Project:
    return Project(f"retention-{uuid4().hex[:8]}")


def count(warehouse: Warehouse, project: Project, table: str, condition: str = "1") -> int:
    sql = f"SELECT count() FROM {table} WHERE project_id = {{project:String}} AND {condition}"
    return int(warehouse.value(sql, {"project": project.project_id}))


@pytest.mark.parametrize(
    ("kept", "closed_before"),
    [
        (Kept(), NEVER),
        (Kept(raw_days=30), TODAY - timedelta(days=22)),
        (Kept(events_days=90), TODAY - timedelta(days=59)),
        (Kept(profiles_days=40), TODAY - timedelta(days=40)),
        (Kept(raw_days=30, events_days=62, profiles_days=365), TODAY - timedelta(days=22)),
    ],
)
def test_a_day_closes_before_rows_that_its_build_reads_are_dropped(kept: Kept, closed_before: date) -> None:
    assert edges_of(kept, TODAY).closed_before == closed_before


def test_a_closed_day_stays_closed_when_the_project_keeps_more_days_later() -> None:
    noted = edges_of(Kept(raw_days=10), TODAY)
    assert edges_of(Kept(raw_days=30), TODAY).no_earlier_than(noted) == noted
    assert edges_of(Kept(), TODAY).no_earlier_than(noted).closed_before == noted.closed_before


def test_a_collector_takes_what_a_build_of_any_zone_would_count() -> None:
    assert first_day_taken(Kept(), TODAY) == NEVER
    assert first_day_taken(Kept(raw_days=30), TODAY) == edges_of(Kept(raw_days=30), TODAY).closed_before - timedelta(2)


def test_the_announced_rows_are_the_rows_that_are_dropped(warehouse: Warehouse, project: Project) -> None:
    for day in ("2026-01-01", "2026-02-28", "2026-03-01", "2026-03-30"):
        project.event(day)
    project.event("2026-01-02", received_at=moment("2026-03-20"))
    project.operation("2026-01-01", "identify", "p1")
    land(warehouse, rows_of([project]), [])
    edges = edges_of(Kept(raw_days=30), TODAY)
    going = find_going(warehouse, project.project_id, edges)
    assert [(each.table, each.row_count, each.first_day, each.last_day) for each in going] == [
        ("lens_raw.events", 2, date(2026, 1, 1), date(2026, 2, 28)),
        ("lens_raw.profile_operations", 1, date(2026, 1, 1), date(2026, 1, 1)),
    ]
    assert count(warehouse, project, "lens_raw.events") == 5
    for _ in range(2):  # as after a kill
        drop_days(warehouse, project.project_id, edges)
    assert find_going(warehouse, project.project_id, edges) == []
    # A late row stays as long after its receipt.
    assert count(warehouse, project, "lens_raw.events") == 3


def test_profiles_go_with_their_aliases_when_they_have_not_been_seen_for_long(
    start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path
) -> None:
    edges = edges_of(Kept(profiles_days=40), TODAY)
    facts = [f"lens_staging.int_{name}" for name in ("profile_values", "identity_links", "operations", "profile_days")]
    # Facts can name a profile by its alias; an alias has no days of its own. An operation is a sighting, too.
    old, named_once = [("old", "2026-01-05"), ("alias of old", "2026-01-02")], [("named once", "2026-01-03")]
    back = [("back", "2026-01-03"), ("named again", "2026-01-03"), ("alias of named", "2026-03-20")]
    rows = {
        "lens.profiles": [*old[:1], *named_once, ("back", "2026-03-20"), ("named again", "2026-03-20")],
        **{fact: [*old, *named_once, *back] for fact in facts[:3]},
        facts[3]: [("old", "2026-01-02"), *old[:1], *back[:2], ("back", "2026-03-20")],
    }
    aliases = {"alias of old": "old", "alias of named": "named again"}
    with Warehouse(start_embedded(tmp_path).wait().url) as warehouse:
        warehouse.command("CREATE DATABASE IF NOT EXISTS lens")
        for table, columns in (
            ("lens_staging.int_aliases", "alias String, profile_id String"),
            ("lens.profiles", "profile_id String, last_seen_at DateTime64(3, 'UTC')"),
            *((fact, "profile_id String, local_day Date") for fact in facts),
        ):
            warehouse.command(f"CREATE TABLE {table} (project_id String, {columns}) ENGINE = MergeTree ORDER BY ()")
        for project_id in ("p", "other"):
            for alias, profile in aliases.items():
                warehouse.command(
                    f"INSERT INTO lens_staging.int_aliases VALUES ('{project_id}', '{alias}', '{profile}')"
                )
            for table, of_table in rows.items():
                values = ", ".join(f"('{project_id}', '{profile}', '{day}')" for profile, day in of_table)
                warehouse.command(f"INSERT INTO {table} VALUES {values}")
        announced = {each.table: each.row_count for each in find_going(warehouse, "p", edges)}
        assert announced == {"lens.profiles": 2, **dict.fromkeys(facts[:3], 3), facts[3]: 2}
        for _ in range(2):  # as after a kill
            drop_days(warehouse, "p", edges)
        assert find_going(warehouse, "p", edges) == []
        for table, of_table in rows.items():
            left = warehouse.rows(f"SELECT profile_id FROM {table} WHERE project_id = 'p'")
            gone = {"old", "alias of old", "named once"}
            assert sorted(row["profile_id"] for row in left) == sorted(name for name, _ in of_table if name not in gone)
            assert warehouse.value(f"SELECT count() FROM {table} WHERE project_id = 'other'") == len(of_table)


def test_page_views_stay_without_the_visits_that_expire(
    start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path
) -> None:
    visits = ["visits", "first_visits_of_days", "entries", "entry_bounces", "exits", "exit_bounces"]
    edges = edges_of(Kept(events_days=40), TODAY)
    with Warehouse(start_embedded(tmp_path).wait().url) as warehouse:
        for table, columns in (("int_value_visits", ["visits"]), ("int_page_visits", ["views", *visits])):
            typed = "project_id String, day Date, " + ", ".join(f"{column} UInt32" for column in columns)
            warehouse.command(f"CREATE TABLE lens_staging.{table} ({typed}) ENGINE = MergeTree ORDER BY ()")
            for project_id in ("p", "other"):
                for day in ("2026-02-18", "2026-02-19"):
                    numbers = ", ".join("3" for _ in columns)
                    warehouse.command(f"INSERT INTO lens_staging.{table} VALUES ('{project_id}', '{day}', {numbers})")
        assert edges.events_before == date(2026, 2, 19)
        drop_days(warehouse, "p", edges)
        rows = warehouse.rows("SELECT * FROM lens_staging.int_page_visits ORDER BY project_id DESC, day")
        kept, forgotten = {"views": 3, **dict.fromkeys(visits, 3)}, {"views": 3, **dict.fromkeys(visits, 0)}
        assert [{name: row[name] for name in ("views", *visits)} for row in rows] == [forgotten, kept, kept, kept]


def test_the_newest_note_of_a_project_counts(warehouse: Warehouse, project: Project) -> None:
    for days in (60, 30):
        close_days(warehouse, project.project_id, edges_of(Kept(raw_days=days), TODAY))
    assert read_edges(warehouse)[project.project_id] == edges_of(Kept(raw_days=30), TODAY)


def test_rows_that_land_for_a_closed_day_are_refused_as_too_late_and_their_batch_counts_as_built(
    warehouse: Warehouse, project: Project
) -> None:
    close_days(warehouse, project.project_id, Edges(closed_before=date(2026, 3, 10)))
    project.event("2026-03-09 23:59", received_at=moment("2026-03-30"))
    project.event("2026-03-10 00:00", received_at=moment("2026-03-30"))
    project.operation("2026-03-01", "identify", "p1", received_at=moment("2026-03-30"))
    land(warehouse, rows_of([project]), [])
    for _ in range(2):
        refuse_too_late(warehouse)
    assert count(warehouse, project, "lens_raw.events") == 1
    assert count(warehouse, project, "lens_raw.profile_operations") == 0
    assert count(warehouse, project, "lens_raw.quarantine", "code = 'too_late'") == 2
    build = uuid4().hex
    make_plan(warehouse, build)
    planned = warehouse.rows(
        "SELECT batch_id FROM lens_staging.planned_batches WHERE build_id = {build:String}", {"build": build}
    )
    own = {row["batch_id"] for row in (*project.events, *project.operations)}
    assert own <= {row["batch_id"] for row in planned}
