"""What stays of builds, and what does not."""

import sqlite3
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from orchestration.build_lock import build_lock
from orchestration.dagster_home import write_configuration
from orchestration.old_runs import DELETED_AT_ONCE, delete_old_runs, old_dbt_folders

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-03-01")


@dg.asset(partitions_def=DAYS)
def table(build_lock: dg.ResourceParam[None]) -> None:
    """A table by day."""


@dg.asset_check(asset=table)
def is_filled() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    write_configuration(tmp_path)
    return dg.DagsterInstance.from_config(str(tmp_path))


def build(instance: dg.DagsterInstance, count: int, *, first: int = 0) -> list[str]:
    """Builds a day each, and returns the ids of the runs, latest first."""
    days = DAYS.get_partition_keys()[first : first + count]
    resources = {"build_lock": build_lock}
    return [
        dg.materialize([table, is_filled], instance=instance, partition_key=day, resources=resources).run_id
        for day in days
    ][::-1]


def files_of(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [path.name for path in Path(instance.root_directory).rglob(f"*{run_id}*")]


def test_the_latest_runs_are_kept_and_nothing_is_left_of_older_ones(instance: dg.DagsterInstance) -> None:
    runs = build(instance, 5)
    assert all(len(files_of(instance, run_id)) >= 3 for run_id in runs)
    assert delete_old_runs(instance, kept=2) == 3
    assert instance.get_run_ids() == runs[:2]
    assert [run_id for run_id in runs if files_of(instance, run_id)] == runs[:2]
    assert all(instance.all_logs(run_id) for run_id in runs[:2])
    assert delete_old_runs(instance, kept=2) == 0


def test_days_stay_materialised_when_their_run_is_deleted(instance: dg.DagsterInstance) -> None:
    build(instance, 4)
    before = instance.get_materialized_partitions(table.key)
    assert len(before) == 4
    assert delete_old_runs(instance, kept=1) == 3
    assert instance.get_materialized_partitions(table.key) == before
    latest = build(instance, 1)
    assert delete_old_runs(instance, kept=1) == 1
    assert instance.get_materialized_partitions(table.key) == before
    results = instance.event_log_storage.get_asset_check_execution_history(is_filled.check_key, limit=9)
    assert {result.run_id for result in results} == set(latest)


def test_the_log_of_all_runs_does_not_grow_with_days_that_are_built_again(instance: dg.DagsterInstance) -> None:
    sizes = []
    for _ in range(4):
        build(instance, 2)
        delete_old_runs(instance, kept=1)
        sizes.append(rows_of(instance))
    assert sizes[2] == sizes[3]


def rows_of(instance: dg.DagsterInstance) -> list[int]:
    """How many rows the log of all runs has in each table."""
    with sqlite3.connect(Path(instance.root_directory) / "history" / "runs" / "index.db") as index:
        tables = [name for (name,) in index.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [index.execute(f"SELECT count() FROM {name}").fetchone()[0] for name in tables]


def test_the_number_of_runs_deleted_at_once_is_limited(instance: dg.DagsterInstance) -> None:
    runs = build(instance, DELETED_AT_ONCE + 3)
    assert delete_old_runs(instance, kept=1) == DELETED_AT_ONCE
    assert delete_old_runs(instance, kept=1) == 2
    assert instance.get_run_ids() == runs[:1]


def test_a_run_that_has_not_ended_is_kept(instance: dg.DagsterInstance) -> None:
    running = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
    build(instance, 2)
    assert delete_old_runs(instance, kept=1) == 1
    assert running.run_id in instance.get_run_ids()


def test_dbt_keeps_its_files_of_the_latest_runs_only() -> None:
    kept, old = Path("t/dbt_facts-0f3ce98-44f507c"), Path("t/dbt_folded-77463f7-c4af5c6")
    others = [Path("t/dbt_packages"), Path("t/manifest.json")]
    assert old_dbt_folders([kept, old, *others], ["0f3ce98a-44a0-46a1-909a-5c1e709b57ea"]) == [old]
