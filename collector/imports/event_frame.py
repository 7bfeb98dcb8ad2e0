"""The events of a file as a frame: the columns that a source fills, and the result of reading a piece of a file."""

from dataclasses import dataclass, field

import polars as pl

from event_lens.contract.limits import (
    MAX_ID_LENGTH,
    MAX_NAME_LENGTH,
    MAX_REVENUE,
    MAX_TEXT_LENGTH,
    MAX_URL_LENGTH,
    MAX_WORD_LENGTH,
)
from event_lens.error_codes import CODES

NUMBERS = {"number": pl.UInt32(), "at": pl.Int64(), "screen_width": pl.Int64(), "screen_height": pl.Int64()} | {
    "latitude": pl.Float64(), "longitude": pl.Float64()
}  # fmt: skip
IDS = ("device_id", "profile_id", "client_session_id")
WORDS = (
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "country", "region", "city", "language",
    "browser", "browser_version", "os", "os_version", "device", "brand", "model", "currency",
)  # fmt: skip
LONGEST = (
    {"name": MAX_NAME_LENGTH, "title": MAX_TEXT_LENGTH, "origin": MAX_TEXT_LENGTH, "address": MAX_WORD_LENGTH}
    | dict.fromkeys(("path", "search", "referrer"), MAX_URL_LENGTH)
    | dict.fromkeys(WORDS, MAX_WORD_LENGTH)
)
UNCUT = ("content", "user_agent", "properties", "revenue")
EVENT_COLUMNS: dict[str, pl.DataType] = NUMBERS | dict.fromkeys((*IDS, *LONGEST, *UNCUT), pl.String())
"""`number` is the line, `at` milliseconds since the epoch, `path` a path or whole URL, `properties` JSON text,
`revenue` a number as it was written, `content` the source's own id of the event or, without one, the whole record.
Texts are never null.
"""

UNREADABLE_COLUMNS = {"number": pl.UInt32(), "code": pl.String(), "message": pl.String(), "body": pl.String()}


@dataclass(frozen=True)
class Chunk:
    """The result of a piece of a file. `left_out` counts the lines that are not events, by reason. `calls` are calls
    about people and groups, in frames like those of events: their `name` is the wire's type of the operation, their
    `properties` are its payload. `absent` are the columns of the mapping that no row has had so far.
    """

    events: pl.DataFrame
    unreadable: pl.DataFrame
    line_count: int
    bytes_read: int
    left_out: dict[str, int] = field(default_factory=dict)
    calls: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EVENT_COLUMNS))
    absent: frozenset[str] = frozenset()


def conform_events(found: pl.DataFrame) -> pl.DataFrame:
    """Return `found` with exactly the columns of an event; texts are cut to the stored length."""
    columns = []
    for name, kind in EVENT_COLUMNS.items():
        if name not in found.columns:
            columns.append((pl.lit("") if kind == pl.String() else pl.lit(None, kind)).alias(name))
            continue
        value = pl.col(name).cast(kind, strict=False)
        if kind == pl.String():
            value = value.fill_null("")
        if name in LONGEST:
            value = value.str.slice(0, LONGEST[name])
        columns.append(value.alias(name))
    return found.select(columns)


def unreadable_frame(found: pl.DataFrame, code: str, message: str, body: str = "line") -> pl.DataFrame:
    """Return the rows of `found` as lines that could not be read."""
    return found.select(
        pl.col("number").cast(pl.UInt32),
        pl.lit(code).alias("code"),
        pl.lit(message).alias("message"),
        pl.col(body).alias("body"),
    )


def split_readable(
    events: pl.DataFrame, first_ms: int, last_ms: int, first_open_ms: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split events into those that can be stored and the others, which are returned as unreadable lines. Days before
    `first_open_ms` are closed.
    """
    faults = (
        (pl.col("at").is_null(), "timestamp_unreadable", "The time cannot be read."),
        (
            pl.col("at") < first_ms,
            "timestamp_too_old",
            "The timestamp lies before the first day that is kept (EVENTLENS_FIRST_DAY).",
        ),
        (pl.col("at") < first_open_ms, "too_late", CODES["too_late"].meaning),
        (pl.col("at") > last_ms, "timestamp_in_future", "The timestamp lies in the future."),
        (pl.col("name") == "", "name_missing", "The event's name is missing."),
        (revenue().is_null() | revenue().is_nan(), "value_not_a_number", "The revenue is not a number."),
        (revenue().abs() >= MAX_REVENUE, "value_out_of_range", f"The revenue is not below {MAX_REVENUE:.0e}."),
        (
            pl.any_horizontal(pl.col(*IDS).str.len_chars() > MAX_ID_LENGTH),
            "id_too_long",
            f"An id has more than {MAX_ID_LENGTH} characters.",
        ),
    )
    refused = []
    for is_fault, code, message in faults:
        refused.append(unreadable_frame(events.filter(is_fault), code, message, "content"))
        events = events.filter(~is_fault)
    return events, pl.concat(refused)


def revenue() -> pl.Expr:
    """Return an expression for an event's revenue: 0 for an empty text, null for a text that is not a number."""
    text = pl.col("revenue").str.strip_chars()
    return pl.when(text == "").then(0.0).otherwise(text.cast(pl.Float64, strict=False))
