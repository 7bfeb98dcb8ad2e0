"""The meaning of the public tables: by hand, against the reference, and whatever way they were built."""

import pytest

from collector.enrichment.context import ProjectSettings
from collector.enrichment.session_id import foreseen_session_id
from event_lens.warehouse.client import Warehouse
from tests.reference.comparison import compare
from tests.reference.keys import KEYS, NAMES
from tests.reference.merging import wrongly_merged
from tests.reference.narrow import wrongly_narrowed
from tests.reference.recomputed import recompute
from tests.spec.cases import CASES
from tests.spec.conftest import STAGES, VISITS, Spec

SESSION_IDS = """
    select
        project_id, device_id, toString(session_id) as id,
        toUnixTimestamp64Milli(started_at) as started_ms, toUnixTimestamp64Milli(ended_at) as ended_ms
    from lens.sessions
    where project_id in {projects:Array(String)}
    order by project_id, device_id, started_ms
"""

# The first test builds all of them, up to four times.
pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("name", CASES)
def test_the_answer_equals_the_answer_written_by_hand(spec: Spec, warehouse: Warehouse, name: str) -> None:
    case = CASES[name]
    rows = warehouse.rows(case.ask, {"project": spec.projects[name].project_id})
    assert [tuple(row.values()) for row in rows] == case.answer, case.rule


@pytest.mark.parametrize("table", KEYS)
@pytest.mark.parametrize("stage", STAGES)
def test_table_equals_the_reference(spec: Spec, table: str, stage: str) -> None:
    comparison = spec.compared[stage, table]
    if comparison.differences:
        pytest.fail(f"{comparison}\n{spec.smallest(table, comparison)}")


@pytest.mark.parametrize("table", KEYS)
@pytest.mark.parametrize("stage", STAGES)
def test_table_of_made_up_events_equals_the_reference(spec: Spec, table: str, stage: str) -> None:
    comparison = spec.made_up_compared[stage, table]
    assert not comparison.differences, comparison
    assert comparison.rows > (4 * VISITS if table == "events" else 0)


@pytest.mark.parametrize("stage", STAGES)
def test_states_merge_over_days_to_what_the_reference_counts(spec: Spec, stage: str) -> None:
    assert spec.wrongly_merged[stage] == []


@pytest.mark.parametrize("stage", STAGES)
def test_tables_that_answer_in_place_of_larger_tables_equal_the_reference(spec: Spec, stage: str) -> None:
    assert spec.wrongly_narrowed[stage] == []


def test_every_table_of_the_warehouse_is_compared(spec: Spec, warehouse: Warehouse) -> None:
    tables = warehouse.rows(
        "select name from system.tables where database = 'lens' and not match(name, '__(fresh|dbt)_')"
    )
    assert {row["name"] for row in tables} == KEYS.keys() | NAMES


def test_the_comparison_finds_a_wrong_value_a_missing_row_and_an_extra_row(spec: Spec, warehouse: Warehouse) -> None:
    ids = [spec.projects["random_0"].project_id]
    with recompute(warehouse, ids) as reference:
        assert not compare(warehouse, reference, "sessions", ids).differences
        reference.execute(
            "update sessions set event_count = 77 where session_id = (select min(session_id) from sessions)"
        )
        assert "not 77" in str(compare(warehouse, reference, "sessions", ids))
        reference.execute("delete from metrics_daily where day = (select min(day) from metrics_daily)")
        assert "should not be there" in str(compare(warehouse, reference, "metrics_daily", ids))
        reference.execute("insert into identities select * replace ('nobody' as device_id) from identities limit 1")
        assert "device_id nobody" in str(compare(warehouse, reference, "identities", ids))
        assert "is missing" in str(compare(warehouse, reference, "identities", ids))
        reference.execute(
            "delete from events where device_id = (select min(device_id) from events where device_id <> '')"
        )
        assert wrongly_merged(warehouse, reference, "metrics_daily", ids)
        told = "\n".join(wrongly_narrowed(warehouse, reference, ids))
        assert "int_returns: should not be there" in told
        assert "int_session_days: should not be there" in told
        assert "int_value_visits: should not be there" in told
        assert "int_page_visits: should not be there" in told


def test_histories_meet_every_rule(spec: Spec, warehouse: Warehouse) -> None:
    """Every table has rows enough for a comparison to say something."""
    few = {table: spec.compared["incremental", table].rows for table in KEYS}
    assert {table: rows for table, rows in few.items() if rows < 200} == {}
    ledger = warehouse.rows(
        "select sum(duplicate) as duplicate, sum(bot) as bot, sum(rejected) as rejected from lens.ingest_hourly "
        "where project_id in {projects:Array(String)}",
        {"projects": spec.project_ids},
    )
    assert all(count > 100 for count in ledger[0].values())


def test_random_devices_go_on_over_midnight(spec: Spec, warehouse: Warehouse) -> None:
    question = "select count() from lens_staging.int_device_handovers where project_id in {projects:Array(String)}"
    assert warehouse.value(question, {"projects": spec.project_ids}) > 10


def test_a_session_after_a_pause_has_the_id_that_the_collector_foresaw(spec: Spec, warehouse: Warehouse) -> None:
    """All other sessions have ids of their own, and no two sessions share one."""
    sessions = warehouse.rows(SESSION_IDS, {"projects": spec.project_ids})
    timeouts = {project.project_id: project.session_timeout_seconds for project in spec.projects.values()}
    foreseen = {True: 0, False: 0}
    ended: dict[tuple[str, str], int] = {}
    for row in sessions:
        settings = ProjectSettings(row["project_id"], session_timeout_seconds=timeouts[row["project_id"]])
        is_foreseen = row["id"] == foreseen_session_id(settings, row["device_id"], row["started_ms"])
        device = row["project_id"], row["device_id"]
        pause = row["started_ms"] - ended[device] if device in ended else timeouts[row["project_id"]] * 1000
        assert is_foreseen == (pause >= timeouts[row["project_id"]] * 1000), row
        ended[device] = row["ended_ms"]
        foreseen[is_foreseen] += 1
    assert len({(row["project_id"], row["id"]) for row in sessions}) == len(sessions)
    assert min(foreseen.values()) > 50


def test_unit_tests_of_the_models_pass(spec: Spec) -> None:
    assert spec.build.unit_tests() >= 20


def test_an_incremental_run_without_days_is_refused(spec: Spec) -> None:
    with pytest.raises(AssertionError, match="is built by days: pass --vars"):
        spec.build.run("--select", "int_metrics_daily")
