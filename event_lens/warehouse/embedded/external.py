"""External tables: rows a client sends beside its question, there for that question only."""

from collections.abc import Mapping
from dataclasses import dataclass

from event_lens.warehouse.embedded.columns import read_columns, read_types
from event_lens.warehouse.embedded.engine import Connection, is_name
from event_lens.warehouse.embedded.failure import BAD_ARGUMENTS, failure
from event_lens.warehouse.embedded.held import Held

_ASPECTS = ("_format", "_types", "_structure")


@dataclass(frozen=True)
class ExternalTable:
    """A table to be; each of `columns` is a name and a type."""

    name: str
    format: str
    columns: list[str]
    rows: Held


def aspects(names: Mapping[str, Held]) -> frozenset[str]:
    """The fields that describe the external tables of these names."""
    return frozenset(name + aspect for name in names for aspect in _ASPECTS)


def read_tables(files: Mapping[str, Held], fields: Mapping[str, str]) -> list[ExternalTable]:
    """The tables that the files of a form are. Raises `StatementError` when one is not described."""
    tables = []
    for name, rows in files.items():
        if not is_name(name):
            raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name!r} is not the name of an external table.")
        structure, types = fields.get(f"{name}_structure", ""), fields.get(f"{name}_types", "")
        columns = read_types(types) if types and not structure else read_columns(structure)
        tables.append(ExternalTable(name, fields.get(f"{name}_format") or "TabSeparated", columns, rows))
    return tables


def attach(connection: Connection, table: ExternalTable) -> None:
    """Fill `table` on `connection`; blocks. Raises `StatementError` for columns or rows that cannot be read."""
    connection.make_temporary(table.name, table.columns)
    insert = connection.land(f"INSERT INTO {table.name}".encode(), table.format)
    try:
        for piece in table.rows.pieces():
            insert.append(piece)
        insert.finish()
    except BaseException:
        insert.cancel()
        raise
