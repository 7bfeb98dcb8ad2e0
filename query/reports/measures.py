"""The metrics of events and sessions, computed from the facts: in total, by bucket of time, by dimension."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from event_lens.contract.columns import QUESTION_COLUMNS, Column
from event_lens.contract.filters import find_column
from query.conditions import (
    HELD_COLUMNS,
    event_rows,
    events_in_reach,
    has_held_events,
    session_day_rows,
    session_rows,
    sessions_in_reach,
    summed_revenue,
)
from query.errors import invalid
from query.filters import column_sql
from query.periods import Interval
from query.question import percent, ratio
from query.report_context import ReportContext
from query.reports.held_event_sums import held_event_sums
from query.shapes import Money, Shape
from query.statement import Bindings, Row

Table = Literal["events", "sessions"]

MAX_DIMENSIONS = 3

METRICS = (
    *("unique_visitors", "people", "total_sessions", "total_screen_views", "total_events"),
    *("avg_session_duration", "bounce_rate", "views_per_session", "total_revenue"),
)

# The metrics as SQL over the sums; null where there is nothing to divide by.
EXPRESSIONS = {
    "unique_visitors": "unique_visitors",
    "people": "people",
    "total_sessions": "sessions",
    "total_screen_views": "screen_views",
    "total_events": "events",
    "avg_session_duration": "duration_seconds / nullIf(sessions, 0)",
    "bounce_rate": "100 * bounces / nullIf(sessions, 0)",
    "views_per_session": "screen_views / nullIf(sessions, 0)",
    "total_revenue": "revenue",
}

SUMMED = """
SELECT
    bucket{names},
    sum(unique_visitors) AS unique_visitors,
    sum(people) AS people,
    sum(sessions) AS sessions,
    sum(bounces) AS bounces,
    sum(duration_seconds) AS duration_seconds,
    sum(screen_views) AS screen_views,
    sum(events) AS events,
    sum(summed_revenue) AS revenue
FROM
(
    {parts}
)
GROUP BY bucket{names}
"""

# Events count where they happen, sessions where they start.
SUMS = """SELECT
    {event_bucket} AS bucket{event_dimensions},
    {unique_visitors} AS unique_visitors,
    {people} AS people,
    toUInt64(0) AS sessions,
    toUInt64(0) AS bounces,
    toUInt64(0) AS duration_seconds,
    countIf(is_screen_view) AS screen_views,
    count() AS events,
    sum({revenue}) AS summed_revenue
FROM lens.events{of_sessions}
WHERE {event_rows}
GROUP BY bucket{names}
UNION ALL
SELECT
    {session_bucket} AS bucket{session_dimensions},
    0, 0, count(), countIf(is_bounce), sum(duration_seconds), 0, 0, 0
FROM lens.sessions{of_events}
WHERE {session_rows}
GROUP BY bucket{names}
"""

# The same sums over sessions by day, with the columns of the session in each row.
SUMS_OF_SESSION_DAYS = """
SELECT
    bucket{names},
    {unique_visitors} AS unique_visitors,
    {people} AS people,
    countIf(is_first_day) AS sessions,
    countIf(is_first_day AND is_bounce) AS bounces,
    sumIf(duration_seconds, is_first_day) AS duration_seconds,
    sum(views_of_day) AS screen_views,
    sum(events_of_day) AS events,
    sum(revenue_of_day) AS revenue
FROM (SELECT *, {bucket} AS bucket{dimensions} FROM lens_staging.int_session_days WHERE {rows})
GROUP BY bucket{names}
"""

# Sets of hashes take half the memory and two thirds of the time of sets of texts.
DISTINCT = {
    "events": {
        "unique_visitors": "uniqExactIf(sipHash64(device_id), device_id != '')",
        "people": "uniqExactIf(sipHash64(profile_id), profile_id != '')",
    },
    "session_days": {"unique_visitors": "uniqExact(device_hash)", "people": "uniqExactArray(people_of_day)"},
}


@dataclass(frozen=True)
class Dimensions:
    """Up to three columns or properties whose values break the numbers down.

    The numbers of a value equal the answer to the same question filtered to that value.
    """

    columns: tuple[Column, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the dimensions in the rows of a statement."""
        return tuple(f"dimension_{place}" for place in range(len(self.columns)))

    def values(self, row: Row) -> dict[str, str]:
        """Return the dimensions' values in a row as texts, by the names under which the caller asked for them."""
        return {column.name: row[name] for column, name in zip(self.columns, self.names, strict=True)}


