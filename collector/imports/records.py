"""Tables and records of files: CSV, JSON in lines or an array, Parquet; a bad row takes no neighbour with it."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from collector.imports.event_frame import UNREADABLE_COLUMNS, unreadable_frame
from collector.imports.text_lines import MAX_LINE_BYTES, open_text, read_blocks
from event_lens.errors import Refused

CHUNK_ROWS = 50_000
SEPARATORS = ",;\t|"
PARQUET_MAGIC = b"PAR1"
MAX_FIELD_CHARACTERS = 1_048_576
ROW_UNREADABLE = "row_unreadable"
NOT_JSON = "The line is not a JSON object."


class Records(NamedTuple):
    """Rows of a piece of a file as dicts, each with the number of its line or row."""

    numbers: Sequence[int]
    rows: Sequence[dict[str, Any]]
    unreadable: pl.DataFrame
    bytes_read: int


def kind_of(path: Path) -> str:
    """Return `parquet`, `json` (objects in lines), `json_array` or `csv`, by how the file begins. Raises `Refused`
    (`import_empty`).
    """
    raw, content = open_text(path)
    with raw:
        begin = content.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not begin:
        raise Refused(f"{path} is empty.", code="import_empty")
    if begin.startswith(PARQUET_MAGIC):
        return "parquet"
    return {b"{": "json", b"[": "json_array"}.get(begin[:1], "csv")


def read_frames(path: Path) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, int]]:
    """Yield a table piece by piece: its columns as they are (of CSV all text) with `number` beside them, its
    unreadable rows, the bytes read.
    """
    kind = kind_of(path)
    if kind == "parquet":
        yield from _read_parquet(path)
    elif kind == "csv":
        yield from _read_csv(path)
    else:
        for records in read_records(path):
            frame = pl.DataFrame(
                [flat(row) for row in records.rows], infer_schema_length=None, strict=False, orient="row"
            )
            yield (
                frame.drop("number", strict=False).with_columns(pl.Series("number", records.numbers, dtype=pl.UInt32)),
                records.unreadable,
                records.bytes_read,
            )


def read_records(path: Path) -> Iterator[Records]:
    """Yield the rows of a file as dicts, piece by piece; nested values stay nested. Raises `Refused`."""
    kind = kind_of(path)
    if kind == "json":
        yield from _read_json_lines(path)
    elif kind == "json_array":
        yield _read_json_array(path)
    else:
        for frame, unreadable, bytes_read in _read_parquet(path) if kind == "parquet" else _read_csv(path):
            yield Records(frame["number"].to_list(), frame.drop("number").rows(named=True), unreadable, bytes_read)


def flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return `{"a": {"b": 1}}` as `{"a": '{"b":1}', "a.b": 1}`; lists become JSON."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        is_nested = isinstance(value, dict | list)
        found[prefix + key] = msgspec.json.encode(value).decode() if is_nested else value
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
    return found


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
            yield frame.with_columns(numbers.alias("number")), no_unreadable(), done
    except (pl.exceptions.ComputeError, OSError) as error:
        raise Refused(f"{path} cannot be read as Parquet: {error}", code="import_file_damaged") from error


def _read_csv(path: Path) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, int]]:
    raw, content = open_text(path)
    with raw:
        text = io.TextIOWrapper(io.BufferedReader(content), "utf-8-sig", errors="replace", newline="")  # type: ignore[type-var]
        header = text.readline()
        separator = max(SEPARATORS, key=header.count)
        names = next(csv.reader([header], delimiter=separator))
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        rows = _rows(csv.reader(text, delimiter=separator), len(names))
        while piece := list(islice(rows, CHUNK_ROWS)):
            whole = [(number, *row) for number, row in piece if isinstance(row, list)]
            schema = {"number": pl.UInt32(), **dict.fromkeys(names, pl.String())}
            bad = [(number, row) for number, row in piece if isinstance(row, str)]
            unreadable = pl.DataFrame(bad, schema={"number": pl.UInt32(), "line": pl.String()}, orient="row")
            message = f"The row has not {len(names)} fields as the header has, or its quotes do not end."
            yield (
                pl.DataFrame(whole, schema=schema, orient="row"),
                unreadable_frame(unreadable, ROW_UNREADABLE, message),
                raw.tell(),
            )


def _rows(reader: Any, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row with its line; a row that cannot be read is a text."""
    while True:
        number = reader.line_num + 2
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, str(error)
            continue
        if row:
            yield number, row if len(row) == width else ",".join(row)[:MAX_LINE_BYTES]


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
        try:
            said = msgspec.json.decode(content.read(), type=list[Any])
        except (ValueError, RecursionError) as error:
            raise Refused(f"{path} is not a JSON array: {error}", code="import_file_damaged") from error
        bytes_read = raw.tell()
    rows = [(number, row) for number, row in enumerate(said, 1) if isinstance(row, dict)]
    return Records([number for number, _ in rows], [row for _, row in rows], no_unreadable(), bytes_read)
