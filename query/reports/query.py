"""Any question in one: metrics by dimensions and time, filtered, sorted, page by page."""

from dataclasses import dataclass, replace
from typing import Annotated

import msgspec

from query.errors import choose, invalid
from query.filters import resolve_filters
from query.paging import Page, read_cursor
from query.parameters import PERIOD_NAMES, Cursor, FilterList, Freshness, Limit, PeriodParameters
from query.periods import INTERVALS, Interval, read_interval
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask, read_limit
from query.reports.measures import (
    EXPRESSIONS,
    MAX_DIMENSIONS,
    METRICS,
    BounceRate,
    Dimensions,
    MeanSeconds,
    as_date,
    measures,
    read_dimensions,
    sums,
    table_of,
)
from query.shapes import BucketStart, Money, Shape
from query.statement import Bindings, Row

DATE = "date"
# Stands for null in the order of a metric, so that rows with nothing to divide by come last in both directions.
NO_NUMBER = "1.7e308"

SQL = """
SELECT * FROM
(
    SELECT *, {first_key} AS first_key, [{texts}] AS other_keys
    FROM ({sums})
)
WHERE {is_after}
ORDER BY first_key {direction}, other_keys
LIMIT {limit}
"""


IntervalName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(INTERVALS)})]


class WrittenQuery(PeriodParameters, forbid_unknown_fields=True, kw_only=True, rename=PERIOD_NAMES):
    """A question as callers write it."""

    metrics: Annotated[list[str], msgspec.Meta(description=f"Some of {', '.join(METRICS)}.")]
    dimensions: Annotated[
        list[str],
        msgspec.Meta(description=f"Up to {MAX_DIMENSIONS} columns or properties.<key>: a row for each combination."),
    ] = msgspec.field(default_factory=list)
    filters: FilterList = msgspec.field(default_factory=list)
    interval: Annotated[
        IntervalName | None,
        msgspec.Meta(
            description=f"A row for each {', '.join(INTERVALS[:-1])} or {INTERVALS[-1]}; without it one for the period."
        ),
    ] = None
    order: Annotated[
        str | None,
        msgspec.Meta(
            description="A metric, a dimension or `date`; with - before it the largest comes first. Default: by date "
            "with an interval, else by the first metric, the largest first."
        ),
    ] = None
    limit: Limit = None
    cursor: Cursor = None
    freshness: Freshness = None


@dataclass(frozen=True)
class Order:
    """The column by which rows are sorted, and the direction."""

    name: str
    is_descending: bool

    @property
    def is_number(self) -> bool:
        return self.name in METRICS


def query(
    ask: ReportContext,
    metrics: tuple[str, ...],
    dimensions: Dimensions,
    interval: Interval | None,
    order: Order,
    after: tuple[float | str, list[str]] | None,
) -> Question:
    """Ask for `{date, dimensions: {name: value}, metrics: {name: number}}`; rows have a date only if the question has
    an interval.

    Combinations and buckets without events and sessions have no row.
    """
    bindings = Bindings()
    page = Page(ask.limit, lambda row: (*_identity(order), row["first_key"], row["other_keys"]))
    inner = sums(ask, dimensions, interval, bindings, (*metrics, order.name))
    sql = SQL.format(
        first_key=_first_key(order, dimensions),
        texts=", ".join(["bucket", *(f"toString({name})" for name in dimensions.names)]),
        sums=inner,
        is_after=_is_after(after, order, bindings),
        direction="DESC" if order.is_descending else "ASC",
        limit=page.limit_rows(bindings),
    )

    def shape(rows: list[Row]) -> Data:
        return [_row(row, ask, metrics, dimensions, interval) for row in page.shown(rows)]

    table = table_of(ask, dimensions, interval)
    return Question(
        table,
        bindings.statement(sql),
        shape,
        ask.subject.zone.key,
        next_cursor=page.next_cursor,
        sums_revenue_of=ask.period if "total_revenue" in metrics else None,
    )


def _first_key(order: Order, dimensions: Dimensions) -> str:
    if order.is_number:
        return f"ifNull(toFloat64({EXPRESSIONS[order.name]}), {'-' if order.is_descending else ''}{NO_NUMBER})"
    if order.name == DATE:
        return "bucket"
    place = [column.name for column in dimensions.columns].index(order.name)
    return f"toString({dimensions.names[place]})"


