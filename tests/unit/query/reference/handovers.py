"""Derived devices that go on from the one they were under the salt before."""

from collections import defaultdict
from itertools import pairwise

from tests.spec.rows import DAY_MS, Project, Row
from tests.unit.query.reference.facts import counted_events

DeviceDay = tuple[str, int]


def handovers(project: Project) -> dict[DeviceDay, tuple[str, int]]:
    """By (device, UTC day): the device it goes on from, and the time of its last event that is that one's."""
    timeout_ms = project.session_timeout_seconds * 1000
    moments: dict[str, list[int]] = defaultdict(list)
    days: dict[DeviceDay, list[Row]] = defaultdict(list)
    for row in counted_events(project):
        moments[row["device_id"]].append(row["created_at"])
        days[row["device_id"], utc_day(row)].append(row)
    found: dict[DeviceDay, tuple[str, int]] = {}
    for (device, day), rows in days.items():
        first, previous = rows[0], rows[0].get("previous_device_id", "")
        since = first["created_at"] - timeout_ms
        is_seen = any(since < moment <= first["created_at"] for moment in moments[previous])
        if first["device_kind"] == "derived" and previous not in ("", device) and is_seen:
            times = [row["created_at"] for row in rows]
            before_pauses = [time for time, after in pairwise(times) if after - time >= timeout_ms]
            found[device, day] = previous, [*before_pauses, times[-1]][0]
    return found


def device_of(row: Row, handed: dict[DeviceDay, tuple[str, int]]) -> str:
    """The device that an event belongs to."""
    previous, until = handed.get((row["device_id"], utc_day(row)), ("", 0))
    return previous if row["created_at"] <= until else str(row["device_id"])


def utc_day(row: Row) -> int:
    return int(row["created_at"] // DAY_MS)
