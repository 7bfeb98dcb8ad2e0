"""Pages of a list. A cursor names the row after which the next page begins, so that pages neither skip nor repeat
rows, and the question, because a row's place in the list of another question means nothing.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, TypeVar

import msgspec

from query.errors import invalid
from query.question import Question
from query.statement import Bindings, Row

T = TypeVar("T")

# The latest instant of the warehouse: the end of 2299.
Instant = Annotated[int, msgspec.Meta(ge=0, lt=10_413_792_000_000)]


# A cursor holds the instant of `as_of`. Periods are hashed as they are written, because those of today end at midnight.
OF_A_PAGE = ("cursor", "limit", "as_of")
MARK_LENGTH = 12


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


def mark_of(name: str, parameters: msgspec.Struct) -> str:
    """Return a short hash of the report's name and of all parameters that are the same for all pages."""
    fields = msgspec.structs.fields(parameters)
    asked = [(each.name, getattr(parameters, each.name)) for each in fields if each.name not in OF_A_PAGE]
    told = msgspec.json.encode((name, asked))
    return sha256(told).hexdigest()[:MARK_LENGTH]


def without_mark(cursor: str, mark: str) -> str:
    """Return a cursor of the question with this mark as `read_cursor` reads it. Raises `Refused` (`cursor_invalid`)
    for a cursor of another question.
    """
    place, _, found = cursor.partition(".")
    if found != mark:
        raise invalid(
            "cursor",
            "cursor is not one of this question; send the other parameters as for the first page, or begin without it.",
        )
    return place


def with_marks(question: Question, mark: str) -> Question:
    """Return the question with `mark` in the cursors of its next pages."""
    if (written := question.next_cursor) is None:
        return question

    def next_cursor(rows: list[Row]) -> str | None:
        place = written(rows)
        return None if place is None else f"{place}.{mark}"

    instead = question.unless_whole and with_marks(question.unless_whole, mark)
    return replace(question, next_cursor=next_cursor, unless_whole=instead)
