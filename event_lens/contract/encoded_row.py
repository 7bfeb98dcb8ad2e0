"""Encoded rows, which the spool stores and the warehouse reads."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from event_lens.contract.rows import TABLES, EventRow, OperationRow, Row

_encode = msgspec.json.Encoder().encode
AnyRow = TypeVar("AnyRow", EventRow, OperationRow)


class Line(msgspec.Struct, frozen=True, gc=False):
    """A row as a JSON object, and the name of its table."""

    table: str
    json: bytes


def line_of(row: Row) -> Line:
    return Line(TABLES[type(row)], _encode(row))


def encoded_columns(values: Mapping[str, Any]) -> bytes:
    """Return the members of a JSON object, each with a comma after it; values at their default are left out."""
    given = {column: value for column, value in values.items() if value}
    return _encode(given)[1:-1] + b"," if given else b""


class CommonValues(Generic[AnyRow]):
    """Values by column that the rows of one request have in common: encoded once, however many rows follow."""

    def __init__(self, row: type[AnyRow], values: dict[str, Any]) -> None:
        self._row: type[AnyRow] = row
        self._table = TABLES[row]
        self._values = values
        self._head = b""

    def line(self, own: dict[str, Any]) -> Line:
        """Return the line of a row. A value in `own` replaces the common value of its column; `own` need not hold
        values that are the column's default.
        """
        return Line(self._table, _encode(self._values | own))

    def line_apart(self, own: dict[str, Any], columns: bytes = b"") -> Line:
        """Return the same line, faster, where `own`, `columns` (from `encoded_columns`) and the common values share no
        column.
        """
        if not self._head:
            self._head = b"{" + encoded_columns(self._values)
        return Line(self._table, self._head + columns + _encode(own)[1:])

    def row(self, own: dict[str, Any]) -> AnyRow:
        """Return the same row as a dict, not encoded."""
        row: AnyRow = self._row(**(self._values | own))
        return row
