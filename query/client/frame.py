"""Frames: the rows of an answer as typed columns, with the `meta` that says how reliable they are."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import polars

from query.parameters import as_text
from query.periods import Interval, midnight, next_bucket
from query.report import AnyReport
from query.schema import bare
from query.shapes import row_place, rows_of

Rows = list[dict[str, Any]]
Make = Callable[[str, list[Any]], list[polars.Series]]

NUMBERS: dict[type[msgspec.inspect.Type], Any] = {
    msgspec.inspect.StrType: polars.String,
    msgspec.inspect.IntType: polars.Int64,
    msgspec.inspect.FloatType: polars.Float64,
    msgspec.inspect.BoolType: polars.Boolean,
}


DIMENSIONS = "dimensions"
"""The field that holds a row's dimensions, by column name."""


class Frame(polars.DataFrame):
    """A Polars frame with the answer's `meta`, and its `data` as JSON. `previous` is the frame of the earlier period if
    the question named one with `compare`. Frames derived from this frame have none of them.
    """

    meta: dict[str, Any]
    data: Any
    previous: "Frame | None"


def frame_of(report: AnyReport, written: Mapping[str, Any], answer: Mapping[str, Any]) -> Frame:
    """Return the rows of an answer as a frame, with the types that the report declares.

    Rows of periods have a column `is_complete`: whether the period had ended and all its landed events were counted.
    """
    meta, rows = answer["meta"], rows_of(report.answer, answer["data"])
    _, kind = row_place(report.answer)
    series: list[polars.Series] = []
    for field in kind.fields:
        name = field.encode_name
        # A field that may be left out is left out of all rows, or of none.
        if field.required or any(name in row for row in rows):
            series += _columns(name, [row.get(name) for row in rows], field.type)
    frame = _keys_first(polars.DataFrame(series), rows)
    if {"retained", "retention_rate"} <= set(frame.columns):
        frame = _unfolded(frame)
        cells, interval = frame.select("cohort", "period_number").rows(), written.get("period", "week")
        frame = _marked(frame, [_end(cohort, number, interval, meta) for cohort, number in cells], meta)
    elif "date" in frame.columns:
        interval = written.get("interval", "day")
        frame = _bucketed(frame, interval, meta)
        frame = _marked(frame, [_end(day, 0, interval, meta) for day in frame["date"]], meta)
    made = Frame(frame)
    made.meta, made.data = meta, answer["data"]
    earlier = {"meta": meta, "data": answer["previous"]} if "previous" in answer else None
    made.previous = None if earlier is None else frame_of(report, written, earlier)
    return made


def _columns(name: str, values: list[Any], kind: msgspec.inspect.Type) -> list[polars.Series]:
    """Return the columns of a field: one column, or one for each name if the field is an object of numbers."""
    format, kind = _plain(kind)
    if isinstance(kind, msgspec.inspect.StructType):
        given = {
            field.encode_name: field.type for field in kind.fields if any(field.encode_name in each for each in values)
        }
        inner = [_columns(f"{name}_{key}", [each[key] for each in values], type) for key, type in given.items()]
        return [column for columns in inner for column in columns]
    if isinstance(kind, msgspec.inspect.DictType) and type(_plain(kind.value_type)[1]) in NUMBERS:
        names = list(dict.fromkeys(key for value in values for key in value))
        dtype = NUMBERS[type(_plain(kind.value_type)[1])]
        prefix = "" if name == DIMENSIONS else f"{name}_"
        return [polars.Series(f"{prefix}{key}", [value.get(key) for value in values], dtype) for key in names]
    if isinstance(kind, msgspec.inspect.ListType) and type(_plain(kind.item_type)[1]) in NUMBERS:
        return [polars.Series(name, values, polars.List(NUMBERS[type(_plain(kind.item_type)[1])]))]
    if type(kind) not in NUMBERS:
        return [polars.Series(name, [None if value is None else as_text(value) for value in values], polars.String)]
    series = polars.Series(name, values, NUMBERS[type(kind)])
    if format == "date":
        return [series.str.to_date()]
    return [series.str.to_datetime(time_unit="ms", time_zone="UTC")] if format == "date-time" else [series]


def _keys_first(frame: polars.DataFrame, rows: Rows) -> polars.DataFrame:
    """Return the frame with the date and the dimensions before the measured columns."""
    dimensions = dict.fromkeys(key for row in rows for key in row.get(DIMENSIONS, ()))
    keys = [name for name in ("date", *dimensions) if name in frame.columns]
    return frame.select(*keys, polars.exclude(keys)) if dimensions else frame


def _plain(kind: msgspec.inspect.Type) -> tuple[str | None, msgspec.inspect.Type]:
    """Return a type without null and without its description, and the format (such as `date`) in the description, or
    None.
    """
    told = kind.extra_json_schema if isinstance(kind, msgspec.inspect.Metadata) else None
    kind = bare(kind)
    if isinstance(kind, msgspec.inspect.UnionType):
        return _plain(next(each for each in kind.types if not isinstance(each, msgspec.inspect.NoneType)))
    return (told or {}).get("format"), kind


def _unfolded(frame: polars.DataFrame) -> polars.DataFrame:
    """Return the frame with one row for each cohort and period."""
    numbers = polars.int_ranges(polars.col("retained").list.len(), dtype=polars.Int64).alias("period_number")
    lists = ("period_number", "retained", "retention_rate")
    return frame.with_columns(numbers).select("cohort", "size", *lists).explode(*lists)


def _bucketed(frame: polars.DataFrame, interval: str, meta: Mapping[str, Any]) -> polars.DataFrame:
    if interval != "hour":
        return frame.with_columns(polars.col("date").str.to_date())
    hours = [datetime.fromisoformat(text) for text in frame["date"]]
    return frame.with_columns(
        polars.Series("date", hours, polars.Datetime("ms", "UTC")).dt.convert_time_zone(meta["timezone"])
    )


def _marked(frame: polars.DataFrame, ends: list[int], meta: Mapping[str, Any]) -> polars.DataFrame:
    through = meta["completeThrough"]
    complete_ms = 0 if through is None else round(datetime.fromisoformat(through).timestamp() * 1000)
    return frame.with_columns(
        polars.Series("is_complete", [through is not None and end <= complete_ms for end in ends], polars.Boolean)
    )


def _end(first: date, periods_after: int, interval: str, meta: Mapping[str, Any]) -> int:
    """Return the end of a period in epoch milliseconds: the period that is `periods_after` periods later than the one
    that starts at `first`.
    """
    if isinstance(first, datetime):
        return round((first + timedelta(hours=1)).timestamp() * 1000)
    for _ in range(periods_after + 1):
        first = next_bucket(first, cast(Interval, interval))
    return midnight(first, ZoneInfo(meta["timezone"]))
