"""Removes the rows of an import, and has their days rebuilt."""

from collections.abc import Mapping
from typing import Any

from collector.imports.record import UNDONE, ImportRecord, list_imports, write_record
from event_lens.clock import Clock, now_ms
from event_lens.errors import Refused
from event_lens.warehouse.changed_events import land_changes, note_changes
from event_lens.warehouse.client import Warehouse

TABLES = ("lens_raw.events", "lens_raw.profile_operations", "lens_raw.quarantine")
OF_IMPORT = "project_id = {project:String} AND import_id = {import_id:String}"
FORGET = (
    *(f"ALTER TABLE {table} DELETE WHERE {OF_IMPORT}" for table in TABLES),
    "ALTER TABLE lens_raw.batches DELETE WHERE import_id = {import_id:String}",
    "ALTER TABLE lens_raw.settled_batches DELETE WHERE import_id = {import_id:String}",
    "ALTER TABLE lens_staging.built_batches DELETE WHERE startsWith(batch_id, {import_id:String})",
)


def find_import(warehouse: Warehouse, import_id: str) -> dict[str, Any]:
    """Return the record of an import. Raises `Refused` (`import_unknown`)."""
    found = list_imports(warehouse, import_id=import_id) if import_id else []
    if not found:
        raise Refused(f"There is no import {import_id!r}; `eventlens import list` shows them.", code="import_unknown")
    return found[0]


def undo_import(warehouse: Warehouse, import_id: str, *, clock: Clock = now_ms) -> int:
    """Delete the rows of an import, through a user with the right to delete, and return their number. If it is killed
    in the middle, run it again.

    The next build rebuilds their days. Blocks. Raises `Refused` (`import_unknown`).
    """
    found = find_import(warehouse, import_id)
    values = {"project": found["project_id"], "import_id": import_id}
    batch_id = f"undo-{import_id}"
    row_count = 0
    for table in TABLES:
        row_count += int(warehouse.value(f"SELECT count() FROM {table} WHERE {OF_IMPORT}", values))
        note_changes(warehouse, batch_id, table, OF_IMPORT, values)
    for statement in FORGET:
        warehouse.command(statement, values, {"mutations_sync": 2})
    land_changes(warehouse, batch_id, clock())
    write_record(warehouse, _undone(found), clock())
    return row_count


def _undone(row: Mapping[str, Any]) -> ImportRecord:
    return ImportRecord(
        import_id=row["import_id"],
        project_id=row["project_id"],
        source=row["source"],
        files=row["files"],
        started_at_ms=row["started_at_ms"],
        state=UNDONE,
    )
