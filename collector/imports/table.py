"""Source `table`: any CSV, JSON or Parquet file, read by a mapping file."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import msgspec
import polars as pl

from collector.imports.event_frame import EVENT_COLUMNS, Chunk, conform_events
from collector.imports.record_events import text_of
from collector.imports.records import NUMBER, WHOLE, read_frames
from collector.imports.sources import Options
from collector.imports.times import epoch_ms_of_column
from event_lens.errors import Refused

OWN = {"id": "content"} | {name: name for name in EVENT_COLUMNS if name not in ("number", "content")}
"""The columns that a mapping may fill: an event's columns, and the table's own id of the event."""
NO_EVENT = "no name"
PROPERTIES = "properties"
UNENCODED = (pl.Binary, pl.Duration, pl.Time, pl.Object)


@dataclass(frozen=True)
class Mapping:
    """`columns`: our column by the table's column; `values`: fixed values of our columns; `names`: our event name by
    the table's name, or empty to leave out the events of that name. `properties`: the property by the table's column,
    in addition to a JSON column if `columns` names one. Times without a zone are in `timezone`.
    """

    columns: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    timezone: str = "UTC"


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """Yield the events of a table. Raises `Refused` for a missing mapping (`mapping_missing`), and for a mapping that
    does not fit the table.
    """
    if options.mapping is None:
        raise Refused(
            "Which column is which? Write it to a file and name that with --mapping (docs/imports.md).",
            code="mapping_missing",
        )
    mapping = read_mapping(options.mapping)
    wanted = {*mapping.columns.values(), *mapping.properties.values()}
    has_rows, first_unread, absent = False, None, wanted
    for frame, unreadable, bytes_read in read_frames(path, wanted):
        if not frame.height:
            first_unread = unreadable if first_unread is None and unreadable.height else first_unread
            yield Chunk(pl.DataFrame(schema=EVENT_COLUMNS), unreadable, unreadable.height, bytes_read)
            continue
        has_rows, absent = True, absent - {*frame.columns}
        _check(mapping, frame, path)
        events, left_out = map_frame(frame, mapping)
        yield Chunk(
            events, unreadable, frame.height + unreadable.height, bytes_read, left_out, absent=frozenset(absent)
        )
    if first_unread is not None and not has_rows:
        raise Refused(
            f"Nothing of {path} can be read as a table. Line {first_unread['number'][0]}: {first_unread['message'][0]}",
            code="import_unreadable",
        )


def read_mapping(path: Path) -> Mapping:
    """Return the mapping that a TOML file holds. Raises `Refused` (`mapping_invalid`)."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
        mapping = msgspec.convert(said, Mapping)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _invalid(path, str(error)) from error
    unknown = sorted({*said} - {*Mapping.__dataclass_fields__}) + sorted({*mapping.columns, *mapping.values} - {*OWN})
    if unknown:
        raise _invalid(path, f"{unknown[0]!r} is not known; columns are {', '.join(OWN)}")
    for needed in ("at", "name"):
        if needed not in mapping.columns and needed not in mapping.values:
            raise _invalid(path, f"say where {needed!r} is, under [columns] or as a fixed one under [values]")
    if mapping.timezone not in available_timezones():
        raise _invalid(path, f"{mapping.timezone!r} is not a time zone")
    return mapping


def map_frame(frame: pl.DataFrame, mapping: Mapping) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the events in the rows of a table, and the number of left-out rows by reason."""
    filled = {OWN[own]: frame[theirs] for own, theirs in mapping.columns.items() if theirs in frame.columns}
    columns = {
        name: values
        if name == "at" or (values.dtype.is_numeric() and EVENT_COLUMNS[name] != pl.String())
        else _text(values)
        for name, values in filled.items()
    }
    found = pl.DataFrame({"number": frame[NUMBER], **columns})
    if "at" in found.columns:
        times = _text(found["at"]) if found["at"].dtype == pl.Object else found["at"]
        found = found.with_columns(epoch_ms_of_column(times, mapping.timezone).alias("at"))
    found = found.with_columns(pl.lit(value).alias(OWN[name]) for name, value in mapping.values.items())
    if "at" in mapping.values:
        found = found.with_columns(epoch_ms_of_column(found["at"], mapping.timezone).alias("at"))
    if mapping.names:
        found = found.with_columns(pl.col("name").replace(mapping.names))
    if mapping.properties:
        found = found.with_columns(_properties(frame, found, mapping.properties))
    if "content" not in found.columns:
        found = found.with_columns(_whole(frame))
    is_event = found["name"].fill_null("") != ""
    left_out = int((~is_event).sum())
    return conform_events(found.filter(is_event)), {NO_EVENT: left_out} if left_out else {}


def _text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Struct):
        return values.struct.json_encode()
    if values.dtype == pl.Binary:
        texts = [None if value is None else value.decode("utf-8", "replace") for value in values.to_list()]
        return pl.Series(values.name, texts, dtype=pl.String)
    if isinstance(values.dtype, pl.List | pl.Array):
        return pl.Series(values.name, [_encoded(value) for value in values.to_list()], dtype=pl.String)
    if isinstance(values.dtype, pl.Object | pl.Duration):
        return pl.Series(values.name, [text_of(value) for value in values.to_list()], dtype=pl.String)
    return values.cast(pl.String)


def _encoded(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _properties(frame: pl.DataFrame, found: pl.DataFrame, columns: dict[str, str]) -> pl.Series:
    """Return one JSON object per row: its non-empty values, in addition to those of a JSON column."""
    picked = [(name, frame[theirs].to_list()) for name, theirs in columns.items() if theirs in frame.columns]
    base = found[PROPERTIES].to_list() if PROPERTIES in found.columns else [None] * frame.height
    texts = []
    for place, text in enumerate(base):
        own = {name: values[place] for name, values in picked if values[place] not in (None, "")}
        texts.append(_encoded((_object(text) | own) if text else own))
    return pl.Series(PROPERTIES, texts, dtype=pl.String)


def _object(text: str) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _whole(frame: pl.DataFrame) -> pl.Series:
    """Return all columns of each row as JSON, from which the event's id is made. They are sorted by name, so that their
    order does not matter.
    """
    if WHOLE in frame.columns:
        return frame[WHOLE].alias("content")
    columns = sorted(name for name in frame.columns if name != NUMBER)
    texts = [_text(frame[name]) if isinstance(frame[name].dtype, UNENCODED) else frame[name] for name in columns]
    return pl.DataFrame(texts).select(pl.struct(columns).struct.json_encode().alias("content"))["content"]


def _check(mapping: Mapping, frame: pl.DataFrame, path: Path) -> None:
    """Raise `Refused` when a table lacks a required column or, if all its rows have the same columns, a mapped one."""
    needed = {mapping.columns.get("at"), mapping.columns.get("name")} - {None}
    named = needed if WHOLE in frame.columns else {*mapping.columns.values(), *mapping.properties.values()}
    if missing := sorted(str(name) for name in named - {*frame.columns}):
        known = [name for name in frame.columns if name not in (NUMBER, WHOLE)]
        raise Refused(
            f"{path} has no column {missing[0]!r}, which the mapping names; it has {', '.join(known[:30])}.",
            code="mapping_does_not_fit",
        )


def _invalid(path: Path, reason: str) -> Refused:
    return Refused(f"The mapping {path} cannot be used: {reason}.", code="mapping_invalid")