NO_DIMENSIONS = Dimensions()


def read_dimensions(what: str, names: Sequence[str]) -> Dimensions:
    """Return the dimensions with those names. Raises `Refused`, which names the parameter `what`."""
    if len(names) > MAX_DIMENSIONS:
        raise invalid(what, f"{what} takes at most {MAX_DIMENSIONS} columns, not {len(names)}.")
    if len(set(names)) < len(names):
        raise invalid(what, f"{what} names a column twice.")
    columns = [find_column(name, QUESTION_COLUMNS, "event", what) for name in names]
    if any(column.kind == "list" for column in columns):
        raise invalid(what, f"{what} takes columns with one value; groups holds several.")
    return Dimensions(tuple(columns))


def sums(
    ask: ReportContext,
    dimensions: Dimensions,
    interval: Interval | None,
    bindings: Bindings,
    metrics: Sequence[str] = METRICS,
) -> str:
    """Return the SQL of the sums from which `metrics` follow, with a row for each `bucket` and combination of
    dimensions. Counting distinct visitors and people takes most of the time, so these counts are 0 unless `metrics`
    names them.
    """
    places = list(zip(dimensions.columns, dimensions.names, strict=True))
    source = _source_of(ask, dimensions, interval)
    names = "".join(f", {name}" for name in dimensions.names)
    if source == "held_events":
        parts = held_event_sums(
            ask,
            {name: column.name for column, name in places if column.owner == "event"},
            {name: _value(column, bindings) for column, name in places if column.owner == "session"},
            (bucket(interval, "local_day"), bucket(interval, "session_day")),
            bindings,
            metrics,
        )
        return SUMMED.format(parts=parts, names=names)
    distinct = {name: sql if name in metrics else "toUInt64(0)" for name, sql in DISTINCT[source].items()}
    if source == "session_days":
        return SUMS_OF_SESSION_DAYS.format(
            **distinct,
            bucket=bucket(interval, "local_day"),
            dimensions="".join(f", {_value(column, bindings)} AS {name}" for column, name in places),
            rows=session_day_rows(ask, bindings),
            names=names,
        )
    own = {name: _value(column, bindings) for column, name in places if column.owner == "event"}
    visits = {name: _value(column, bindings) for column, name in places if column.owner == "session"}
    parts = SUMS.format(
        **distinct,
        revenue=summed_revenue(ask, bindings),
        names=names,
        event_bucket=bucket(interval, "local_day"),
        event_dimensions="".join(f", {own.get(name, 'others.' + name)} AS {name}" for name in dimensions.names),
        of_sessions=_join_sessions(visits, sessions_in_reach(ask, bindings)),
        event_rows=event_rows(ask, bindings),
        session_bucket=bucket(interval, "day"),
        session_dimensions="".join(f", {visits.get(name) or _seen(name, own)} AS {name}" for name in dimensions.names),
        of_events=_join_events(own, events_in_reach(ask, bindings)),
        session_rows=session_rows(ask, bindings),
    )
    return SUMMED.format(parts=parts, names=names)


def table_of(ask: ReportContext, dimensions: Dimensions, interval: Interval | None) -> Table:
    """Return the name of the table that `sums` reads: `events`, or `sessions`, which has the events of each day too."""
    return "events" if _source_of(ask, dimensions, interval) == "events" else "sessions"


def _source_of(
    ask: ReportContext, dimensions: Dimensions, interval: Interval | None
) -> Literal["events", "session_days", "held_events"]:
    """Return the source of the sums: the sums in `int_session_days` if all filters and dimensions belong to sessions,
    its events if it has all columns that filters and dimensions name, else `events`.
    """
    of_events = [column.name for column in dimensions.columns if column.owner == "event"]
    if interval == "hour" or not has_held_events(ask) or not HELD_COLUMNS.keys() >= set(of_events):
        return "events"
    is_of_sessions = not of_events and not ask.event_filters
    return "session_days" if is_of_sessions and (ask.session_filters or dimensions.columns) else "held_events"


