"""Whole tables as files: one statement, so one snapshot, streamed in constant memory."""

from typing import cast, get_args

from query.ask import Ask
from query.catalog import EXPORTED, Export
from query.refusals import choose
from query.statement import Bindings, Statement

FORMATS = {"ndjson": "JSONEachRow", "csv": "CSVWithNames", "parquet": "Parquet"}
CONTENT_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
DAYS: dict[Export, str] = {"events": "local_day", "sessions": "day"}

INSTANTS = ("created_at", "received_at", "started_at", "ended_at", "first_seen_at", "last_seen_at")
TEXTS = [
    "name",
    "device_id",
    "profile_id",
    "client_session_id",
    "path",
    "origin",
    "query",
    "hash",
    "title",
    "entry_path",
    "exit_path",
    "referrer",
    "referrer_name",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "click_id",
    "country",
    "region",
    "city",
    "user_agent",
    "os",
    "os_version",
    "browser",
    "browser_version",
    "device",
    "brand",
    "model",
    "language",
    "currency",
    "sdk_name",
    "sdk_version",
    "import_id",
    "first_name",
    "last_name",
    "email",
    "avatar",
]


def read_export(file: str) -> tuple[Export, str]:
    """The table and the format of `events.parquet` and the like. Raises `Refused` (`export_invalid`)."""
    table, _, format = file.partition(".")
    choose("export", table, get_args(Export))
    choose("export", format, FORMATS)
    return cast(Export, table), format


def export_statement(ask: Ask, table: Export, format: str) -> Statement:
    """All rows of the project, of the local days of the period where the table has days."""
    bindings = Bindings()
    rows = f"project_id = {bindings.bind(ask.subject.project_id, 'String')}"
    if table in DAYS:
        first = bindings.bind(ask.period.first_day.isoformat(), "Date")
        end = bindings.bind(ask.period.end_day.isoformat(), "Date")
        rows += f" AND {DAYS[table]} >= {first} AND {DAYS[table]} < {end}"
    columns = ", ".join(f"{_value(column, format)} AS {column}" for column in EXPORTED[table])
    return bindings.statement(f"SELECT {columns} FROM lens.{table} WHERE {rows}")


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
