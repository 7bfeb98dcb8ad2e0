"""What raw tables received in the last 24 hours, imports apart: how many rows, how late, and how many were refused."""

from collections.abc import Iterable, Mapping
from typing import Any

from event_lens.warehouse.client import Warehouse

EVENTS, OPERATIONS, QUARANTINE = (f"lens_raw.{name}" for name in ("events", "profile_operations", "quarantine"))

_RECEIVED = "received_at >= now64(3, 'UTC') - INTERVAL 1 DAY AND import_id = ''"
_ARRIVALS = f"""
    SELECT
        '{EVENTS}' AS table_name,
        count() AS received,
        quantiles(0.5, 0.95)(
            greatest(0, toUnixTimestamp64Milli(received_at) - toUnixTimestamp64Milli(created_at)) / 1000
        ) AS late_seconds
    FROM {EVENTS} WHERE {_RECEIVED}
    UNION ALL
    SELECT '{OPERATIONS}', count(), [] FROM {OPERATIONS} WHERE {_RECEIVED}
    UNION ALL
    SELECT '{QUARANTINE}', count(), [] FROM {QUARANTINE} WHERE {_RECEIVED}
"""


def read_arrivals(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return for each table how many rows it received, and for events the median and the 95th percentile of the seconds
    between an event's time and its receipt.
    """
    return warehouse.rows(_ARRIVALS)


def arrival_metadata(arrivals: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return what Dagster shows of each table."""
    rows = {row["table_name"]: row for row in arrivals}
    received = {table: int(row["received"]) for table, row in rows.items()}
    shown: dict[str, dict[str, float]] = {table: {"received_in_24_hours": count} for table, count in received.items()}
    if received[EVENTS]:
        median, most = rows[EVENTS]["late_seconds"]
        shown[EVENTS] |= {"median_lateness_seconds": round(median, 1), "p95_lateness_seconds": round(most, 1)}
    if sent := sum(received.values()):
        shown[QUARANTINE]["percent_quarantined"] = round(100 * received[QUARANTINE] / sent, 2)
    return shown
