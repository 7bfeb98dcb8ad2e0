"""The rows of an answer as CSV, for spreadsheets and scripts."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from query.errors import invalid
from query.freshness import as_instant
from query.report import AnyReport
from query.shapes import fields_beside_rows

if TYPE_CHECKING:
    from query.client.frame import Frame

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv_text(report: AnyReport, frame: "Frame") -> str:
    """Return the rows of a report's answer as CSV with a header line. If a spreadsheet would run a text as a formula,
    the text gets a single quote before it.

    Raises `Refused` (`format_invalid`) for an answer with a comparison, or with fields beside its rows: a CSV of the
    rows alone would look like the whole answer.
    """
    if beside := fields_beside_rows(report.answer):
        message = (
            f"The answer of `{report.name}` has {', '.join(beside)} beside its rows, so it has no CSV: ask for JSON."
        )
        raise invalid("format", message)
    if frame.previous is not None:
        raise invalid("format", "A comparison has no CSV: ask without `compare`, and once more for the earlier period.")
    cells = ([_csv_cell(value) for value in row] for row in frame.rows())
    return "".join(_line(row) for row in (frame.columns, *cells))


def _line(cells: Iterable[Any]) -> str:
    output = io.StringIO()
    # Only with this end of line a carriage return in a text is quoted, and begins no row of its own.
    csv.writer(output, lineterminator="\r\n").writerow(cells)
    return output.getvalue().removesuffix("\r\n") + "\n"


def _csv_cell(value: Any) -> Any:
    """Return a value as a cell, in the form in which an export writes it."""
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # Hours of the project have its offset, as in JSON.
        is_utc = str(value.tzinfo) == "UTC"
        return as_instant(round(value.timestamp() * 1000)) if is_utc else value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
