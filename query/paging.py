"""Pages of a list. A cursor names the row after which the next page begins, so that pages neither skip nor repeat
rows.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec

from query.errors import invalid
from query.statement import Bindings, Row

T = TypeVar("T")

# The latest instant of the warehouse: the end of 2299.
Instant = Annotated[int, msgspec.Meta(ge=0, lt=10_413_792_000_000)]


@dataclass(frozen=True)
class Page:
    """The first `limit` rows; `key` returns those values of the last row that go into the next page's cursor."""

    limit: int
    key: Callable[[Row], tuple[object, ...]]

    def limit_rows(self, bindings: Bindings) -> str:
        """Return the placeholder for the statement's LIMIT. It is one row more than is shown, so that an extra row
        tells that there is a next page.
        """
        return bindings.bind(self.limit + 1, "UInt32")

    def shown(self, rows: list[Row]) -> list[Row]:
        return rows[: self.limit]

    def next_cursor(self, rows: list[Row]) -> str | None:
        return write_cursor(*self.key(rows[self.limit - 1])) if len(rows) > self.limit else None


def write_cursor(*values: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(cursor: str, kind: type[T]) -> T:
    """Return the values of a cursor as the tuple `kind`. Raises `Refused` (`cursor_invalid`)."""
    try:
        written = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(written, type=kind)
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        message = "cursor is not one of this question; take `meta.nextCursor` of an answer to it, or begin without one."
        raise invalid("cursor", message) from error
