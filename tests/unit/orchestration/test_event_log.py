"""The log of runs keeps its connections, loses nothing to a kill, and notes days in bulk."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.dagster_home import write_configuration
from orchestration.event_log import MAX_KEPT, KeptEventLogStorage

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-03-01")
# Writes events of a run without end, and prints a line after each written event.
WRITER = """
import sys
import dagster as dg
from dagster._core.test_utils import create_run_for_test
instance = dg.DagsterInstance.from_config(sys.argv[1])
run = create_run_for_test(instance)
print(run.run_id, flush=True)
written = 0
while True:
    instance.report_runless_asset_event(dg.AssetMaterialization("table", metadata={"row": written}))
    instance.report_engine_event(f"event {written}", run)
    written += 1
    print(written, flush=True)
"""


@dg.asset(partitions_def=DAYS)
def table() -> None:
    """A table by day."""


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    write_configuration(tmp_path)
    return dg.DagsterInstance.from_config(str(tmp_path))


def test_a_killed_process_loses_no_run_and_no_event_that_it_wrote(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    run_id = writer.stdout.readline().strip()
    said = [writer.stdout.readline() for _ in range(20)]
    os.kill(writer.pid, signal.SIGKILL)
    written = int([*said, *writer.communicate()[0].splitlines()][-1])
    assert instance.has_run(run_id)
    messages = {entry.get_dagster_event().message for entry in instance.all_logs(run_id)}
    assert messages >= {f"event {number}" for number in range(written)}
    rows = {
        record.asset_materialization.metadata["row"].value
        for record in instance.fetch_materializations(dg.AssetKey("table"), limit=9999).records
        if record.asset_materialization
    }
    assert rows >= set(range(written))


def test_a_run_over_many_days_is_noted_once_a_table_and_every_day_counts(instance: dg.DagsterInstance) -> None:
    first, last = "2026-01-01", "2026-02-28"
    result = dg.materialize(
        [table],
        instance=instance,
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
    )
    kinds = [entry.dagster_event_type for entry in instance.all_logs(result.run_id)]
    assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED) == 1
    assert instance.get_materialized_partitions(table.key) == set(DAYS.get_partition_keys())
    event = instance.get_latest_materialization_event(table.key)
    assert event is not None
    assert event.run_id == result.run_id


def test_few_logs_of_runs_stay_open(instance: dg.DagsterInstance) -> None:
    storage = instance.event_log_storage
    assert isinstance(storage, KeptEventLogStorage)
    for number in range(MAX_KEPT + 3):
        assert instance.all_logs(f"run-{number}") == []
    open_files = {link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    runs = Path(instance.root_directory) / "history" / "runs"
    assert len({path for path in open_files if path.parent == runs and path.match("run-*.db")}) <= MAX_KEPT
