"""The tail: landed and unbuilt events, counted as the next build will count them (docs/decisions/0034-the-tail.md). For
each device of the tail, the days that its events can change are recomputed from the raw tables; all other rows come
from the tables of `lens`. This module finds the devices and days, and the models `int_tail_events` and
`int_tail_sessions` recompute them.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from event_lens.errors import Unavailable
from event_lens.warehouse.unbuilt import BATCHES, concerned_rows
from query.periods import FIRST_DAY, LAST_DAY
from query.statement import Row, Statement, Value

MAX_DEVICES = 20_000
"""A statement carries the ids of these devices. Only where no builds run does the tail have more devices."""

# A row of UTC day D counts on a local day from D - 1 to D + 1, and changes rows of the day before that to four days on.
# Each of those days is built from rows of four local days before it (docs/decisions/0003-session-reach.md).
CHANGED_DAYS = (-2, 5)
READ_DAYS = (-5, 1)

CONCERNED = f"""
SELECT
    uniqExact(device_id) AS device_count,
    groupUniqArray({MAX_DEVICES + 1})(device_id) AS devices,
    groupUniqArray(day) AS days
FROM ({concerned_rows("lens_raw.events", ("device_id", "day"), "{project:String}")})
"""

# A link that the last build does not know can change the owner of events, and a row that was deleted from the raw
# tables can change the counts.
BESIDES = f"""
WITH
    landed AS
    (
        SELECT device_id, previous_device_id, device_kind, profile_id
        FROM lens_raw.events
        WHERE project_id = {{project:String}} AND day IN {{days:Array(Date)}} AND batch_id IN ({BATCHES})
    ),
    links AS
    (
        SELECT arrayJoin([device_id, previous_device_id]) AS linked_id, profile_id
        FROM
        (
            SELECT * FROM landed
            UNION ALL
            SELECT device_id, previous_device_id, device_kind, profile_id
            FROM lens_raw.profile_operations
            WHERE project_id = {{project:String}} AND operation IN ('identify', 'alias') AND batch_id IN ({BATCHES})
        )
        WHERE linked_id != '' AND profile_id != '' AND device_kind != 'server'
    )
SELECT
    (SELECT (count(), uniqExact(device_id)) FROM landed) AS counts,
    (
        SELECT uniqExact(linked_id, profile_id) FROM links
        WHERE (linked_id, profile_id) NOT IN
        (
            SELECT device_id, profile_id FROM lens_staging.int_identities WHERE project_id = {{project:String}}
        )
    ) AS link_count,
    (
        SELECT count() FROM lens_raw.profile_operations
        WHERE project_id = {{project:String}} AND operation = 'alias' AND batch_id IN ({BATCHES})
    ) AS alias_count,
    (
        SELECT count() FROM lens_raw.changed_events
        WHERE project_id = {{project:String}} AND batch_id IN ({BATCHES})
    ) AS taken_count,
    (
        SELECT max(closed_before) FROM (SELECT * FROM lens_raw.closed_days FINAL) WHERE project_id = {{project:String}}
    ) AS closed_before
"""

# A derived device continues the device under the previous salt, or is continued by the one under the next salt.
HANDED_OVER = """
SELECT groupUniqArrayArray([device_id, previous_device_id]) AS devices
FROM lens_raw.events
WHERE project_id = {project:String} AND day IN {days:Array(Date)} AND previous_device_id != ''
    AND (device_id IN {devices:Array(String)} OR previous_device_id IN {devices:Array(String)})
"""

COPIES = "SELECT batch_id, batch_row FROM lens_staging.int_tail_copies({arguments})"
HANDOVERS = """
SELECT device_id, utc_day, previous_device_id, toUnixTimestamp64Milli(last_at) AS until
FROM lens_staging.int_tail_handovers({arguments})
"""

KINDS = {
    "project": "String",
    "read_devices": "Array(String)",
    "read_days": "Array(Date)",
    "copied_batches": "Array(String)",
    "copied_rows": "Array(UInt32)",
    "devices": "Array(String)",
    "days": "Array(Date)",
    "handed_devices": "Array(String)",
    "handed_days": "Array(Date)",
    "handed_from": "Array(String)",
    "handed_until": "Array(Int64)",
}
"""The parameters of the tail's views, with their types."""


