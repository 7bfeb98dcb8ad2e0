"""How much was there, in all and over time? The metrics of a period, and their series."""

from datetime import datetime
from typing import Annotated, cast

import msgspec

from query.conditions import event_rows, rollup_rows, session_rows, summed_revenue
from query.parameters import TrendParameters, one_of
from query.periods import INTERVALS, Interval, read_interval
from query.question import Data, Question, percent, ratio
from query.report import Asked, Report, compared
from query.report_context import Ask, Subject, read_ask
from query.shapes import BucketStart, Money, Percent, Shape
from query.statement import Bindings, Row, Statement
from query.tables import decide_table

ROLLED_UP = """
SELECT
    {bucket} AS bucket,
    uniqExactMerge(unique_visitors_state) AS unique_visitors,
    uniqExactMerge(people_state) AS people,
    sum(sessions) AS sessions,
    sum(bounces) AS bounces,
    sum(duration_seconds) AS duration_seconds,
    sum(screen_views) AS screen_views,
    sum(events) AS events,
    sum(revenue) AS revenue
FROM (SELECT * EXCEPT (unique_visitors, people) FROM lens.{table} WHERE {rows})
GROUP BY bucket
"""

FROM_FACTS = """
SELECT
    bucket,
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
    SELECT
        {event_bucket} AS bucket,
        uniqExactIf(device_id, device_id != '') AS unique_visitors,
        uniqExactIf(profile_id, profile_id != '') AS people,
        toUInt64(0) AS sessions,
        toUInt64(0) AS bounces,
        toUInt64(0) AS duration_seconds,
        countIf(is_screen_view) AS screen_views,
        count() AS events,
        sum({revenue}) AS summed_revenue
    FROM lens.events
    WHERE {event_rows}
    GROUP BY bucket
    UNION ALL
    SELECT
        {session_bucket} AS bucket,
        0, 0, count(), countIf(is_bounce), sum(duration_seconds), 0, 0, 0
    FROM lens.sessions
    WHERE {session_rows}
    GROUP BY bucket
)
GROUP BY bucket
"""


def metrics(ask: Ask) -> Question:
    """The metrics of the whole period, as one object."""
    table = decide_table("trends", finest=ask.period.grain, has_filters=bool(ask.filters))
    return Question(
        table,
        _statement(ask, table, None),
        lambda rows: _measures(rows[0] if rows else {}),
        ask.subject.zone.key,
    )


def timeseries(ask: Ask, interval: Interval) -> Question:
    """The metrics of every bucket of the period, in order, with its `date`.

    A bucket's date is the local date of its first day, or for hours the instant with the zone's offset. The first and
    the last bucket hold only what lies in the period.
    """
    finest = "hour" if interval == "hour" and ask.period.grain == "day" else ask.period.grain
    table = decide_table("trends", finest=finest, has_filters=bool(ask.filters))
    dates = _dates(ask, interval)

    def shape(rows: list[Row]) -> Data:
        found = {row["bucket"]: row for row in rows}
        return [{"date": date} | _measures(found.get(key, {})) for key, date in dates.items()]

    return Question(table, _statement(ask, table, interval), shape, ask.subject.zone.key)


def _statement(ask: Ask, table: str, interval: Interval | None) -> Statement:
    bindings = Bindings()
    if table != "events":
        rows = rollup_rows(ask, table, bindings)
        return bindings.statement(ROLLED_UP.format(bucket=_bucket(interval, "day"), table=table, rows=rows))
    return bindings.statement(
        FROM_FACTS.format(
            event_bucket=_bucket(interval, "local_day"),
            session_bucket=_bucket(interval, "day"),
            revenue=summed_revenue(ask, bindings),
            event_rows=event_rows(ask, bindings),
            session_rows=session_rows(ask, bindings),
        )
    )


def _bucket(interval: Interval | None, day: str) -> str:
    """The SQL of a row's bucket, as the text that `_dates` has as keys."""
    if interval is None:
        return "''"
    start = {
        "hour": "toUnixTimestamp(hour)",
        "day": day,
        "week": f"toMonday({day})",
        "month": f"toStartOfMonth({day})",
        "quarter": f"toStartOfQuarter({day})",
    }
    return f"toString({start[interval]})"


def _dates(ask: Ask, interval: Interval) -> dict[str, str]:
    if interval != "hour":
        return {day.isoformat(): day.isoformat() for day in ask.period.days(interval)}
    zone = ask.subject.zone
    seconds = [hour // 1000 for hour in ask.period.hours()]
    return {str(second): datetime.fromtimestamp(second, zone).isoformat() for second in seconds}


def _measures(row: Row) -> Row:
    def count(name: str) -> int:
        return cast(int, row.get(name, 0))

    return {
        "unique_visitors": count("unique_visitors"),
        "people": count("people"),
        "total_sessions": count("sessions"),
        "total_screen_views": count("screen_views"),
        "total_events": count("events"),
        "avg_session_duration": ratio(count("duration_seconds"), count("sessions")),
        "bounce_rate": percent(count("bounces"), count("sessions")),
        "views_per_session": ratio(count("screen_views"), count("sessions")),
        "total_revenue": float(row.get("revenue", 0)),
    }


class Metrics(Shape):
    """How much was there?"""

    unique_visitors: int
    people: int
    total_sessions: int
    total_screen_views: int
    total_events: int
    avg_session_duration: Annotated[float, msgspec.Meta(description="In seconds.")]
    bounce_rate: Percent
    views_per_session: float
    total_revenue: Money


class Bucket(Metrics):
    """The metrics of a bucket."""

    date: BucketStart


class TimeseriesParameters(TrendParameters, kw_only=True):
    """Those of `metrics`, and the length of a bucket."""

    interval: Annotated[str, one_of(INTERVALS)] = "day"


def _ask_metrics(subject: Subject, parameters: TrendParameters, now_ms: int) -> Asked:
    return compared(read_ask(subject, parameters, now_ms), parameters, metrics)


def _ask_timeseries(subject: Subject, parameters: TimeseriesParameters, now_ms: int) -> Asked:
    interval = read_interval(parameters.interval)
    ask = read_ask(subject, parameters, now_ms)
    return compared(ask, parameters, lambda each: timeseries(each, interval))


METRICS = Report("metrics", "The metrics of a period.", TrendParameters, _ask_metrics, Metrics, {"compare": "previous"})
TIMESERIES = Report("timeseries", "The metrics of every bucket.", TimeseriesParameters, _ask_timeseries, list[Bucket])