def bucket(interval: Interval | None, day: str) -> str:
    """Return the SQL of a row's bucket as a text, which is a key of `dates`; `day` is the column with the row's day."""
    return "''" if interval is None else f"toString({start_of(interval, day)})"


def start_of(interval: Interval, day: str) -> str:
    """Return the SQL of the first day of a row's bucket, or of the start of its hour."""
    start = {
        "hour": "toUnixTimestamp(hour)",
        "day": day,
        "week": f"toMonday({day})",
        "month": f"toStartOfMonth({day})",
        "quarter": f"toStartOfQuarter({day})",
    }
    return start[interval]


def dates(ask: ReportContext, interval: Interval) -> dict[str, str]:
    """Map each bucket's key in the query result to the date shown in the answer."""
    if interval != "hour":
        return {day.isoformat(): day.isoformat() for day in ask.period.days(interval)}
    return {str(hour // 1000): as_date(str(hour // 1000), ask, interval) for hour in ask.period.hours()}


def as_date(found: str, ask: ReportContext, interval: Interval) -> str:
    """Return the date that the answer shows for the bucket `found`; for hours, the instant with the zone's offset."""
    return datetime.fromtimestamp(int(found), ask.subject.zone).isoformat() if interval == "hour" else found


def measures(row: Row) -> Row:
    """Return all metrics of a row of sums; the row may be empty."""
    sums: dict[str, Any] = {"revenue": 0} | row
    sessions = sums.get("sessions", 0)
    return {
        "unique_visitors": sums.get("unique_visitors", 0),
        "people": sums.get("people", 0),
        "total_sessions": sessions,
        "total_screen_views": sums.get("screen_views", 0),
        "total_events": sums.get("events", 0),
        "avg_session_duration": ratio(sums.get("duration_seconds", 0), sessions),
        "bounce_rate": percent(sums.get("bounces", 0), sessions),
        "views_per_session": ratio(sums.get("screen_views", 0), sessions),
        "total_revenue": float(sums["revenue"]),
    }


MeanSeconds = Annotated[float | None, msgspec.Meta(description="In seconds.")]
BounceRate = Annotated[
    float | None,
    msgspec.Meta(
        description="In percent of `total_sessions`. For a `path` these are all sessions that saw the page; "
        "`pages` has the rate of the visits that entered with the page."
    ),
]


class Metrics(Shape):
    """The metrics of a period; a mean or rate is null when its divisor is 0."""

    unique_visitors: int
    people: int
    total_sessions: int
    total_screen_views: int
    total_events: int
    avg_session_duration: MeanSeconds
    bounce_rate: BounceRate
    views_per_session: float | None
    total_revenue: Money


def _value(column: Column, bindings: Bindings) -> str:
    """Return the SQL of a column as text, in the form in which a filter takes the value."""
    value = column_sql(column, bindings)
    if column.kind == "text":
        return f"toString({value})"
    return f"toString(toFloat64({value}))" if column.kind == "number" else f"if({value}, 'true', 'false')"


def _join_sessions(visits: dict[str, str], rows: str) -> str:
    """Return the join that adds dimensions of sessions to rows of their events."""
    if not visits:
        return ""
    values = ", ".join(f"{value} AS {name}" for name, value in visits.items())
    return (
        f"\n    INNER JOIN (SELECT session_id, {values} FROM lens.sessions WHERE {rows}) AS others USING (session_id)"
    )


def _join_events(own: dict[str, str], rows: str) -> str:
    """Return the join that adds dimensions of events to sessions: for each session one row with the combinations of its
    events.
    """
    if not own:
        return ""
    values = ", ".join(own.values())
    seen = f"groupUniqArray({values if len(own) == 1 else f'({values})'}) AS all_seen"
    inner = f"SELECT session_id, {seen} FROM lens.events WHERE {rows} GROUP BY session_id"
    return f"\n    INNER JOIN ({inner}) AS others USING (session_id)"


def _seen(name: str, own: dict[str, str]) -> str:
    """Return the SQL of a dimension of events for sessions; it gives a session one row for each combination that its
    events have.
    """
    if len(own) == 1:
        return "arrayJoin(all_seen)"
    return f"tupleElement(arrayJoin(all_seen), {list(own).index(name) + 1})"
