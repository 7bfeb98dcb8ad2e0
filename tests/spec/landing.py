"""Lands rows as the writer does (rows, then the batch), and says which days a build has to touch."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from event_lens.contract.rows import timestamp
from event_lens.warehouse.client import Warehouse
from tests.spec.rows import DAY_MS, EVENTS, HOUR_MS, OPERATIONS, QUARANTINE, Project, Row, moment

Landing = tuple[str, Project, Row]
_MARK_BUILT = """
INSERT INTO lens_staging.built_batches
SELECT batch_id, 'tests', now64(3) FROM
(
    SELECT DISTINCT batch_id FROM lens_raw.events WHERE project_id IN {projects:Array(String)}
    UNION DISTINCT
    SELECT DISTINCT batch_id FROM lens_raw.profile_operations WHERE project_id IN {projects:Array(String)}
    UNION DISTINCT SELECT DISTINCT batch_id FROM lens_raw.quarantine WHERE project_id IN {projects:Array(String)}
)
"""
ID_WINDOW_MS = 7 * DAY_MS


@dataclass
class Touched:
    """Local days whose facts may change, and UTC days of receipt whose ledger may."""

    days: set[date] = field(default_factory=set)
    receive_days: set[date] = field(default_factory=set)

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(self.days | other.days, self.receive_days | other.receive_days)

    def as_vars(self) -> dict[str, list[str]]:
        """The dbt vars: a changed day moves sessions from the day before to four days after it."""
        received = self.receive_days
        return {
            "days": sorted({(day + timedelta(days=by)).isoformat() for day in self.days for by in range(-1, 5)}),
            "receive_days": sorted({(day + timedelta(days=by)).isoformat() for day in received for by in range(8)}),
        }


def rows_of(projects: Iterable[Project]) -> list[Landing]:
    """Everything that was sent to `projects`."""
    return [
        (table, project, row)
        for project in projects
        for table, rows in ((EVENTS, project.events), (OPERATIONS, project.operations), (QUARANTINE, project.rejected))
        for row in rows
    ]


def land(warehouse: Warehouse, landings: list[Landing], landed_before: list[Landing]) -> Touched:
    """Insert `landings` as one batch per table; `landed_before` is what lies in raw already."""
    touched = Touched()
    for table in (EVENTS, OPERATIONS, QUARANTINE):
        batch_id = uuid4().hex
        rows = [(project, row) for at, project, row in landings if at == table]
        for number, (project, row) in enumerate(rows):
            row |= {"project_id": project.project_id, "batch_id": batch_id, "batch_row": number}
        if rows:
            _insert(warehouse, table, [row for _, row in rows], batch_id)
            receipts = [row["received_at"] for _, row in rows]
            batch = {
                "batch_id": batch_id,
                "table_name": table,
                "landed_at": timestamp(moment("2026-06-01")),
                "row_count": len(rows),
                "first_received_at": timestamp(min(receipts)),
                "last_received_at": timestamp(max(receipts)),
            }
            _insert(warehouse, "lens_raw.batches", [batch], f"{batch_id}-batch")
    sent_ids = {row["event_id"] for table, _, row in landings if table != QUARANTINE and row["message_id"]}
    for table, project, row in landings:
        touched.receive_days.add(datetime.fromtimestamp(row["received_at"] / 1000, UTC).date())
        if table != QUARANTINE:
            touched.days.add(project.local_day(row["created_at"]))
    # The copy that lands last can be the one that was received first.
    for table, project, row in landed_before:
        if table != QUARANTINE and row["event_id"] in sent_ids:
            touched.days.add(project.local_day(row["created_at"]))
    return touched


def land_settings(warehouse: Warehouse, projects: Iterable[Project]) -> None:
    """Copy settings, zone offsets and definitions, as a build does when it starts."""
    copied_at = timestamp(moment("2026-06-01"))
    settings = list[Row]()
    offsets: dict[str, list[Row]] = {}
    definitions: dict[str, list[Row]] = {}
    for project in projects:
        settings.append(
            {
                "project_id": project.project_id,
                "name": project.project_id,
                "timezone": project.timezone,
                "currency": project.currency,
                "session_timeout_seconds": project.session_timeout_seconds,
                "duplicate_window_ms": project.duplicate_window_ms,
                "allowed_bots": project.allowed_bots,
                "copied_at": copied_at,
            }
        )
        if project.timezone not in offsets:
            offsets[project.timezone] = [row | {"copied_at": copied_at} for row in _offsets(project)]
        for kind, rows in project.definitions.items():
            common = {"project_id": project.project_id, "copied_at": copied_at}
            definitions.setdefault(f"lens_raw.{kind}_definitions", []).extend(common | row for row in rows)
    for table, rows in (
        ("lens_raw.project_settings", settings),
        ("lens_raw.zone_offsets", [row for changes in offsets.values() for row in changes]),
        *definitions.items(),
    ):
        _insert(warehouse, table, rows, uuid4().hex)


def mark_built(warehouse: Warehouse, projects: Iterable[Project]) -> None:
    """Note that a build took in everything that was sent to `projects`, as one does at its end."""
    warehouse.command(_MARK_BUILT, {"projects": [project.project_id for project in projects]})


def _offsets(project: Project) -> list[dict[str, Any]]:
    """The offsets of the project's zone over the years of the tests, found by asking at every half hour."""
    first, last = moment("2025-01-01"), moment("2027-01-01")
    changes = [{"zone": project.timezone, "from_utc": timestamp(0), "offset_seconds": project.offset_seconds(first)}]
    for at in range(first, last, HOUR_MS // 2):
        if (ahead := project.offset_seconds(at)) != changes[-1]["offset_seconds"]:
            changes.append({"zone": project.timezone, "from_utc": timestamp(at), "offset_seconds": ahead})
    return changes


def _insert(warehouse: Warehouse, table: str, rows: list[Row], token: str) -> None:
    times = ("created_at", "received_at")
    lines = [json.dumps(row | {name: timestamp(row[name]) for name in times if name in row}) for row in rows]
    warehouse.insert_lines(table, "\n".join(lines).encode(), token=token)
