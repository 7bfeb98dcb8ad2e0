"""Tells builds on which days raw rows were deleted or changed, by a batch that holds the times of these rows."""

from collections.abc import Mapping

import msgspec

from event_lens.contract.rows import BatchRow, timestamp
from event_lens.warehouse.client import Warehouse

CHANGED = "lens_raw.changed_events"
NOTE = """
    INSERT INTO lens_raw.changed_events (batch_id, project_id, created_at, received_at)
    SELECT DISTINCT
        {{batch:String}}, project_id, toStartOfInterval({at}, INTERVAL 15 MINUTE), toStartOfHour(received_at)
    FROM {table}
    WHERE {condition}
"""
NOTED = """
    SELECT count() AS noted, toUnixTimestamp64Milli(min(created_at)) AS first_event_ms,
        toUnixTimestamp64Milli(max(created_at)) AS last_event_ms,
        toUnixTimestamp64Milli(min(received_at)) AS first_received_ms,
        toUnixTimestamp64Milli(max(received_at)) AS last_received_ms
    FROM lens_raw.changed_events WHERE batch_id = {batch:String}
"""
_AT = {"lens_raw.quarantine": "received_at"}


def note_changes(warehouse: Warehouse, batch_id: str, table: str, condition: str, values: Mapping[str, object]) -> None:
    """Note the times of the rows that will change, before the change. `condition` is SQL of ours, and `values` are
    bound to its parameters.
    """
    note = NOTE.format(table=table, at=_AT.get(table, "created_at"), condition=condition)
    warehouse.command(note, {**values, "batch": batch_id})


def land_changes(warehouse: Warehouse, batch_id: str, at_ms: int) -> None:
    """Have the next build rebuild the noted days. Call it after the rows have changed: otherwise a build in between
    would mark the batch as built although it read the old rows.
    """
    (noted,) = warehouse.rows(NOTED, {"batch": batch_id})
    if not noted["noted"]:
        return
    row = BatchRow(
        batch_id=batch_id,
        table_name=CHANGED,
        landed_at=timestamp(at_ms),
        row_count=0,
        first_event_at=timestamp(noted["first_event_ms"]),
        last_event_at=timestamp(noted["last_event_ms"]),
        first_received_at=timestamp(noted["first_received_ms"]),
        last_received_at=timestamp(noted["last_received_ms"]),
    )
    warehouse.insert_lines("lens_raw.batches", msgspec.json.encode(row), token=f"{batch_id}.{at_ms}")