def _is_after(after: tuple[float | str, list[str]] | None, order: Order, bindings: Bindings) -> str:
    if after is None:
        return "1"
    first = bindings.bind(after[0], "Float64" if order.is_number else "String")
    others = bindings.bind(after[1], "Array(String)")
    sign = "<" if order.is_descending else ">"
    return f"(first_key {sign} {first} OR (first_key = {first} AND other_keys > {others}))"


def _row(
    row: Row, ask: ReportContext, metrics: tuple[str, ...], dimensions: Dimensions, interval: Interval | None
) -> Row:
    measured = measures(row)
    date = {} if interval is None else {DATE: as_date(row["bucket"], ask, interval)}
    return date | {
        "dimensions": dimensions.values(row),
        "metrics": {name: measured[name] for name in metrics},
    }


def _identity(order: Order) -> tuple[str, bool]:
    return order.name, order.is_descending


def _read_order(written: WrittenQuery, dimensions: Dimensions, interval: Interval | None) -> Order:
    """Return the order of rows. By default it is by date if the question has an interval, else by the first metric, the
    largest value first.
    """
    text = written.order or (DATE if interval is not None else f"-{written.metrics[0]}")
    known = [*METRICS, *(column.name for column in dimensions.columns), *([] if interval is None else [DATE])]
    return Order(choose("order", text.removeprefix("-"), known), text.startswith("-"))


def _read_place(cursor: str, order: Order) -> tuple[float | str, list[str]]:
    """Return the values of the row after which the page begins. Raises `Refused` (`cursor_invalid`), also when the
    cursor was made for another order.
    """
    name, is_descending, first, others = read_cursor(cursor, tuple[str, bool, float | str, list[str]])
    if (name, is_descending) != _identity(order) or isinstance(first, str) == order.is_number:
        raise invalid("cursor", "The cursor is of a question in another order; ask without one.")
    return first, others


def _ask(subject: ProjectScope, written: WrittenQuery, now_ms: int) -> Asked:
    if not written.metrics:
        raise invalid("metrics", f"metrics names at least one of {', '.join(METRICS)}.")
    metrics = tuple(choose("metrics", name, METRICS) for name in written.metrics)
    dimensions = read_dimensions("dimensions", written.dimensions)
    interval = None if written.interval is None else read_interval(written.interval)
    order = _read_order(written, dimensions, interval)
    after = None if written.cursor is None else _read_place(written.cursor, order)
    ask = replace(
        read_ask(subject, written, now_ms),
        filters=resolve_filters(written.filters),
        limit=read_limit(written.limit),
    )
    return query(ask, metrics, dimensions, interval, order, after), None


class QueriedMetrics(Shape):
    """The metrics that the question names, and no others."""

    unique_visitors: int | msgspec.UnsetType = msgspec.UNSET
    people: int | msgspec.UnsetType = msgspec.UNSET
    total_sessions: int | msgspec.UnsetType = msgspec.UNSET
    total_screen_views: int | msgspec.UnsetType = msgspec.UNSET
    total_events: int | msgspec.UnsetType = msgspec.UNSET
    avg_session_duration: MeanSeconds | msgspec.UnsetType = msgspec.UNSET
    bounce_rate: BounceRate | msgspec.UnsetType = msgspec.UNSET
    views_per_session: float | msgspec.UnsetType | None = msgspec.UNSET
    total_revenue: Money | msgspec.UnsetType = msgspec.UNSET


class QueryRow(Shape):
    """The metrics of a combination of dimensions; a mean or rate is null when its divisor is 0."""

    dimensions: dict[str, str]
    metrics: QueriedMetrics
    date: BucketStart | msgspec.UnsetType = msgspec.UNSET


QUERY = Report(
    "query",
    "Metrics by dimensions, filters and period.",
    WrittenQuery,
    _ask,
    list[QueryRow],
    {"metrics": ["total_events", "bounce_rate"], "dimensions": ["path"], "interval": "day", "limit": 2},
    has_body=True,
)
