"""Whole tables as files: one statement, so one snapshot, streamed in constant memory."""

from typing import Annotated, cast, get_args

import msgspec

from event_lens.contract.columns import PROFILE_COLUMNS, QUESTION_COLUMNS
from query.conditions import event_rows, session_rows
from query.errors import choose, invalid
from query.parameters import FilteredParameters
from query.report_context import ProjectScope, read_ask
from query.statement import Bindings, Statement
from query.tables import EXPORTED, Export

FORMATS = {"ndjson": "JSONEachRow", "csv": "CSVWithNames", "parquet": "Parquet"}
CONTENT_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}

Most = Annotated[int | None, msgspec.Meta(description="The most rows, in no order; all.")]

INSTANTS = ("created_at", "received_at", "started_at", "ended_at", "first_seen_at", "last_seen_at")
# What visitors wrote; some of it a spreadsheet would take for a formula.
TEXTS = [name for name, column in (QUESTION_COLUMNS | PROFILE_COLUMNS).items() if column.kind == "text"]


def read_export(file: str) -> tuple[Export, str]:
    """The table and the format of `events.parquet` and the like. Raises `Refused` (`export_invalid`)."""
    table, _, format = file.partition(".")
    choose("export", table, get_args(Export))
    choose("export", format, FORMATS)
    return cast(Export, table), format


class RowsParameters(msgspec.Struct, forbid_unknown_fields=True):
    """What a table without days takes."""

    limit: Most = None


class DaysParameters(FilteredParameters, kw_only=True):
    """What a table with days takes: its rows of a period, those that match."""

    limit: Most = None


EXPORTS: dict[Export, type[DaysParameters] | type[RowsParameters]] = {
    "events": DaysParameters,
    "sessions": DaysParameters,
    "profiles": RowsParameters,
}


def export_statement(
    subject: ProjectScope, table: Export, format: str, parameters: DaysParameters | RowsParameters, now_ms: int
) -> Statement:
    """The rows of the project that `parameters` (those of `EXPORTS`) ask for. Raises `Refused` that names one."""
    bindings = Bindings()
    if isinstance(parameters, DaysParameters):
        ask = read_ask(subject, parameters, now_ms)
        rows = event_rows(ask, bindings) if table == "events" else session_rows(ask, bindings)
    else:
        rows = f"project_id = {bindings.bind(subject.project_id, 'String')}"
    limit = ""
    if parameters.limit is not None:
        if parameters.limit < 1:
            raise invalid("limit", f"limit is at least 1, not {parameters.limit}.")
        limit = f" LIMIT {bindings.bind(parameters.limit, 'UInt64')}"
    columns = ", ".join(f"{_value(column, format)} AS {column}" for column in EXPORTED[table])
    # The rows are chosen apart, where a column's name is the column and not how it is written.
    chosen = f"SELECT {', '.join(EXPORTED[table])} FROM lens.{table} WHERE {rows}{limit}"
    return bindings.statement(f"SELECT {columns} FROM ({chosen})")


def _value(column: str, format: str) -> str:
    """A column as it is written: 64-bit ids as text, JSON as text where the format has none."""
    if column in ("session_id", "event_id"):
        return f"toString({column})"
    if column == "properties" and format != "ndjson":
        return f"toJSONString({column})"
    if column in INSTANTS and format != "parquet":
        return f"concat(replaceOne(toString({column}), ' ', 'T'), 'Z')"
    if column in TEXTS and format == "csv":
        # A spreadsheet runs a cell that begins so; a quote before it makes it text.
        return rf"if(match({column}, '^[=+\\-@\\t\\r]'), concat('\'', {column}), {column})"
    return column
