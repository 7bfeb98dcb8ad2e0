"""Splits a build over many days, so that every insert reads a bounded number of events."""

from collections.abc import Sequence
from datetime import date

from event_lens.warehouse.client import Warehouse

# The events of a shop take about 600 bytes each while they are sessionized, and a chunk should stay well below half of
# the memory, beyond which ClickHouse spills to disk. A day is never split.
BYTES_AN_EVENT = 1600


def chunk_ends(warehouse: Warehouse, days: Sequence[date] | None, memory_bytes: int) -> list[date]:
    """Return the last day of every chunk except the last one, for a build of `days` (`None`: of all days with raw
    events).

    A chunk has so few events that a statement with `memory_bytes` can hold them with room to spare.
    """
    events_a_chunk = memory_bytes // BYTES_AN_EVENT
    counts = warehouse.rows(
        "SELECT day, count() AS events FROM lens_raw.events WHERE {all:Bool} OR day IN {days:Array(Date)} "
        "GROUP BY day ORDER BY day",
        {"all": days is None, "days": list(days or [])},
    )
    ends: list[date] = []
    taken = 0
    for previous, row in zip([None, *counts], counts, strict=False):
        if previous is not None and taken + row["events"] > events_a_chunk:
            ends.append(previous["day"])
            taken = 0
        taken += row["events"]
    return ends
