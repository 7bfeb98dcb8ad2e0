"""The flat rows of `lens_raw`: one struct per table, one field per column.

A field at its default is left out of the JSON, and the table's own default stands for it. `batch_id`, `batch_row`,
`day` and `landed_at` are not here: the spool, the table and the writer add them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

from event_lens.clock import to_epoch_ms

# ClickHouse takes a number for seconds from ten digits on (2001-09-09); earlier instants are written as dates.
TEN_DIGITS = 1_000_000_000


def timestamp(epoch_ms: int) -> str:
    """Return milliseconds since the epoch as ClickHouse reads a `DateTime64(3, 'UTC')` in JSON: seconds, three
    decimals.
    """
    seconds, milliseconds = divmod(epoch_ms, 1000)
    if seconds < TEN_DIGITS:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{milliseconds:03d}"
    return f"{seconds}.{milliseconds:03d}"


@lru_cache(maxsize=4096)  # all events of a request share one
def from_timestamp(text: str) -> int:
    """Return milliseconds since the epoch: the inverse of `timestamp`."""
    seconds, _, milliseconds = text.partition(".")
    if ":" in seconds:
        return to_epoch_ms(datetime.fromisoformat(f"{text}+00:00"))
    return int(seconds) * 1000 + int(milliseconds)


@dataclass(frozen=True)
class Public:
    """A raw column that `lens.events` takes over as it is.

    `kind` says how filters compare the column; None: filters cannot name it. `is_short`: `lens.events` stores each
    distinct value once. `is_of_visit`: the column describes the source, place or device of the visit, and questions
    read it from the session.
    """

    kind: Literal["text", "number"] | None = "text"
    is_short: bool = False
    is_of_visit: bool = False


Text = Annotated[str, Public()]
ShortText = Annotated[str, Public(is_short=True)]
TextOfVisit = Annotated[str, Public(is_of_visit=True)]
ShortTextOfVisit = Annotated[str, Public(is_short=True, is_of_visit=True)]
Number = Annotated[int, Public("number")]
Degrees = Annotated[float | None, Public(None)]


class EventRow(msgspec.Struct, omit_defaults=True):
    """A row of `lens_raw.events`. `created_at` and `received_at` come from `timestamp`."""

    event_id: str
    project_id: str
    name: str
    device_id: str
    device_kind: str
    created_at: str
    received_at: str
    message_id: str = ""
    previous_device_id: str = ""
    profile_id: str = ""
    client_session_id: str = ""
    groups: list[str] = []
    path: Text = ""
    origin: ShortText = ""
    query: Text = ""
    hash: Text = ""
    title: Text = ""
    referrer: TextOfVisit = ""
    referrer_name: ShortTextOfVisit = ""
    referrer_type: ShortTextOfVisit = ""
    utm_source: ShortTextOfVisit = ""
    utm_medium: ShortTextOfVisit = ""
    utm_campaign: ShortTextOfVisit = ""
    utm_term: TextOfVisit = ""
    utm_content: TextOfVisit = ""
    click_id: ShortTextOfVisit = ""
    country: ShortTextOfVisit = ""
    region: ShortTextOfVisit = ""
    city: ShortTextOfVisit = ""
    latitude: Degrees = None
    longitude: Degrees = None
    user_agent: Text = ""
    os: ShortTextOfVisit = ""
    os_version: ShortTextOfVisit = ""
    browser: ShortTextOfVisit = ""
    browser_version: ShortTextOfVisit = ""
    device: ShortTextOfVisit = ""
    brand: ShortTextOfVisit = ""
    model: ShortTextOfVisit = ""
    language: ShortText = ""
    screen_width: Number = 0
    screen_height: Number = 0
    revenue: Annotated[str, Public("number")] = ""
    currency: ShortText = ""
    properties: Annotated[dict[str, Any], Public(None)] = {}
    body_hash: int = 0
    sdk_name: ShortText = ""
    sdk_version: ShortText = ""
    is_bot: bool = False
    bot_reason: str = ""
    import_id: Text = ""


PUBLIC_COLUMNS: dict[str, Public] = {
    name: mark
    for name, hint in get_type_hints(EventRow, include_extras=True).items()
    for mark in getattr(hint, "__metadata__", ())
    if isinstance(mark, Public)
}


class OperationRow(msgspec.Struct, omit_defaults=True):
    """A row of `lens_raw.profile_operations`: one identify, increment, decrement, alias, group or assign_group."""

    event_id: str
    project_id: str
    operation: str
    device_id: str
    device_kind: str
    created_at: str
    received_at: str
    message_id: str = ""
    previous_device_id: str = ""
    profile_id: str = ""
    alias: str = ""
    property: str = ""
    value: str = ""
    group_id: str = ""
    group_type: str = ""
    group_name: str = ""
    groups: list[str] = []
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    email: str = ""
    avatar: str = ""
    properties: dict[str, Any] = {}
    user_agent: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    is_bot: bool = False
    bot_reason: str = ""
    import_id: str = ""


class QuarantineRow(msgspec.Struct, omit_defaults=True):
    """A row of `lens_raw.quarantine`: a refused item, the reason, and as much of the item as may be kept."""

    project_id: str
    received_at: str
    code: str
    message: str
    device_id: str = ""
    user_agent: str = ""
    body: str = ""
    body_length: int = 0
    body_hash: str = ""
    line_number: int = 0
    sdk_name: str = ""
    sdk_version: str = ""
    import_id: str = ""


class BatchRow(msgspec.Struct, omit_defaults=True):
    """A row of `lens_raw.batches`, written after the rows of the batch."""

    batch_id: str
    table_name: str
    landed_at: str
    row_count: int
    rejected_count: int = 0
    bot_count: int = 0
    byte_count: int = 0
    first_event_at: str = ""
    last_event_at: str = ""
    first_received_at: str = ""
    last_received_at: str = ""
    max_lateness_seconds: int = 0
    import_id: str = ""


Row = EventRow | OperationRow | QuarantineRow


TABLES: dict[type[Row], str] = {
    EventRow: "lens_raw.events",
    OperationRow: "lens_raw.profile_operations",
    QuarantineRow: "lens_raw.quarantine",
}
