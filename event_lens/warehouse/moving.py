"""Rows of a project that moves from one shard to another: copied day by day, hidden from questions over all shards,
dropped.

Every function can be repeated: a day with as many rows on both shards is left alone, a day that differs is copied
again.
"""

import time
from collections.abc import Mapping
from datetime import date

from event_lens.errors import Refused
from event_lens.registry.placements import Move
from event_lens.shards import OWN
from event_lens.warehouse.client import Warehouse

# The raw tables with rows of projects, and the day by which each is copied.
_DAY_OF = {
    "lens_raw.events": "day",
    "lens_raw.profile_operations": "day",
    "lens_raw.quarantine": "toDate(received_at)",
}
_EVENT_TIME = {"lens_raw.quarantine": "received_at"}
_BOTS = {"lens_raw.quarantine": "0"}
_REJECTED = {"lens_raw.quarantine": "count()"}
_LOOK_SECONDS = 0.1

# Copies are inserted without tokens, since rows that were deleted may be copied again.
_COPY = {"insert_deduplicate": 0, "async_insert": 0, "max_partitions_per_insert_block": 0}
_AT_ONCE = {"mutations_sync": 2, "allow_nondeterministic_mutations": 1}


def hide_project(warehouse: Warehouse, project_id: str, *, is_hidden: bool) -> None:
    """Set whether questions over all shards leave out this shard's rows of the project."""
    warehouse.command(
        "INSERT INTO lens_raw.hidden_projects SELECT {project:String}, {hidden:UInt8}, now64(3, 'UTC')",
        {"project": project_id, "hidden": int(is_hidden)},
        {"async_insert": 0},
    )


def copy_rows(source: Warehouse, target: Warehouse, move: Move, cluster: str, *, is_noted: bool) -> int:
    """Copy the project's raw rows to the new shard and return the number of copied days; blocks. With `is_noted` the
    new shard records their batches as landed and not built, so that its next build takes them in. No build may run on
    the new shard meanwhile.
    """
    copied = 0
    for table, day in _DAY_OF.items():
        there, here = _days(source, table, day, move), _days(target, table, day, move)
        for each in sorted(there.keys() | here.keys()):
            if there.get(each) == here.get(each):
                continue
            values = {"project": move.project_id, "day": each, "shard": move.from_shard}
            of_day = f"project_id = {{project:String}} AND {day} = {{day:Date}}"
            at_source = f"FROM cluster('{cluster}', {table}) WHERE _shard_num = {{shard:UInt32}} AND {of_day}"
            if is_noted:
                _note_batches(target, table, at_source, values)
            if each in here:
                target.command(f"ALTER TABLE {table} DELETE WHERE {of_day}", values, _AT_ONCE)
            target.command(f"INSERT INTO {table} SELECT * {at_source}", values, _COPY)
            copied += 1
    target.command(
        f"INSERT INTO lens_raw.imports SELECT * FROM cluster('{cluster}', lens_raw.imports) "
        "WHERE _shard_num = {shard:UInt32} AND project_id = {project:String}",
        {"project": move.project_id, "shard": move.from_shard},
        _COPY,
    )
    return copied


def check_no_import(source: Warehouse, project_id: str) -> None:
    """Raise `Refused` (`import_running`) while an import of the project is unfinished."""
    running = "SELECT import_id FROM lens_raw.imports FINAL WHERE project_id = {project:String} AND state = 'running'"
    for row in source.rows(running, {"project": project_id}):
        raise Refused(
            f"The import {row['import_id']} of {project_id} is running or was stopped. Finish it, or undo it "
            "(eventlens import undo), then move the project.",
            code="import_running",
        )


def _days(warehouse: Warehouse, table: str, day: str, move: Move) -> dict[date, int]:
    """Return the number of rows of the project on each day."""
    counted = (
        f"SELECT {day} AS on_day, count() AS row_count FROM {table} WHERE project_id = {{project:String}} GROUP BY 1"
    )
    return {row["on_day"]: row["row_count"] for row in warehouse.rows(counted, {"project": move.project_id})}


def _note_batches(target: Warehouse, table: str, rows: str, values: Mapping[str, object]) -> None:
    """Record the batches of `rows` as landed and not built, before the rows themselves are copied."""
    event_time, bots, rejected = (
        _EVENT_TIME.get(table, "created_at"),
        _BOTS.get(table, "countIf(is_bot)"),
        _REJECTED.get(table, "0"),
    )
    target.command(
        f"""
        INSERT INTO lens_raw.batches (
            batch_id, table_name, landed_at, row_count, rejected_count, bot_count, first_event_at, last_event_at,
            first_received_at, last_received_at, import_id
        )
        SELECT
            batch_id, '{table}', now64(3, 'UTC'), count(), {rejected}, {bots}, min({event_time}), max({event_time}),
            min(received_at), max(received_at), any(import_id)
        {rows}
        GROUP BY batch_id
        HAVING batch_id NOT IN (SELECT batch_id FROM lens_raw.batches WHERE table_name = '{table}')
        """,
        values,
        _COPY,
    )
    # A batch that is on both shards may already be built here. Other batches that are not settled yet are built once
    # more.
    target.command(
        "ALTER TABLE lens_staging.built_batches DELETE WHERE batch_id IN (SELECT batch_id FROM lens_raw.batches)",
        settings=_AT_ONCE,
    )


def wait_for_inserts(warehouse: Warehouse, replicas: str) -> None:
    """Block until every INSERT into raw tables that runs now has ended."""
    processes = f"clusterAllReplicas('{replicas}', system.processes)" if replicas else "system.processes"
    running = f"SELECT query_id FROM {processes} WHERE query_kind = 'Insert' AND position(query, 'lens_raw.') > 0"
    begun = {row["query_id"] for row in warehouse.rows(running)}
    while begun and begun & {row["query_id"] for row in warehouse.rows(running)}:
        time.sleep(_LOOK_SECONDS)


def drop_rows(warehouse: Warehouse, project_id: str) -> None:
    """Remove everything that this shard has of the project. No build may run here meanwhile."""
    tables = warehouse.rows(
        f"""
        SELECT DISTINCT concat(columns.database, '.`', columns.table, '`') AS name
        FROM system.columns AS columns
        INNER JOIN system.tables AS tables ON tables.database = columns.database AND tables.name = columns.table
        WHERE columns.database IN ('lens_raw', 'lens_staging', '{OWN}') AND columns.name = 'project_id'
            AND endsWith(tables.engine, 'MergeTree') AND columns.table != 'hidden_projects'
        ORDER BY name
        """
    )
    for row in tables:
        deleted = f"ALTER TABLE {row['name']} DELETE WHERE project_id = {{project:String}}"
        warehouse.command(deleted, {"project": project_id}, _AT_ONCE)
    drop_empty_batches(warehouse)


def drop_empty_batches(warehouse: Warehouse) -> None:
    """Remove waiting batches that have lost all their rows: no build would ever take them in."""
    waiting = (
        "SELECT {column} FROM lens_raw.batches WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
    )
    since = f"received_at >= (SELECT min(first_received_at) FROM ({waiting.format(column='first_received_at')}))"
    with_rows = " UNION ALL ".join(
        f"SELECT batch_id FROM {table} WHERE {since}" for table in (*_DAY_OF, "lens_raw.changed_events")
    )
    warehouse.command(
        f"ALTER TABLE lens_raw.batches DELETE WHERE batch_id IN ({waiting.format(column='batch_id')}) "
        f"AND batch_id NOT IN ({with_rows})",
        settings=_AT_ONCE,
    )
