"""Converts times of tables, in the forms of databases and tools, to milliseconds since the epoch."""

import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from event_lens.contract.timestamps import SMALLEST_EPOCH_MS, epoch_ms_of

SMALLEST_EPOCH_US = SMALLEST_EPOCH_MS * 1000
SMALLEST_EPOCH_NS = SMALLEST_EPOCH_US * 1000
MAX_EPOCH_MS = 2**53  # far behind the last day that a table takes
WITH_ZONE = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f UTC",
    "%Y-%m-%d %H:%M:%S%.f %z",
)
WITHOUT_ZONE = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f")


def epoch_ms_of_column(values: pl.Series, timezone: str = "UTC") -> pl.Series:
    """Return milliseconds since the epoch for a column of times, of numbers (s, ms, µs or ns) or of text; null where
    a value is not a time.

    Times without a zone are in `timezone`; in the hour that occurs twice in autumn they are the first.
    """
    if values.dtype == pl.Date:
        values = values.cast(pl.Datetime("ms"))
    if isinstance(values.dtype, pl.Datetime):
        if values.dtype.time_zone is None:
            values = _in_zone(values, timezone)
        return values.dt.epoch("ms")
    if values.dtype.is_numeric():
        return _from_numbers(values)
    if values.dtype.is_nested() or values.dtype in (pl.Binary, pl.Duration, pl.Time, pl.Boolean):
        return pl.Series(values.name, [None] * len(values), dtype=pl.Int64)
    return _from_texts(values.cast(pl.String).str.strip_chars(), timezone)


def _from_numbers(values: pl.Series) -> pl.Series:
    number = pl.col("v").cast(pl.Float64)
    scaled = (
        pl.when(number.abs() >= SMALLEST_EPOCH_NS).then(number / 1_000_000)
        .when(number.abs() >= SMALLEST_EPOCH_US).then(number / 1000)
        .when(number.abs() >= SMALLEST_EPOCH_MS).then(number).otherwise(number * 1000)
    )  # fmt: skip
    found = values.alias("v").to_frame().select(scaled.round(3).floor().cast(pl.Int64, strict=False))["v"]
    return found.set(found.abs() > MAX_EPOCH_MS, None)


def _from_texts(texts: pl.Series, timezone: str) -> pl.Series:
    if texts.str.contains(r"^-?\d{9,17}(\.\d+)?$").all():
        return _from_numbers(texts.cast(pl.Float64))
    found = pl.Series(texts.name, [None] * len(texts), dtype=pl.Int64)
    for format in (*WITHOUT_ZONE, *WITH_ZONE):
        is_open = found.is_null() & texts.is_not_null()
        if not is_open.any():
            return found
        waiting = texts.filter(is_open)
        if format in WITH_ZONE:
            read = waiting.str.to_datetime(format, time_unit="ms", time_zone="UTC", strict=False)
        else:
            read = _in_zone(waiting.str.to_datetime(format, time_unit="ms", strict=False), timezone)
        found = found.scatter(is_open.arg_true(), read.dt.epoch("ms"))
    is_open = found.is_null() & texts.is_not_null()
    return found.scatter(
        is_open.arg_true(), pl.Series([_odd(text, timezone) for text in texts.filter(is_open)], dtype=pl.Int64)
    )


def _in_zone(values: pl.Series, timezone: str) -> pl.Series:
    if timezone == "UTC":
        return values.dt.replace_time_zone("UTC")
    return values.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")


def epoch_ms_of_value(value: Any) -> int | None:
    """Return milliseconds since the epoch of a time in any form that `epoch_ms_of_column` reads; UTC without a zone."""
    if isinstance(value, float) and math.isfinite(value) and abs(value) >= SMALLEST_EPOCH_US:
        value = math.floor(value)
    return _odd(value, "UTC") if isinstance(value, str) else _whole_ms(epoch_ms_of(value))


def _whole_ms(found: int | None) -> int | None:
    """Convert an epoch in µs or ns, recognised by its size, to ms; None when out of range."""
    if found is not None and abs(found) >= SMALLEST_EPOCH_US:
        found //= 1_000_000 if abs(found) >= SMALLEST_EPOCH_NS else 1000
    return None if found is None or abs(found) > MAX_EPOCH_MS else found


def _odd(text: str, timezone: str) -> int | None:
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _whole_ms(epoch_ms_of(text))
    return epoch_ms_of((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))).isoformat())
