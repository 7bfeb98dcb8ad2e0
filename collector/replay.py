"""Decodes quarantined rows again after a rule was fixed. A row that passes moves from quarantine to the raw tables, and
moves only once: its events have the same ids in every run, and the events of an earlier, killed run are looked for
first. So no event counts twice.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import blake2b
from itertools import count
from typing import Any

import msgspec

from collector.enrichment.context import ProjectSettings, RequestContext
from collector.enrichment.device_id import Device, profile_device
from collector.enrichment.event_id import replay_uuid
from collector.enrichment.row_builder import Enricher
from collector.loading.batch_summary import tally
from collector.loading.loader import count_batch, land_lines
from collector.spool.segment import frame
from event_lens.clock import Clock, now_ms
from event_lens.contract.decode import decode_batch, decode_one
from event_lens.contract.parse import Envelope, Event, Operation, Replay, UsualTrack, parse
from event_lens.contract.rejection import Rejection
from event_lens.contract.rows import TABLES
from event_lens.warehouse.changed_events import land_changes, note_changes
from event_lens.warehouse.client import Warehouse

QUARANTINE = "lens_raw.quarantine"
ROWS_AT_ONCE = 5_000
# Refused rows of imports come from files, and a repeated import reads them again.
_CHOSEN = (
    "project_id = {project:String} AND import_id = '' AND body != '' "
    "AND received_at >= fromUnixTimestamp64Milli({since:Int64}) "
    "AND received_at < fromUnixTimestamp64Milli({until:Int64}) "
    "AND (empty({codes:Array(String)}) OR code IN {codes:Array(String)})"
)
_ROWS = f"""
    SELECT toUnixTimestamp64Milli(received_at) AS received_ms, code, device_id, user_agent, body, sdk_name, sdk_version,
        toString(batch_id) AS batch_id, batch_row
    FROM {QUARANTINE} WHERE {_CHOSEN} ORDER BY received_ms, batch_id, batch_row
"""
_REPLAYED = "project_id = {project:String} AND (toString(batch_id), batch_row) IN {rows:Array(Tuple(String, UInt32))}"
_THERE = (
    "SELECT toString(event_id) AS id FROM {table} "
    "WHERE project_id = {{project:String}} AND toString(event_id) IN {{ids:Array(String)}}"
)
# Device ids come from quarantine; this salt only satisfies the interface.
_NO_SALTS: Mapping[date, str] = {date(1970, 1, 1): ""}


@dataclass
class Replayed:
    """The result of a replay or dry run: the rows that pass, their events, and the codes of the rows that fail."""

    row_count: int = 0
    event_count: int = 0
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Chosen:
    """The choice of rows to replay: rows that were received from `since_ms` until `until_ms`, with one of these
    `codes`, or with any code if `codes` is empty.
    """

    since_ms: int
    until_ms: int
    codes: Sequence[str] = ()


def replay_quarantine(
    warehouse: Warehouse,
    project: ProjectSettings,
    first_day: date,
    chosen: Chosen,
    *,
    is_dry: bool = False,
    clock: Clock = now_ms,
) -> Replayed:
    """Replay the rows that are `chosen`, as events of a sender without a secret. Blocks.

    A replay that was killed can be run again. Raises `Unavailable` when the warehouse does not take the rows now.
    """
    done = Replayed()
    values = {
        "project": project.project_id,
        "since": chosen.since_ms,
        "until": chosen.until_ms,
        "codes": list(chosen.codes),
    }
    passing: list[tuple[dict[str, Any], list[msgspec.Struct]]] = []
    for row in warehouse.rows(_ROWS, values):
        try:
            passing.append((row, list(_rows_of(row, project, first_day))))
        except Rejection as error:
            done.refused[error.code] += 1
    done.row_count, done.event_count = len(passing), sum(len(rows) for _, rows in passing)
    if is_dry:
        return done
    for begin in range(0, len(passing), ROWS_AT_ONCE):
        _move(warehouse, project.project_id, passing[begin : begin + ROWS_AT_ONCE], clock)
    return done


def _rows_of(row: Mapping[str, Any], project: ProjectSettings, first_day: date) -> Iterator[msgspec.Struct]:
    """Yield the raw rows of a quarantined body. Raises `Rejection` if one of its events is rejected, too: a body passes
    whole or not at all.
    """
    builder = Enricher().builder(
        RequestContext(
            project=project,
            received_at_ms=row["received_ms"],
            salts=_NO_SALTS,
            first_day=first_day,
            user_agent=row["user_agent"],
            sdk_name=row["sdk_name"],
            sdk_version=row["sdk_version"],
        )
    )
    for item, number in zip(_items(row["body"].encode()), count()):
        parsed = parse(item)
        if isinstance(parsed, Replay):
            continue
        made = builder.row(parsed)
        if not parsed.device_id:
            device = _device(row["device_id"], project.project_id, parsed)
            for name, value in msgspec.structs.asdict(device).items():
                setattr(made, name, value)
        if not parsed.message_id:
            made.event_id = replay_uuid(project.project_id, row["batch_id"], row["batch_row"], number)
        yield made


def _items(body: bytes) -> list[Envelope | UsualTrack | Rejection]:
    """Return the items of a body: a single event, or the events of a batch."""
    value = msgspec.json.decode(body)
    if isinstance(value, list) or (isinstance(value, dict) and "events" in value):
        return decode_batch(body).items
    return [decode_one(body)]


def _device(own_device: str, project_id: str, parsed: Event | Operation) -> Device:
    return Device(own_device, "derived") if own_device else profile_device(project_id, parsed.profile_id)


def _move(
    warehouse: Warehouse, project_id: str, passing: Sequence[tuple[dict[str, Any], list[msgspec.Struct]]], clock: Clock
) -> None:
    """Land the raw rows, then delete their quarantined rows, and have the next build read both changes."""
    keys = [(row["batch_id"], row["batch_row"]) for row, _ in passing]
    batch_id = f"replay-{blake2b(repr(keys).encode(), digest_size=12).hexdigest()}"
    by_table: dict[str, list[Any]] = {}
    for _, rows in passing:
        for each in rows:
            by_table.setdefault(TABLES[type(each)], []).append(each)  # type: ignore[index]
    for table, rows in by_table.items():
        _land(warehouse, project_id, table, rows, batch_id, clock)
    values = {"project": project_id, "rows": keys}
    note_changes(warehouse, f"{batch_id}-gone", QUARANTINE, _REPLAYED, values)
    warehouse.command(f"ALTER TABLE {QUARANTINE} DELETE WHERE {_REPLAYED}", values, {"mutations_sync": 2})
    land_changes(warehouse, f"{batch_id}-gone", clock())


def _land(warehouse: Warehouse, project_id: str, table: str, rows: Sequence[Any], batch_id: str, clock: Clock) -> None:
    ids = [row.event_id for row in rows]
    there = {row["id"] for row in warehouse.rows(_THERE.format(table=table), {"project": project_id, "ids": ids})}
    left = [msgspec.json.encode(row) for row in rows if row.event_id not in there]
    if not left:
        return
    # An id per table: batches are marked as built by their id.
    batch_id = f"{batch_id}-{table.rpartition('.')[2]}-{clock():x}"
    body = frame(left, batch_id, 0)
    batch = tally(body, batch_id=batch_id, table=table, landed_at_ms=clock())
    written = land_lines(warehouse, table, body, batch_id)
    count_batch(warehouse, batch, body.splitlines(), is_doubtful=written != len(left))


def day_ms(day: date) -> int:
    """Return the first instant of a UTC day, in milliseconds since the epoch."""
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
