"""The parts that lists of single events share."""

from typing import Annotated, Any

import msgspec

from query.freshness import as_instant
from query.paging import Instant, read_cursor
from query.shapes import DateTime, Money, Shape
from query.statement import Bindings, Row

EventId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f-]{36}$")]
EventPlace = tuple[Instant, EventId, Instant]
"""When an event happened, its id, and when it was received: the same id counts again when its copies arrive late."""

TEXTS = (
    "name",
    "path",
    "title",
    "referrer",
    "currency",
    "device_id",
    "profile_id",
)

COLUMNS = f"""
    toString(event_id) AS id,
    toUnixTimestamp64Milli(created_at) AS created_ms,
    toUnixTimestamp64Milli(received_at) AS received_ms,
    toString(session_id) AS session,
    {", ".join(TEXTS)},
    groups,
    revenue,
    toJSONString(properties) AS properties_json"""


def event_key(row: Row) -> tuple[int, str, int]:
    """Return those values of an event's row that a cursor holds."""
    return row["created_ms"], row["id"], row["received_ms"]


def read_place(cursor: str | None) -> EventPlace | None:
    """Return the event after which a page begins; None without a cursor. Raises `Refused` (`cursor_invalid`)."""
    return None if cursor is None else read_cursor(cursor, tuple[Instant, EventId, Instant])


def is_beyond(place: EventPlace | None, sign: str, bindings: Bindings) -> str:
    """Return the condition that an event comes after `place`; `sign` is `>` in ascending order and `<` in descending
    order.
    """
    if place is None:
        return "1"
    created_ms, event_id, received_ms = place
    created, received = (
        f"fromUnixTimestamp64Milli({bindings.bind(edge, 'Int64')}, 'UTC')" for edge in (created_ms, received_ms)
    )
    id = f"toUUIDOrZero({bindings.bind(event_id, 'String')})"
    return f"(created_at, event_id, received_at) {sign} ({created}, {id}, {received})"


def event(row: Row) -> Row:
    """Return a row as an event of the answer."""
    return {
        "event_id": row["id"],
        "created_at": as_instant(row["created_ms"]),
        # A number of 64 bits would not survive JavaScript.
        "session_id": None if row["session"] == "0" else row["session"],
        **{column: row[column] for column in TEXTS},
        "groups": row["groups"],
        "revenue": float(row["revenue"]),
        "properties": msgspec.json.decode(row["properties_json"]),
    }


class Event(Shape):
    """An event; `session_id` is null for an event without a session."""

    event_id: str
    created_at: DateTime
    session_id: str | None
    name: str
    path: str
    title: str
    referrer: str
    currency: str
    device_id: str
    profile_id: str
    groups: list[str]
    revenue: Money
    properties: dict[str, Any]
