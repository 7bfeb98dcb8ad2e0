"""Takes the rows of an import out again, and has the days they were on built anew."""

from collections.abc import Mapping
from typing import Any

import msgspec

from collector.imports.record import UNDONE, ImportRecord, list_imports, write_record
from event_lens.clock import Clock, now_ms
from event_lens.contract.rows import BatchRow, timestamp
from event_lens.errors import Refused
from event_lens.warehouse.client import Warehouse

TABLES = ("lens_raw.events", "lens_raw.profile_operations", "lens_raw.quarantine")
_AT = {"lens_raw.quarantine": "received_at"}
NOTE = """
    INSERT INTO lens_raw.removed_events (batch_id, project_id, created_at, received_at)
    SELECT DISTINCT
        {{batch:String}}, project_id, toStartOfInterval({at}, INTERVAL 15 MINUTE), toStartOfHour(received_at)
    FROM {table}
    WHERE project_id = {{project:String}} AND import_id = {{import_id:String}}
"""
NOTED = """
    SELECT count() AS noted, toUnixTimestamp64Milli(min(created_at)) AS first_event_ms,
        toUnixTimestamp64Milli(max(created_at)) AS last_event_ms,
        toUnixTimestamp64Milli(min(received_at)) AS first_received_ms,
        toUnixTimestamp64Milli(max(received_at)) AS last_received_ms
    FROM lens_raw.removed_events WHERE batch_id = {batch:String}
"""


FORGET = (
    *(
        f"ALTER TABLE {table} DELETE WHERE project_id = {{project:String}} AND import_id = {{import_id:String}}"
        for table in TABLES
    ),
    "ALTER TABLE lens_raw.batches DELETE WHERE import_id = {import_id:String}",
    "ALTER TABLE lens_raw.settled_batches DELETE WHERE import_id = {import_id:String}",
    "ALTER TABLE lens_staging.built_batches DELETE WHERE startsWith(batch_id, {import_id:String})",
)
COUNT = """
    SELECT count() AS row_count FROM {table}
    WHERE project_id = {{project:String}} AND import_id = {{import_id:String}}
"""


def undo_import(warehouse: Warehouse, import_id: str, *, clock: Clock = now_ms) -> int:
    """Delete the rows of an import, as a user who may; returns how many. Killed in the middle, it is run again.

    The next build builds the days anew on which they were. Blocks. Raises `Refused` (`import_unknown`).
    """
    found = list_imports(warehouse, import_id=import_id) if import_id else []
    if not found:
        raise Refused(f"There is no import {import_id!r}; `eventlens import list` shows them.", code="import_unknown")
    values = {"project": found[0]["project_id"], "import_id": import_id}
    batch_id = f"undo-{import_id}"
    row_count = 0
    for table in TABLES:
        row_count += warehouse.rows(COUNT.format(table=table), values)[0]["row_count"]
        note = NOTE.format(table=table, at=_AT.get(table, "created_at"))
        warehouse.command(note, values | {"batch": batch_id})
    for statement in FORGET:
        warehouse.command(statement, values, {"mutations_sync": 2})
    # Only now: a build that runs meanwhile may not take the batch for built while it still sees the rows.
    _land_batch(warehouse, batch_id, clock())
    write_record(warehouse, _undone(found[0]), clock())
    return int(row_count)


def _land_batch(warehouse: Warehouse, batch_id: str, at_ms: int) -> None:
    (noted,) = warehouse.rows(NOTED, {"batch": batch_id})
    if not noted["noted"]:
        return
    row = BatchRow(
        batch_id=batch_id,
        table_name="lens_raw.removed_events",
        landed_at=timestamp(at_ms),
        row_count=0,
        first_event_at=timestamp(noted["first_event_ms"]),
        last_event_at=timestamp(noted["last_event_ms"]),
        first_received_at=timestamp(noted["first_received_ms"]),
        last_received_at=timestamp(noted["last_received_ms"]),
    )
    warehouse.insert_lines("lens_raw.batches", msgspec.json.encode(row), token=f"{batch_id}.{at_ms}")


def _undone(row: Mapping[str, Any]) -> ImportRecord:
    return ImportRecord(
        import_id=row["import_id"],
        project_id=row["project_id"],
        source=row["source"],
        files=row["files"],
        started_at_ms=row["started_at_ms"],
        state=UNDONE,
    )
