"""How much happened, in total and over time? The metrics of a period, and their series, broken down if wanted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import msgspec

from query.conditions import rollup_rows
from query.errors import invalid
from query.parameters import Compare as Compared
from query.parameters import LiveListParameters, TrendParameters, one_of
from query.periods import INTERVALS, Interval, read_interval
from query.question import Data, Question
from query.report import Asked, Report, compared
from query.report_context import ProjectScope, ReportContext, read_ask, read_limit
from query.reports.measures import (
    MAX_DIMENSIONS,
    NO_DIMENSIONS,
    Dimensions,
    Metrics,
    bucket,
    dates,
    measures,
    read_dimensions,
    start_of,
    sums,
    table_of,
)
from query.shapes import BucketStart
from query.statement import Bindings, Row
from query.tables import decide_table, source_of

MAX_ROWS = 100_000
DEFAULT_SERIES = 10

GRAINS: dict[Interval | None, str] = {"hour": "metrics_hourly", "day": "metrics_daily"}
"""The rollup that has a row for each bucket."""

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
FROM (SELECT * EXCEPT (unique_visitors, people) FROM {source} WHERE {rows})
GROUP BY bucket
"""

# People are counted in the bucket of their first event. The sums of all days tell whether the table of returns is
# complete: it is not during a build, nor after profiles have expired.
SUMMED_UP = """
SELECT
    bucket,
    sum(visitor_count) AS unique_visitors,
    sum(people_count) AS people,
    sum(session_count) AS sessions,
    sum(bounce_count) AS bounces,
    sum(all_seconds) AS duration_seconds,
    sum(view_count) AS screen_views,
    sum(event_count) AS events,
    sum(all_revenue) AS revenue,
    sum(daily_visitors) = 0 AND sum(daily_people) = 0 AS is_whole
FROM
(
    SELECT
        {bucket} AS bucket,
        toUInt64(0) AS visitor_count,
        toUInt64(0) AS people_count,
        sum(sessions) AS session_count,
        sum(bounces) AS bounce_count,
        sum(duration_seconds) AS all_seconds,
        sum(screen_views) AS view_count,
        sum(events) AS event_count,
        sum(revenue) AS all_revenue,
        toInt64(sum(unique_visitors)) AS daily_visitors,
        toInt64(sum(people)) AS daily_people
    FROM {source}
    WHERE {rows}
    GROUP BY bucket
    UNION ALL
    SELECT
        {bucket} AS bucket,
        sumIf(devices, previous_day < {first}), sumIf(people, previous_day < {first}), 0, 0, 0, 0, 0, 0,
        -toInt64(sum(devices)), -toInt64(sum(people))
    FROM lens_staging.int_returns
    WHERE {rows}
    GROUP BY bucket
)
GROUP BY bucket
"""

# A rollup of exactly these buckets holds the counts.
COUNTED = """
SELECT
    {bucket} AS bucket,
    unique_visitors, people, sessions, bounces, duration_seconds, screen_views, events, revenue
FROM {source}
WHERE {rows}
"""

# The combinations with the most events over the whole period, with all their buckets.
FIRST_COMBINATIONS = """
SELECT * FROM
(
    SELECT *, dense_rank() OVER (ORDER BY events_of_all DESC, {names}) AS place
    FROM (SELECT *, sum(events) OVER (PARTITION BY {names}) AS events_of_all FROM ({sums}))
)
WHERE place <= {limit}
ORDER BY place
"""


def metrics(ask: ReportContext) -> Question:
    """Ask for the metrics of the whole period, as one object."""
    table = decide_table("trends", finest=ask.period.grain, has_filters=ask.needs_facts)
    return _question(ask, table, None, NO_DIMENSIONS, lambda rows: measures(rows[0] if rows else {}))


def breakdown(ask: ReportContext, dimensions: Dimensions) -> Question:
    """Ask for the metrics of every combination of the dimensions' values, those with most events first."""
    return _question(
        ask,
        "events",
        None,
        dimensions,
        lambda rows: [{"dimensions": dimensions.values(row)} | measures(row) for row in rows],
    )


def timeseries(ask: ReportContext, interval: Interval, dimensions: Dimensions = NO_DIMENSIONS) -> Question:
    """Ask for the metrics of every bucket of the period, in order, with the bucket's `date`; there is one series for
    each combination of dimensions.

    A bucket's date is the local date of its first day; an hour has the instant with the zone's offset. The first and
    the last bucket count only events of the period.
    """
    finest = "hour" if interval == "hour" and ask.period.grain == "day" else ask.period.grain
    is_one = not dimensions.columns
    table = decide_table("trends", finest=finest, has_filters=ask.needs_facts) if is_one else "events"
    buckets = dates(ask, interval)
    if len(buckets) * (1 if is_one else ask.limit) > MAX_ROWS:
        raise invalid("limit", f"That is more than {MAX_ROWS} rows; take a smaller limit or a longer interval.")

    def shape(rows: list[Row]) -> Data:
        found: dict[tuple[str, ...], dict[str, Row]] = {(): {}} if is_one else {}
        for row in rows:
            found.setdefault(tuple(dimensions.values(row).values()), {})[row["bucket"]] = row
        names = [column.name for column in dimensions.columns]
        return [
            {"date": date} | ({} if is_one else {"dimensions": dict(zip(names, values, strict=True))}) | measures(row)
            for values, series in found.items()
            for date, row in ((date, series.get(key, {})) for key, date in buckets.items())
        ]

    return _question(ask, table, interval, dimensions, shape)


