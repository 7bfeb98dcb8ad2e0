"""A statement: SQL text with placeholders, and the values that the server binds to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from event_lens.errors import Refused

Value = str | int | float | list[str] | list[int] | list[float]
Row = dict[str, Any]

THROWN = "warehouse_395"
"""The warehouse's error code of `throwIf`."""


@dataclass(frozen=True)
class Statement:
    """SQL for one question. The text contains no value from a caller; the server binds `parameters`.

    The SQL can refuse the question: `throwIf(..., 'cohort_unknown')` stands for the refusal in `refusals` with this
    code.
    """

    sql: str
    parameters: dict[str, Value]
    refusals: tuple[Refused, ...] = ()

    def sql_over(self, database: str) -> str:
        """Return the text with the tables of `database` in place of those of `lens`."""
        return self.sql if database == "lens" else self.sql.replace(" lens.", f" {database}.")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Raise that one of `refusals` whose code the warehouse throws inside the block."""
        try:
            yield
        except Refused as error:
            for refusal in self.refusals:
                if error.code == THROWN and f"DB::Exception: {refusal.code}" in error.message:
                    raise refusal from error
            raise

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

    def statement(self, sql: str, *refusals: Refused) -> Statement:
        return Statement(sql, dict(self._parameters), refusals)


def _plain(kind: str) -> str:
    return "".join(letter for letter in kind.lower() if letter.isalnum())
