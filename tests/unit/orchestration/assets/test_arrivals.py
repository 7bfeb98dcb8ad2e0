"""Raw tables show in Dagster what they received lately, how late it was and how much of it was refused."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec

from event_lens.warehouse.client import Warehouse
from orchestration.assets.arrivals import EVENTS, OPERATIONS, QUARANTINE, arrival_metadata, read_arrivals


def land(warehouse: Warehouse, table: str, received_ago: timedelta, **more: str) -> None:
    """A row that was received some time ago, and happened half a minute earlier where the table says when."""
    received = datetime.now(UTC) - received_ago
    happened = {} if table == QUARANTINE else {"created_at": _text(received - timedelta(seconds=30))}
    row = {"project_id": str(uuid4()), "received_at": _text(received), **happened, **more}
    warehouse.insert_lines(table, msgspec.json.encode(row) + b"\n", token=row["project_id"])


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.000")


def counts(warehouse: Warehouse) -> dict[str, int]:
    return {row["table_name"]: row["received"] for row in read_arrivals(warehouse)}


def test_rows_of_the_last_day_count_and_neither_older_nor_imported_ones(warehouse: Warehouse) -> None:
    before = counts(warehouse)
    for table in (EVENTS, OPERATIONS, QUARANTINE):
        land(warehouse, table, timedelta(hours=1))
        land(warehouse, table, timedelta(hours=25))
        land(warehouse, table, timedelta(hours=1), import_id="an import")
    land(warehouse, EVENTS, timedelta(hours=23))
    after = counts(warehouse)
    assert {table: after[table] - before[table] for table in after} == {EVENTS: 2, OPERATIONS: 1, QUARANTINE: 1}
    [median, most] = next(row["late_seconds"] for row in read_arrivals(warehouse) if row["table_name"] == EVENTS)
    assert 0 <= median <= most


def test_lateness_and_the_share_of_refused_rows_are_shown() -> None:
    shown = arrival_metadata(
        [
            {"table_name": EVENTS, "received": 96, "late_seconds": [1.04, 60.0]},
            {"table_name": OPERATIONS, "received": 3, "late_seconds": []},
            {"table_name": QUARANTINE, "received": 1, "late_seconds": []},
        ]
    )
    assert shown[EVENTS] == {"received_in_24_hours": 96, "median_lateness_seconds": 1.0, "p95_lateness_seconds": 60.0}
    assert shown[OPERATIONS] == {"received_in_24_hours": 3}
    assert shown[QUARANTINE] == {"received_in_24_hours": 1, "percent_quarantined": 1.0}


def test_tables_that_received_nothing_show_no_lateness_and_no_share() -> None:
    nothing = [{"table_name": table, "received": 0, "late_seconds": []} for table in (EVENTS, OPERATIONS, QUARANTINE)]
    assert arrival_metadata(nothing) == {
        table: {"received_in_24_hours": 0} for table in (EVENTS, OPERATIONS, QUARANTINE)
    }
