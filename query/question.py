"""A question that can be asked: its table, its statement, and the function that turns its rows into the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from query.periods import Period
from query.statement import Row, Statement

Data = dict[str, Any] | list[dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """One statement over `table`. `shape` turns its rows, possibly none, into the answer's data.

    `next_cursor`, which only paged questions have, returns the next page's cursor for the rows, or None on the last
    page. `tail_of` is the id of the project whose landed and unbuilt events count too. `estimated` names the numbers of
    its rows that are estimates; if it is not given, these are the numbers that the table holds as sketches. The answer
    tells which currencies of the period `sums_revenue_of` its sums of revenue leave out.

    `unless_whole` is asked instead if `is_whole` says of the rows that the statement's tables do not have all of the
    period.
    """

    table: str
    statement: Statement
    shape: Callable[[list[Row]], Data]
    timezone: str
    is_live: bool = False
    notes: tuple[str, ...] = ()
    next_cursor: Callable[[list[Row]], str | None] | None = None
    tail_of: str | None = None
    sums_revenue_of: Period | None = None
    estimated: Callable[[list[Row]], tuple[str, ...]] | None = None
    is_whole: Callable[[list[Row]], bool] = lambda rows: all(row["is_whole"] for row in rows)
    unless_whole: "Question | None" = None


def percent(part: float, whole: float) -> float | None:
    """Return `part` as a percentage of `whole`; None when `whole` is 0."""
    return 100 * part / whole if whole else None


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def rows_as_they_are(rows: list[Row]) -> Data:
    return rows


def none_estimated(_rows: list[Row]) -> tuple[str, ...]:
    return ()
