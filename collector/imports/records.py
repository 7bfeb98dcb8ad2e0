"""Tables and records of files: CSV, JSON (in lines or as an array) and Parquet; a bad row does not affect its
neighbours.
"""

import io
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from collector.imports.csv_rows import CsvRows
from collector.imports.event_frame import UNREADABLE_COLUMNS, unreadable_frame
from collector.imports.text_lines import MAX_LINE_BYTES, open_text, read_blocks
from event_lens.errors import Refused

CHUNK_ROWS = 50_000
PARQUET_MAGIC = b"PAR1"
MAX_ARRAY_BYTES = 268_435_456
NUMBER = "\0number"
"""The column with the number of each row's line; no table has a column of this name."""
WHOLE = "\0whole"
"""The column with each row as JSON, for records whose fields may differ."""
ROW_UNREADABLE = "row_unreadable"
NOT_JSON = "The line is not a JSON object."


class Records(NamedTuple):
    """The rows of a piece of a file as dicts, each with its line number or row number."""

    numbers: Sequence[int]
    rows: Sequence[dict[str, Any]]
    unreadable: pl.DataFrame
    bytes_read: int


def kind_of(path: Path) -> str:
    """Return `parquet`, `json` (objects in lines), `json_array` or `csv`, by the beginning of the file. Raises
    `Refused` (`import_empty`).
    """
    raw, content = open_text(path)
    with raw:
        begin = content.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not begin:
        raise Refused(f"{path} is empty.", code="import_empty")
    if begin.startswith(PARQUET_MAGIC):
        return "parquet"
    return {b"{": "json", b"[": "json_array"}.get(begin[:1], "csv")


def read_frames(path: Path, wanted: Collection[str]) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, int]]:
    """Yield a table piece by piece: its columns, its unreadable rows, and the number of bytes read. CSV gives all
    columns as text, JSON gives the `wanted` columns and `WHOLE`. The column `NUMBER` is added, the others are
    unchanged.
    """
    kind = kind_of(path)
    if kind == "parquet":
        yield from _read_parquet(path)
    elif kind == "csv":
        yield from _read_csv(path)
    else:
        for records in read_records(path):
            yield _frame_of(records, wanted), records.unreadable, records.bytes_read


def read_records(path: Path) -> Iterator[Records]:
    """Yield the rows of a file as dicts, piece by piece; nested values stay nested. Raises `Refused`."""
    kind = kind_of(path)
    if kind == "json":
        yield from _read_json_lines(path)
    elif kind == "json_array":
        yield _read_json_array(path)
    else:
        for frame, unreadable, bytes_read in _read_parquet(path) if kind == "parquet" else _read_csv(path):
            yield Records(frame[NUMBER].to_list(), frame.drop(NUMBER).rows(named=True), unreadable, bytes_read)


def _value(row: dict[str, Any], name: str) -> Any:
    """Return a row's value under a name or the name's parts, such as `a.b` of `{"a": {"b": 1}}`. Objects and lists are
    JSON.
    """
    found: Any = row
    for key in (name,) if name in row else name.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return msgspec.json.encode(found).decode() if isinstance(found, dict | list) else found


def _frame_of(records: Records, wanted: Collection[str]) -> pl.DataFrame:
    found = {name: [_value(row, name) for row in records.rows] for name in sorted(wanted)}
    columns = [
        pl.Series(name, values, dtype=pl.Object)
        for name, values in found.items()
        if any(value is not None for value in values)
    ]
    # Each row by itself: values of its neighbours must not change its id.
    whole = [msgspec.json.encode(row, order="sorted").decode() for row in records.rows]
    return pl.DataFrame(
        [
            pl.Series(NUMBER, records.numbers, dtype=pl.UInt32),
            pl.Series(WHOLE, whole, dtype=pl.String),
            *columns,
        ]
    )


def no_unreadable() -> pl.DataFrame:
    return pl.DataFrame(schema=UNREADABLE_COLUMNS)


def _read_parquet(path: Path) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, int]]:
    try:
        rows = pl.scan_parquet(path, glob=False)
        count = int(rows.select(pl.len()).collect().item())
        for begin in range(0, count, CHUNK_ROWS):
            frame = rows.slice(begin, CHUNK_ROWS).collect()
            numbers = pl.int_range(begin + 1, begin + frame.height + 1, dtype=pl.UInt32, eager=True)
            done = path.stat().st_size * (begin + frame.height) // count
            yield frame.with_columns(numbers.alias(NUMBER)), no_unreadable(), done
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Refused(f"{path} cannot be read as Parquet: {error}", code="import_file_damaged") from error


def _read_csv(path: Path) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, int]]:
    raw, content = open_text(path)
    with raw:
        text = io.TextIOWrapper(io.BufferedReader(content), "utf-8-sig", errors="replace", newline="")  # type: ignore[type-var]
        found = CsvRows(text)
        rows = iter(found)
        message = f"The row has not {len(found.names)} fields as the header has, or its quotes do not end."
        schema = {NUMBER: pl.UInt32(), **dict.fromkeys(found.names, pl.String())}
        while piece := list(islice(rows, CHUNK_ROWS)):
            whole = [(number, *row) for number, row in piece if isinstance(row, list)]
            bad = [(number, row[:MAX_LINE_BYTES]) for number, row in piece if isinstance(row, str)]
            unreadable = pl.DataFrame(bad, schema={"number": pl.UInt32(), "line": pl.String()}, orient="row")
            yield (
                pl.DataFrame(whole, schema=schema, orient="row"),
                unreadable_frame(unreadable, ROW_UNREADABLE, message),
                raw.tell(),
            )


def _read_json_lines(path: Path) -> Iterator[Records]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for block in read_blocks(path):
        if not block.lines.height:
            continue
        numbers: list[int] = []
        rows: list[dict[str, Any]] = []
        bad: list[tuple[int, str]] = []
        for number, line in block.lines.iter_rows():
            try:
                rows.append(decode(line))
                numbers.append(number)
            except (ValueError, RecursionError):
                bad.append((number, line[:MAX_LINE_BYTES]))
        unreadable = pl.DataFrame(bad, schema={"number": pl.UInt32(), "line": pl.String()}, orient="row")
        yield Records(numbers, rows, unreadable_frame(unreadable, ROW_UNREADABLE, NOT_JSON), block.bytes_read)


def _read_json_array(path: Path) -> Records:
    raw, content = open_text(path)
    with raw:
        text = content.read(MAX_ARRAY_BYTES + 1)
        while len(text) <= MAX_ARRAY_BYTES and (piece := content.read(MAX_ARRAY_BYTES)):
            text += piece
        if len(text) > MAX_ARRAY_BYTES:
            raise Refused(
                f"{path} is one array of more than {MAX_ARRAY_BYTES >> 20} MB: write its objects in lines, for example "
                "with jq -c '.[]', which are read piece by piece.",
                code="import_array_too_long",
            )
        try:
            said = msgspec.json.decode(text, type=list[Any])
        except (ValueError, RecursionError) as error:
            raise Refused(f"{path} is not a JSON array: {error}", code="import_file_damaged") from error
        bytes_read = raw.tell()
    rows = [(number, row) for number, row in enumerate(said, 1) if isinstance(row, dict)]
    return Records([number for number, _ in rows], [row for _, row in rows], no_unreadable(), bytes_read)
