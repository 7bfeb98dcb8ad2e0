"""Events from records, for sources whose rows are nested or differ from one another."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from collector.imports.event_frame import EVENT_COLUMNS, Chunk, conform_events
from collector.imports.masking import shown_names
from collector.imports.records import Records, read_records
from collector.imports.times import epoch_ms_of_column
from event_lens.errors import Refused

Said = dict[str, Any]
MAX_SHOWN = 500
MAX_TIME = 1e30  # in any unit
FIXED = {"number": pl.UInt32(), "at": pl.Int64()}
SCHEMA = {
    name: FIXED.get(name, pl.Float64() if kind.is_numeric() else pl.String()) for name, kind in EVENT_COLUMNS.items()
}


def read_events(path: Path, events_of: Callable[[Said], list[Said] | str]) -> Iterator[Chunk]:
    """Yield the events of a file. `events_of` turns a record into its events, or into the reason why it has none. An
    event is a dict by the columns of an event frame; its time `at` may have any form. A dict made by `call_of` is a
    call about a person or a group. Raises `Refused` for a file in which no record is understood.
    """
    first: Records | None = None
    has_read = False
    for records in read_records(path):
        found, left_out = _events(records, events_of)
        if records.rows:
            first = first or records
        has_read = has_read or bool(found)
        yield Chunk(
            _frame([event for event in found if not event.get("is_call")]),
            records.unreadable,
            len(records.rows) + records.unreadable.height,
            records.bytes_read,
            dict(left_out),
            _frame([event for event in found if event.get("is_call")]),
        )
    if first is not None and not has_read:
        fields = shown_names(list(first.rows[0])[:30], MAX_SHOWN)
        raise Refused(
            f"None of the records of {path} is an event of this source. The first has the fields {fields}.",
            code="import_unreadable",
        )


def call_of(type: str, payload: Said, **columns: Any) -> Said:
    """Return a call about a person or a group: `payload` is the wire's payload of that type, `columns` are an event's
    columns.
    """
    return {**columns, "is_call": True, "name": type, "properties": msgspec.json.encode(payload).decode()}


def text_of(value: Any) -> str:
    """Return a value as text: whole numbers without a point, objects and lists as JSON; empty for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)


def object_of(value: Any) -> Said:
    """Return an object, or the object that a text holds as JSON; empty for anything else."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = msgspec.json.decode(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def properties_of(values: Said) -> str:
    """Return the values that are not empty as a JSON object; return an empty text when all are empty."""
    given = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    return msgspec.json.encode(given).decode() if given else ""


def sides_of(screen: Any) -> tuple[int, int]:
    """Return the width and height that a text such as `1920x1080` holds; zeros for anything else."""
    width, _, height = text_of(screen).partition("x")
    return (int(width), int(height)) if width.isdecimal() and height.isdecimal() else (0, 0)


def _events(records: Records, events_of: Callable[[Said], list[Said] | str]) -> tuple[list[Said], Counter[str]]:
    found: list[Said] = []
    left_out: Counter[str] = Counter()
    for number, row in zip(records.numbers, records.rows, strict=True):
        said = events_of(row)
        if isinstance(said, str):
            left_out[said] += 1
        else:
            found += [event | {"number": number} for event in said]
    return found, left_out


def _frame(found: list[Said]) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {}
    for name, kind in SCHEMA.items():
        values = [event.get(name) for event in found]
        if name == "at":
            columns[name] = _times(values)
        elif kind == pl.String():
            columns[name] = pl.Series(name, [text_of(value) for value in values], dtype=kind)
        else:
            columns[name] = pl.Series(name, [_number(value) for value in values], dtype=kind, strict=False)
    return conform_events(pl.DataFrame(columns))


def _times(values: list[Any]) -> pl.Series:
    if all(isinstance(value, int | float) for value in values):
        numbers = [float(value) if abs(value) < MAX_TIME else None for value in values]
        return epoch_ms_of_column(pl.Series("at", numbers, dtype=pl.Float64)).alias("at")
    return epoch_ms_of_column(pl.Series("at", [text_of(value) for value in values], dtype=pl.String)).alias("at")


def _number(value: Any) -> float | None:
    try:
        number = float(value) if value not in (None, "") else None
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is None or math.isfinite(number) else None
