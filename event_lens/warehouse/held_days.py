"""The days on which a project has raw rows. A build of all the project's days recomputes these days."""

from dataclasses import dataclass
from datetime import date

from event_lens.warehouse.client import Warehouse

HELD = """
SELECT min(day) AS first_day, max(day) AS last_day, uniqExact(day) AS day_count
FROM
(
    SELECT DISTINCT day FROM lens_raw.events WHERE project_id = {project:String}
    UNION ALL
    SELECT DISTINCT day FROM lens_raw.profile_operations WHERE project_id = {project:String}
)
"""


@dataclass(frozen=True)
class HeldDays:
    """The first and the last UTC day, and how many there are."""

    first_day: date
    last_day: date
    day_count: int


def find_held_days(warehouse: Warehouse, project_id: str) -> HeldDays | None:
    """Return the days of the project, or None before anything has landed. Blocks; raises what the client raises."""
    (row,) = warehouse.rows(HELD, {"project": project_id})
    return HeldDays(**row) if row["day_count"] else None
