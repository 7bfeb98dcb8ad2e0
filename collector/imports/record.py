"""The record of imports: one row per import in `lens_raw.imports`. By this row an import is found, resumed after a
kill, and undone.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from event_lens.contract.rows import timestamp
from event_lens.warehouse.client import Warehouse

IMPORTS = "lens_raw.imports"
RUNNING, FINISHED, UNDONE = "running", "finished", "undone"
FIND = """
    SELECT import_id, toUnixTimestamp64Milli(started_at) AS started_at_ms FROM lens_raw.imports FINAL
    WHERE project_id = {project:String} AND source = {source:String} AND files = {files:Array(String)}
        AND state = 'running'
    ORDER BY started_at DESC LIMIT 1
"""
LIST = """
    SELECT *, toUnixTimestamp64Milli(started_at) AS started_at_ms FROM lens_raw.imports FINAL
    WHERE ({project:String} = '' OR project_id = {project:String})
        AND ({import_id:String} = '' OR import_id = {import_id:String})
    ORDER BY started_at
"""


@dataclass
class ImportRecord:
    """Counts grow while the import runs; `known_count` counts rows that an earlier import had landed."""

    import_id: str
    project_id: str
    source: str
    files: list[str]
    started_at_ms: int
    state: str = RUNNING
    line_count: int = 0
    event_count: int = 0
    bot_count: int = 0
    operation_count: int = 0
    known_count: int = 0
    unreadable_count: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    first_event_ms: int = 0
    last_event_ms: int = 0


def new_record(project_id: str, source: str, files: Sequence[str], started_at_ms: int) -> ImportRecord:
    return ImportRecord(secrets.token_hex(6), project_id, source, list(files), started_at_ms)


def find_unfinished(warehouse: Warehouse, project_id: str, source: str, files: Sequence[str]) -> str:
    """Return the id of an import of the same files that was stopped before its end; empty if there is none."""
    rows = warehouse.rows(FIND, {"project": project_id, "source": source, "files": list(files)})
    return str(rows[0]["import_id"]) if rows else ""


def list_imports(warehouse: Warehouse, project_id: str = "", import_id: str = "") -> list[dict[str, Any]]:
    """Return the imports of a project, the oldest first. With `import_id`, return only that import."""
    return warehouse.rows(LIST, {"project": project_id, "import_id": import_id})


def count_all_runs(warehouse: Warehouse, record: ImportRecord) -> None:
    """Set a record's counts of events and operations to the rows that all runs of the import have landed."""
    (row,) = warehouse.rows(
        "SELECT count() AS events, countIf(is_bot) AS bots, toUnixTimestamp64Milli(min(created_at)) AS first,"
        " toUnixTimestamp64Milli(max(created_at)) AS last,"
        " (SELECT count() FROM lens_raw.profile_operations"
        " WHERE project_id = {project:String} AND import_id = {import_id:String}) AS operations"
        " FROM lens_raw.events"
        " WHERE project_id = {project:String} AND import_id = {import_id:String}",
        {"project": record.project_id, "import_id": record.import_id},
    )
    record.event_count, record.bot_count, record.operation_count = row["events"], row["bots"], row["operations"]
    record.first_event_ms, record.last_event_ms = row["first"], row["last"]


def write_record(warehouse: Warehouse, record: ImportRecord, at_ms: int) -> None:
    row = {
        "import_id": record.import_id,
        "project_id": record.project_id,
        "source": record.source,
        "files": record.files,
        "state": record.state,
        "started_at": timestamp(record.started_at_ms),
        "updated_at": timestamp(at_ms),
        "line_count": record.line_count,
        "event_count": record.event_count,
        "bot_count": record.bot_count,
        "operation_count": record.operation_count,
        "known_count": record.known_count,
        "unreadable_count": record.unreadable_count,
        "left_out": record.left_out,
        "first_event_at": timestamp(record.first_event_ms),
        "last_event_at": timestamp(record.last_event_ms),
    }
    token = f"{record.import_id}.{record.state}.{at_ms}.{secrets.token_hex(4)}"
    warehouse.insert_lines(IMPORTS, msgspec.json.encode(row), token=token)