@dataclass(frozen=True)
class Tail:
    """A project's tail: `row_count` rows of `device_count` devices, and the parameters of the views that count them, if
    any. `link_count` is the number of links between a device and a profile, or between two profiles, that the last
    build does not know. `is_less` says that raw rows were deleted and are still counted.
    """

    row_count: int
    device_count: int
    link_count: int
    is_less: bool
    told: Mapping[str, Value]

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes on what the tail adds to an answer, and which numbers are approximate."""
        notes = []
        if self.row_count:
            notes.append(f"{self.row_count} events of {self.device_count} devices are not built: raw tells of them.")
        if self.link_count:
            notes.append(
                f"Owners are those of the last build: {self.link_count} links to profiles are not built. People are "
                "within so many of what the next build counts; what asks for a profile can differ by more."
            )
        if self.is_less:
            notes.append("Rows that were taken out of raw are counted until the next build.")
        return tuple(notes)

    def over(self, statement: Statement) -> Statement:
        """Return `statement` over the tables of `lens` and this tail."""
        if not self.told:
            return statement
        view = rf" lens_staging.int_tail_\1({_arguments(self.told)})"
        sql = re.sub(r" lens\.(events|sessions)\b", view, statement.sql)
        return Statement(sql, {**statement.parameters, **_bound(self.told)})


def _arguments(told: Iterable[str]) -> str:
    return ", ".join(f"{name} = {{tail_{name}:{KINDS[name]}}}" for name in told)


def _bound(told: Mapping[str, Value]) -> dict[str, Value]:
    return {f"tail_{name}": value for name, value in told.items()}


def read_tail(ask: Callable[[Statement], list[Row]], project_id: str) -> Tail | None:
    """Return the project's tail; None when the project has no unbuilt events. Raises `Unavailable` (`tail_too_large`)
    and what `ask` raises.
    """
    (found,) = ask(Statement(CONCERNED, {"project": project_id}))
    if found["device_count"] > MAX_DEVICES:
        raise Unavailable(
            f"Unbuilt events touch {found['device_count']} devices, more than {MAX_DEVICES}. Ask without "
            "freshness, or build first (`eventlens build`).",
            code="tail_too_large",
            retry_after_seconds=60,
        )
    (besides,) = ask(Statement(BESIDES, {"project": project_id, "days": _written(found["days"])}))
    link_count = besides["link_count"] + besides["alias_count"]
    row_count, device_count = besides["counts"]
    is_less = bool(besides["taken_count"])
    if not row_count:
        return Tail(0, 0, link_count, is_less, {}) if link_count or is_less else None
    open_from = besides["closed_before"] or date.min
    days = tuple(day for day in _around(found["days"], CHANGED_DAYS) if day >= open_from)
    read_days = _around(days, READ_DAYS)

    def rows_of(sql: str, told: Mapping[str, Value]) -> list[Row]:
        return ask(Statement(sql.format(arguments=_arguments(told)), _bound(told)))

    def handed_over(devices: Collection[str]) -> list[str]:
        """Return `devices`, the devices that they continue, and the devices that continue them."""
        values: dict[str, Value] = {"project": project_id, "devices": list(devices), "days": _written(read_days)}
        (row,) = ask(Statement(HANDED_OVER, values))
        return sorted({*devices, *row["devices"]})

    devices = handed_over(found["devices"])
    told: dict[str, Value] = {
        "project": project_id,
        "read_devices": handed_over(devices),
        "read_days": _written(read_days),
    }
    copies = rows_of(COPIES, told)
    told |= {
        "copied_batches": [row["batch_id"] for row in copies],
        "copied_rows": [row["batch_row"] for row in copies],
    }
    handovers = rows_of(HANDOVERS, told)
    told |= {
        "devices": devices,
        "days": _written(days),
        "handed_devices": [row["device_id"] for row in handovers],
        "handed_days": _written(row["utc_day"] for row in handovers),
        "handed_from": [row["previous_device_id"] for row in handovers],
        "handed_until": [row["until"] for row in handovers],
    }
    return Tail(
        row_count=row_count,
        device_count=device_count,
        # A device that continues another one has its links.
        link_count=link_count + len(devices) - len(found["devices"]),
        is_less=is_less,
        told=told,
    )


def _around(days: Iterable[date], reach: tuple[int, int]) -> tuple[date, ...]:
    before, after = reach
    near = {day + timedelta(days=offset) for day in days for offset in range(before, after + 1)}
    return tuple(sorted(day for day in near if FIRST_DAY <= day <= LAST_DAY))


def _written(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in days]
