"""Where builds over many days are cut."""

from datetime import date, timedelta
from uuid import uuid4

import msgspec

from event_lens.warehouse.client import Warehouse
from orchestration.planning.chunks import BYTES_AN_EVENT, chunk_ends

# A month in which no other test has events.
FIRST = date(2016, 5, 1)
EVENTS_BY_DAY = [3, 1, 0, 4, 2, 9, 1]


def _land(warehouse: Warehouse) -> list[date]:
    project_id = f"chunks-{uuid4().hex}"
    days = [FIRST + timedelta(days=number) for number in range(len(EVENTS_BY_DAY))]
    rows = [
        {"project_id": project_id, "name": "click", "created_at": f"{day} 12:00:00.000", "day": day.isoformat()}
        for day, count in zip(days, EVENTS_BY_DAY, strict=True)
        for _ in range(count)
    ]
    body = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    warehouse.insert_lines("lens_raw.events", body, token=project_id)
    return days


def test_a_chunk_has_whole_days_and_no_more_events_than_it_may(warehouse: Warehouse) -> None:
    days = _land(warehouse)
    assert chunk_ends(warehouse, days, memory_bytes=5 * BYTES_AN_EVENT) == [days[1], days[3], days[4], days[5]]
    assert chunk_ends(warehouse, days, memory_bytes=20 * BYTES_AN_EVENT) == []
    # Only the days to build count: without the fourth day, the first two and the fifth have few enough events.
    assert chunk_ends(warehouse, [day for day in days if day != days[3]], memory_bytes=6 * BYTES_AN_EVENT) == [
        days[4],
        days[5],
    ]
