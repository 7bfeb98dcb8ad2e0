"""Deletes old runs, of which Dagster and dbt keep about 13 MB per build, before they fill the disk."""

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.sqlalchemy_compat import db_select

from orchestration.lease import lease_path

EVENTS, EVENT_SUBJECT = SqlEventLogStorageTable, ("asset_key", "partition")
CHECKS, CHECK_SUBJECT = AssetCheckExecutionsTable, ("asset_key", "check_name")
MATERIALIZATION = dg.DagsterEventType.ASSET_MATERIALIZATION.value
KEPT_RUNS = 200
# dbt's files of a run are ten times the size of its events, and only help to find the cause of a failure.
KEPT_DBT_RUNS = 10
# More than the one run that each build adds, so that a full folder shrinks; few enough that no build waits for the
# deletion.
DELETED_AT_ONCE = 20
# dagster-dbt's folder of one dbt command: the phase, the beginning of the run's id, a number of its own.
DBT_FOLDER = re.compile(r"dbt_\w+-(?P<run>[0-9a-f]{7})-[0-9a-f]{7}")


def delete_old_runs(instance: dg.DagsterInstance, *, kept: int = KEPT_RUNS, kept_dbt: int = KEPT_DBT_RUNS) -> int:
    """Delete the oldest ended runs beyond `kept`, and dbt's files beyond `kept_dbt` runs.

    Returns the number of runs deleted.
    """
    home = Path(instance.root_directory)
    latest = instance.get_run_ids(limit=kept)
    _delete_dbt_files(home / "dbt", latest[:kept_dbt])
    if len(latest) < kept:
        return 0
    ended = dg.RunsFilter(statuses=FINISHED_STATUSES)
    old = instance.get_run_ids(ended, cursor=latest[-1], limit=DELETED_AT_ONCE)
    for run_id in old:
        _delete_run(instance, home, run_id)
    return len(old)


def _delete_run(instance: dg.DagsterInstance, home: Path, run_id: str) -> None:
    """Delete a run and its files. The run itself goes last, so that a half-deleted run is found again."""
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    shutil.rmtree(home / "storage" / run_id, ignore_errors=True)
    lease_path(home, run_id).unlink(missing_ok=True)
    _delete_events(instance, run_id)
    for path in (home / "history" / "runs").glob(f"{run_id}.db*"):
        path.unlink(missing_ok=True)
    instance.run_storage.delete_run(run_id)


def _delete_events(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete the run's events and check results, but keep the latest materialization of each day of a table and the
    latest result of each check, because they show the current state.

    Events of earlier runs that were kept for this reason are deleted, too, if this run has later events of the same
    kind.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        storage.delete_events(run_id)
        return
    with storage.index_connection() as connection:
        for old in (_events_not_last(run_id), _outdated(EVENTS, run_id, EVENT_SUBJECT)):
            connection.execute(AssetEventTagsTable.delete().where(AssetEventTagsTable.c.event_id.in_(old)))
            connection.execute(EVENTS.delete().where(EVENTS.c.id.in_(old)))
        for old in (_checks_not_last(run_id), _outdated(CHECKS, run_id, CHECK_SUBJECT)):
            connection.execute(CHECKS.delete().where(CHECKS.c.id.in_(old)))


def _events_not_last(run_id: str) -> Any:
    is_last = (EVENTS.c.dagster_event_type == MATERIALIZATION) & ~_has_later(EVENTS, EVENT_SUBJECT)
    return db_select([EVENTS.c.id]).where(EVENTS.c.run_id == run_id, ~is_last)


def _checks_not_last(run_id: str) -> Any:
    return db_select([CHECKS.c.id]).where(CHECKS.c.run_id == run_id, _has_later(CHECKS, CHECK_SUBJECT))


def _has_later(table: Any, subject: Sequence[str]) -> Any:
    """Return the condition that a later row has the same subject."""
    later = table.alias()
    return db_select([later.c.id]).where(*_same(table, later, subject), later.c.id > table.c.id).exists()


def _outdated(table: Any, run_id: str, subject: Sequence[str]) -> Any:
    """Select the earlier rows with the same subjects as this run's rows."""
    own, earlier = table.alias(), table.alias()
    return db_select([earlier.c.id]).where(
        own.c.run_id == run_id, *_same(own, earlier, subject), earlier.c.id < own.c.id
    )


def _same(one: Any, other: Any, subject: Sequence[str]) -> list[Any]:
    same = [one.c[column].is_not_distinct_from(other.c[column]) for column in subject]
    is_one = [
        table.c.dagster_event_type == MATERIALIZATION for table in (one, other) if "dagster_event_type" in table.c
    ]
    return [*same, *is_one]


def _delete_dbt_files(targets: Path, kept_run_ids: Sequence[str]) -> None:
    for folder in old_dbt_folders(targets.glob("*/dbt_*"), kept_run_ids):
        shutil.rmtree(folder, ignore_errors=True)


def old_dbt_folders(folders: Iterable[Path], kept_run_ids: Sequence[str]) -> list[Path]:
    """Return the folders of dbt commands that no run of `kept_run_ids` started."""
    kept = {run_id[:7] for run_id in kept_run_ids}
    named = [(folder, DBT_FOLDER.fullmatch(folder.name)) for folder in folders]
    return [folder for folder, name in named if name and name["run"] not in kept]
