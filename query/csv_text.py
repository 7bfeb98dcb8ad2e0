"""An answer as CSV, for spreadsheets and scripts."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from query.flat_rows import Flat, flat_rows
from query.freshness import as_instant
from query.report import AnyReport
from query.shapes import fields_beside_rows

if TYPE_CHECKING:
    from query.client.frame import Frame

PERIOD, ASKED, EARLIER = "period", "asked", "earlier"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv_text(report: AnyReport, frame: "Frame") -> str:
    """Return a report's answer as CSV with a header line. If a spreadsheet would run a text as a formula, the text gets
    a single quote before it.

    An answer that is more than one list of rows is written as `flat_rows` lays it out. A comparison has a column
    `period` before all others: its rows are those of the period asked for, then those of the earlier one.
    """
    table = _table(report, frame)
    if frame.previous is not None:
        earlier = _table(report, frame.previous)
        # A period without rows does not know the columns of dimensions.
        columns = dict.fromkeys([PERIOD, *table.columns, *earlier.columns])
        rows = [*({PERIOD: ASKED} | row for row in table.rows), *({PERIOD: EARLIER} | row for row in earlier.rows)]
        table = Flat([*columns], rows)
    cells = ([_csv_cell(row.get(column)) for column in table.columns] for row in table.rows)
    return "".join(_line(row) for row in (table.columns, *cells))


def _table(report: AnyReport, frame: "Frame") -> Flat:
    if fields_beside_rows(report.answer):
        return flat_rows(report.answer, frame.data)
    return Flat(frame.columns, frame.rows(named=True))


def _line(cells: Iterable[Any]) -> str:
    output = io.StringIO()
    # Only with this end of line a carriage return in a text is quoted, and begins no row of its own.
    csv.writer(output, lineterminator="\r\n").writerow(cells)
    return output.getvalue().removesuffix("\r\n") + "\n"


def _csv_cell(value: Any) -> Any:
    """Return a value as a cell, in the form in which an export writes it."""
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # Hours of the project have its offset, as in JSON.
        is_utc = str(value.tzinfo) == "UTC"
        return as_instant(round(value.timestamp() * 1000)) if is_utc else value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