Shaped = Callable[[list[Row]], Data]


def _question(
    ask: ReportContext, table: str, interval: Interval | None, dimensions: Dimensions, shape: Shaped
) -> Question:
    if table != "events":
        return _of_rollup(ask, table, interval, shape)
    bindings = Bindings()
    sql = sums(ask, dimensions, interval, bindings)
    if dimensions.columns:
        limit = bindings.bind(ask.limit, "UInt32")
        sql = FIRST_COMBINATIONS.format(sums=sql, names=", ".join(dimensions.names), limit=limit)
    return Question(
        table_of(ask, dimensions, interval),
        bindings.statement(sql),
        shape,
        ask.subject.zone.key,
        sums_revenue_of=ask.period,
    )


def _of_rollup(ask: ReportContext, table: str, interval: Interval | None, shape: Shaped) -> Question:
    bindings = Bindings()
    counted = {
        "bucket": bucket(interval, "day"),
        "source": source_of(table),
        "rows": rollup_rows(ask, table, bindings),
    }

    def question(sql: str) -> Question:
        return Question(table, bindings.statement(sql), shape, ask.subject.zone.key, sums_revenue_of=ask.period)

    if table == GRAINS.get(interval):
        return question(COUNTED.format(**counted))
    merged = question(ROLLED_UP.format(**counted))
    if table == "metrics_hourly":
        return merged
    first = _first_day(ask, interval, bindings)
    return replace(question(SUMMED_UP.format(**counted, first=first)), unless_whole=merged)


def _first_day(ask: ReportContext, interval: Interval | None, bindings: Bindings) -> str:
    """Return the SQL of the first day of a row's bucket within the period."""
    first = bindings.bind(ask.period.first_day.isoformat(), "Date")
    return first if interval is None else f"greatest({first}, {start_of(interval, 'day')})"


class Bucket(Metrics):
    """The metrics of a bucket, with the values of the dimensions if the series is broken down."""

    date: BucketStart
    dimensions: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class BrokenDown(Metrics):
    """The metrics of a combination of values."""

    dimensions: dict[str, str]


Columns = f"Up to {MAX_DIMENSIONS} columns or properties.x, by commas."


class BreakdownParameters(LiveListParameters, kw_only=True):
    """The period and filters, the dimensions, the number of combinations, and the comparison."""

    by: Annotated[str, msgspec.Meta(description=Columns)] = "country"
    compare: Compared = None


class TimeseriesParameters(TrendParameters, kw_only=True):
    """The parameters of `metrics`, the length of a bucket, and the dimensions of the series."""

    interval: Annotated[str, one_of(INTERVALS)] = "day"
    breakdown: Annotated[str | None, msgspec.Meta(description=f"{Columns} A series for each combination.")] = None
    limit: Annotated[int | None, msgspec.Meta(description=f"The most series; default {DEFAULT_SERIES}.")] = None


def _ask_metrics(subject: ProjectScope, parameters: TrendParameters, now_ms: int) -> Asked:
    return compared(read_ask(subject, parameters, now_ms), parameters, metrics)


def _ask_breakdown(subject: ProjectScope, parameters: BreakdownParameters, now_ms: int) -> Asked:
    dimensions = _read_dimensions("by", parameters.by)
    return compared(read_ask(subject, parameters, now_ms), parameters, lambda each: breakdown(each, dimensions))


def _ask_timeseries(subject: ProjectScope, parameters: TimeseriesParameters, now_ms: int) -> Asked:
    interval = read_interval(parameters.interval)
    if parameters.limit is not None and parameters.breakdown is None:
        raise invalid("limit", "limit is the number of series of a breakdown, which is not given.")
    dimensions = NO_DIMENSIONS
    if parameters.breakdown is not None:
        dimensions = _read_dimensions("breakdown", parameters.breakdown)
    limit = read_limit(DEFAULT_SERIES if parameters.limit is None else parameters.limit)
    ask = replace(read_ask(subject, parameters, now_ms), limit=limit)
    return compared(ask, parameters, lambda each: timeseries(each, interval, dimensions))


def _read_dimensions(what: str, text: str) -> Dimensions:
    return read_dimensions(what, [name.strip() for name in text.split(",")])


METRICS = Report("metrics", "The metrics of a period.", TrendParameters, _ask_metrics, Metrics, {"compare": "previous"})
BREAKDOWN = Report(
    "breakdown",
    "The metrics by up to three dimensions.",
    BreakdownParameters,
    _ask_breakdown,
    list[BrokenDown],
    {"by": "referrer_name,path", "limit": 2},
)
TIMESERIES = Report("timeseries", "The metrics of every bucket.", TimeseriesParameters, _ask_timeseries, list[Bucket])
