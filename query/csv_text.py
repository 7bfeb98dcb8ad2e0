"""The rows of an answer as CSV, for spreadsheets and scripts."""

import csv
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from query.client.frame import Frame

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv_text(frame: "Frame") -> str:
    """Return the rows as CSV with a header line. If a spreadsheet would run a text as a formula, the text gets a single
    quote before it.
    """
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([_csv_cell(value) for value in row] for row in frame.rows())
    return output.getvalue()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
