"""Whole tables as files. One statement reads a file, so it is one snapshot; it is streamed in constant memory."""

import re
from typing import Annotated, cast, get_args
from uuid import UUID

import msgspec

from event_lens.errors import Refused
from query.conditions import event_rows, session_rows
from query.errors import choose, invalid
from query.parameters import FilteredParameters
from query.periods import read_as_of
from query.report_context import ProjectScope, read_ask
from query.reports.cohorts import FOR_EVER, AsOf, is_member
from query.reports.definitions import unknown_definition
from query.statement import Bindings, Statement
from query.tables import EXPORT_IDS, EXPORT_ORDER, EXPORTED, Export

FORMATS = {
    "ndjson": "JSONEachRow",
    "json": "JSONEachRow",
    "csv": "CSVWithNames",
    "parquet": "Parquet",
    "arrow": "ArrowStream",
}
CONTENT_TYPES = {
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
EVENT_FILES = ("csv", "json")
TYPED_FORMATS = ("parquet", "arrow")
JSON_FORMATS = ("ndjson", "json")

Most = Annotated[
    int | None, msgspec.Meta(description="The most rows; default all. Without `cursor` rows come in no order.")
]
After = Annotated[
    str | None,
    msgspec.Meta(
        description="The id of the last row that arrived; later rows follow. Empty: the first row, in this order."
    ),
]

INSTANTS = (
    *("created_at", "received_at", "started_at", "ended_at", "first_seen_at", "last_seen_at", "joined_at", "left_at"),
)
LISTS = ("groups", "paths", "properties")
NUMBERS = (
    *("event_id", "session_id", "is_identified", "is_screen_view", "is_bounce", "local_day", "day", "revenue"),
    *("latitude", "longitude", "screen_width", "screen_height", "duration_seconds", "screen_view_count"),
    *("event_count", "session_count"),
)
"""Columns that no sender can fill with a text. All others may begin like a formula."""


def read_export(file: str) -> tuple[Export, str]:
    """Return the table and format that a file name such as `events.parquet` names; `csv` alone means `events.csv`.

    Raises `Refused` (`export_invalid`).
    """
    table, _, format = (f"events.{file}" if file in EVENT_FILES else file).partition(".")
    choose("export", table, get_args(Export))
    choose("export", format, FORMATS)
    return cast(Export, table), format


class RowsParameters(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of a table without days."""

    limit: Most = None
    cursor: After = None


class DaysParameters(FilteredParameters, kw_only=True):
    """The parameters of a table with days: the period and filters of its rows."""

    limit: Most = None
    cursor: After = None


class MembersParameters(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The cohort, and the instant at which its members are listed."""

    cohort: Annotated[str, msgspec.Meta(description="The id of a cohort; the question `cohorts` lists them.")]
    as_of: AsOf = None
    limit: Most = None
    cursor: After = None


ExportParameters = DaysParameters | RowsParameters | MembersParameters
EXPORTS: dict[Export, type[ExportParameters]] = {
    "events": DaysParameters,
    "sessions": DaysParameters,
    "profiles": RowsParameters,
    "cohort_members": MembersParameters,
}


def export_statement(
    subject: ProjectScope, table: Export, format: str, parameters: ExportParameters, now_ms: int
) -> Statement:
    """Return the statement for the project's rows that `parameters` (see `EXPORTS`) select. Raises `Refused`, which
    names the invalid parameter.

    Only the warehouse knows whether the cohort and the row of the cursor exist, so the statement itself refuses them.
    """
    bindings = Bindings()
    rows = _rows(subject, table, parameters, now_ms, bindings)
    order = limit = ""
    if parameters.cursor is not None:
        rows, order = _after(subject, table, rows, parameters.cursor, bindings)
    if parameters.limit is not None:
        if parameters.limit < 1:
            raise invalid("limit", f"limit is at least 1, not {parameters.limit}.")
        limit = f" LIMIT {bindings.bind(parameters.limit, 'UInt64')}"
    columns = ", ".join(f"{written_value(column, format)} AS {column}" for column in EXPORTED[table])
    # In conditions and in the order, a name means the column itself and not its written form in the SELECT.
    settings = "prefer_column_name_to_alias = 1"
    if format == "json":
        settings += ", output_format_json_array_of_rows = 1"
    if format == "csv":
        settings += ", format_csv_null_representation = ''"
    sql = f"SELECT {columns} FROM lens.{table} WHERE {rows}{order}{limit} SETTINGS {settings}"
    cohort = [unknown_definition("cohort", parameters.cohort)] if isinstance(parameters, MembersParameters) else []
    return bindings.statement(sql, unknown_cursor(), *cohort)


def _rows(subject: ProjectScope, table: Export, parameters: ExportParameters, now_ms: int, bindings: Bindings) -> str:
    if isinstance(parameters, DaysParameters):
        ask = read_ask(subject, parameters, now_ms)
        return event_rows(ask, bindings) if table == "events" else session_rows(ask, bindings)
    rows = f"project_id = {bindings.bind(subject.project_id, 'String')}"
    if isinstance(parameters, MembersParameters):
        as_of = read_as_of(parameters.as_of, subject.zone, now_ms)
        rows += f" AND cohort_id = {bindings.bind(parameters.cohort, 'String')}"
        # A lake has no definitions, and `cohorts` has a row for a cohort without members, too.
        rows = f"{rows} AND {is_member(as_of, bindings)} AND {_is_there('cohorts', rows, 'cohort_unknown')}"
    return rows


def _is_there(table: str, rows: str, code: str) -> str:
    """Return the condition that `table` has one of `rows`; without one the statement throws `code`."""
    return f"(SELECT throwIf(count() = 0, '{code}') FROM lens.{table} WHERE {rows}) = 0"


def _after(subject: ProjectScope, table: Export, rows: str, cursor: str, bindings: Bindings) -> tuple[str, str]:
    """Return the condition for rows after the row that `cursor` names (all rows if it is empty), and the ORDER BY
    clause.
    """
    keys = ", ".join(EXPORT_ORDER[table])
    if cursor:
        column, kind = EXPORT_IDS[table]
        project, id = bindings.bind(subject.project_id, "String"), bindings.bind(_id(cursor, kind), kind)
        same = f"project_id = {project} AND {column} = {id}"
        if table == "cohort_members":
            same = f"{rows} AND {column} = {id}"
        found = f"SELECT max(({keys})) FROM lens.{table} WHERE {same} HAVING throwIf(count() = 0, 'cursor_invalid') = 0"
        rows += f" AND ({keys}) > ({found})"
    return rows, f" ORDER BY {keys}"


def _id(cursor: str, kind: str) -> str | int:
    """Return the id in a cursor as a value of its column's type. Raises `Refused` (`cursor_invalid`)."""
    try:
        id = str(UUID(cursor)) if kind == "UUID" else cursor
    except ValueError as error:
        raise unknown_cursor() from error
    if kind != "UInt64":
        return id
    if not re.fullmatch("[0-9]{1,20}", cursor) or int(cursor) >= 1 << 64:
        raise unknown_cursor()
    return int(cursor)


def unknown_cursor() -> Refused:
    """Return the refusal for a cursor whose row does not exist, for example because a build removed it."""
    return invalid("cursor", "cursor is the id of the last row that arrived, or empty to begin at the first.")


def written_value(column: str, format: str) -> str:
    """Return the SQL of a column as the file shows it: 64-bit ids as text, and JSON as text in formats without JSON."""
    if column in ("session_id", "event_id"):
        return f"toString({column})"
    if column == "properties" and format not in JSON_FORMATS:
        return f"toJSONString({column})"
    if column in INSTANTS:
        # A member who has not left leaves at the end of time.
        value = f"nullIf({column}, {FOR_EVER})" if column == "left_at" else column
        return value if format in TYPED_FORMATS else f"concat(replaceOne(toString({value}), ' ', 'T'), 'Z')"
    if format == "csv" and column not in (*INSTANTS, *NUMBERS, *LISTS):
        # A spreadsheet runs a cell that begins so; a quote before it makes it text.
        return rf"if(match({column}, '^[=+\\-@\\t\\r]'), concat('\'', {column}), {column})"
    return column
