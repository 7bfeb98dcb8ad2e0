"""Where a build over many days is cut, so that no insert takes in more than a bounded number of events."""

from collections.abc import Sequence
from datetime import date

from event_lens.warehouse.connection import Warehouse

# Five million events of a shop take about 3 GB to sessionize; a day is never cut.
EVENTS_A_CHUNK = 5_000_000


def chunk_ends(warehouse: Warehouse, days: Sequence[date] | None, events_a_chunk: int = EVENTS_A_CHUNK) -> list[date]:
    """The last day of every chunk but the last one, for a build of `days` (`None`: of all that raw has)."""
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
