"""A statement: SQL text with placeholders, and the values that the server binds to them."""

from dataclasses import dataclass
from typing import Any

Value = str | int | float | list[str] | list[int] | list[float]
Row = dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """SQL for one question. The text contains no value from a caller; the server binds `parameters`."""

    sql: str
    parameters: dict[str, Value]

    def sql_over(self, database: str) -> str:
        """Return the text with the tables of `database` in place of those of `lens`."""
        return self.sql if database == "lens" else self.sql.replace(" lens.", f" {database}.")

    @property
    def key(self) -> tuple[str, str]:
        """Return a key that is equal for statements with the same text and values."""
        return self.sql, repr(sorted(self.parameters.items()))


class Bindings:
    """Collects the values of one statement; `bind` gives each its placeholder."""

    def __init__(self) -> None:
        self._parameters: dict[str, Value] = {}

    def bind(self, value: Value, kind: str) -> str:
        """Return the placeholder of `value` as the ClickHouse type `kind`; equal values of the same type share one
        placeholder.
        """
        for name, known in self._parameters.items():
            if known == value and type(known) is type(value) and name.endswith(f"_{_plain(kind)}"):
                return f"{{{name}:{kind}}}"
        name = f"p{len(self._parameters)}_{_plain(kind)}"
        self._parameters[name] = value
        return f"{{{name}:{kind}}}"

    def statement(self, sql: str) -> Statement:
        return Statement(sql, dict(self._parameters))


def _plain(kind: str) -> str:
    return "".join(letter for letter in kind.lower() if letter.isalnum())
