"""What the checks of tables find, over tables with the columns that they read."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from event_lens.errors import Refused
from event_lens.warehouse.client import Warehouse
from orchestration.assets.checks import LOOKS, judge, look_at, shown
from tests.conftest import EmbeddedServer

DATABASE = "looked_at"
TABLES = {
    "ingest_hourly": "project_id String, day Date, received UInt64, bot UInt64, rejected UInt64",
    "event_names_daily": "project_id String, day Date, name String",
    "identities": "project_id String, profile_id String, device_id String",
    "sessions": "project_id String, day Date, session_id UInt64, device_id String, event_count UInt64",
    "events": "project_id String, local_day Date, session_id UInt64",
}


@pytest.fixture
def looked_at(warehouse: Warehouse) -> Iterator[Warehouse]:
    warehouse.command(f"CREATE DATABASE {DATABASE}")
    for table, columns in TABLES.items():
        warehouse.command(f"CREATE TABLE {DATABASE}.{table} ({columns}) ENGINE = Memory")
    yield warehouse
    warehouse.command(f"DROP DATABASE {DATABASE}")


def odd_projects(warehouse: Warehouse, name: str) -> set[str]:
    look = next(look for look in LOOKS if look.name == name)
    rows = look_at(warehouse, look, DATABASE)
    result = judge(look, rows, dg.AssetKey(["lens", look.table]))
    odd = {row["project_id"] for row in rows if row["is_odd"]}
    assert result.passed == (not odd)
    return odd


def fill(warehouse: Warehouse, table: str, rows: str) -> None:
    warehouse.command(f"INSERT INTO {DATABASE}.{table} {rows}")


def test_a_project_that_received_far_less_than_on_this_weekday_is_told(looked_at: Warehouse) -> None:
    for project, yesterday, before in (("quiet", 0, 900), ("usual", 800, 900), ("loud", 9000, 900), ("small", 0, 30)):
        fill(
            looked_at,
            "ingest_hourly",
            f"SELECT '{project}', yesterday() - number * 7, if(number > 0, {before}, {yesterday}), 0, 0 "
            "FROM numbers(5)",
        )
    assert odd_projects(looked_at, "received_as_on_the_same_weekday") == {"quiet", "loud"}


def test_a_project_that_sends_bots_or_rubbish_is_told(looked_at: Warehouse) -> None:
    for project, bots, rejected in (("bots", 70, 0), ("rubbish", 0, 20), ("usual", 40, 5)):
        fill(looked_at, "ingest_hourly", f"VALUES ('{project}', yesterday(), 100, {bots}, {rejected})")
    fill(looked_at, "ingest_hourly", "VALUES ('tiny', yesterday(), 3, 3, 0), ('past', today() - 20, 500, 500, 500)")
    assert odd_projects(looked_at, "few_events_are_of_bots") == {"bots"}
    assert odd_projects(looked_at, "little_is_rejected") == {"rubbish"}


def test_many_new_event_names_are_told_but_not_those_of_a_new_project(looked_at: Warehouse) -> None:
    for project, days in (("old", 40), ("young", 1)):
        fill(looked_at, "event_names_daily", f"VALUES ('{project}', today() - {days}, 'screen_view')")
        fill(
            looked_at,
            "event_names_daily",
            f"SELECT '{project}', today(), concat('n', toString(number)) FROM numbers(11)",
        )
    assert odd_projects(looked_at, "event_names_are_known") == {"old"}


def test_people_with_many_devices_and_sessions_with_many_events_are_told(looked_at: Warehouse) -> None:
    fill(looked_at, "identities", "SELECT 'shared', 'p', toString(number) FROM numbers(101)")
    fill(looked_at, "identities", "SELECT 'usual', 'p', toString(number) FROM numbers(100)")
    fill(looked_at, "sessions", "VALUES ('program', today(), 1, 'd', 5001), ('usual', today(), 2, 'd', 5000)")
    assert odd_projects(looked_at, "a_person_has_few_devices") == {"shared"}
    assert odd_projects(looked_at, "sessions_have_few_events") == {"program"}


def test_an_event_whose_session_is_missing_is_an_error(looked_at: Warehouse) -> None:
    fill(looked_at, "sessions", "VALUES ('whole', today(), 7, 'd', 1)")
    fill(looked_at, "events", "VALUES ('whole', today(), 7), ('whole', today(), 0), ('torn', today(), 7)")
    assert odd_projects(looked_at, "sessions_of_events_are_there") == {"torn"}


@pytest.mark.parametrize("name", [look.name for look in LOOKS])
def test_a_warehouse_without_rows_passes(looked_at: Warehouse, name: str) -> None:
    assert odd_projects(looked_at, name) == set()


def test_before_the_first_build_there_is_nothing_to_look_at_and_later_a_lost_table_is_told(
    start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path
) -> None:
    with Warehouse(start_embedded(tmp_path / "home").wait().url) as unbuilt:
        assert look_at(unbuilt, LOOKS[0], "not_built") == []
        unbuilt.command("INSERT INTO lens_staging.builds VALUES ('first', now64(3))")
        with pytest.raises(Refused):
            look_at(unbuilt, LOOKS[0], "not_built")


def test_findings_are_a_table_whose_cells_no_name_can_break() -> None:
    rows: list[dict[str, Any]] = [
        {"project_id": "p", "names": ["a|b", "c\nd"], "received": 2, "is_odd": 1},
        {"project_id": "q", "names": [], "received": 1, "is_odd": 0},
    ]
    assert shown(rows, "received").splitlines() == [
        "| | project_id | names | received | |",
        "|---|---|---|---|---|",
        "| ! | p | a\\|b, c d | 2 | ████████████████████ |",
        "|  | q |  | 1 | ██████████ |",
    ]
