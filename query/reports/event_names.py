"""What happened? Events by name."""

from dataclasses import replace

from query.conditions import event_rows, rollup_rows, summed_revenue
from query.parameters import LiveListParameters
from query.question import Data, Question, none_estimated
from query.report import Report, over_period
from query.report_context import ReportContext
from query.reports.value_visits import DAILY_VISITORS, visit_rows, visitors
from query.shapes import Money, Shape
from query.statement import Bindings, Row
from query.tables import decide_table, source_of

VISITED = """
SELECT
    name, event_count, visitor_count, summed_revenue, summed.daily_visitors = visited.daily_visitors AS is_whole
FROM
(
    SELECT
        name,
        sipHash64(name) AS value,
        sum(events) AS event_count,
        sum(unique_visitors) AS daily_visitors,
        sum(revenue) AS summed_revenue
    FROM {source}
    WHERE {rows}
    GROUP BY name
    ORDER BY event_count DESC, name
    LIMIT {limit}
) AS summed
LEFT JOIN
(
    SELECT value, {visitors} AS visitor_count, {daily_visitors} AS daily_visitors
    FROM lens_staging.int_value_visits
    WHERE {visits}
    GROUP BY value
) AS visited USING (value)
ORDER BY event_count DESC, name
"""

# Rollups keep days whose events have expired.
ROLLED_UP = """
SELECT
    name,
    sum(events) AS event_count,
    uniqCombined64Merge(unique_visitors_state) AS visitor_count,
    sum(revenue) AS summed_revenue
"""

FROM_FACTS = """
SELECT
    name,
    count() AS event_count,
    uniqExactIf(device_id, device_id != '') AS visitor_count,
    sum({revenue}) AS summed_revenue
"""

RANKED = "{measured} FROM {source} WHERE {rows} GROUP BY name ORDER BY event_count DESC, name LIMIT {limit}"


def event_names(ask: ReportContext) -> Question:
    """Ask for `{name, events, unique_visitors, revenue}`, the most frequent first."""
    table = decide_table("event_names", finest=ask.period.grain, has_filters=ask.needs_facts)
    ranked = _ranked(ask, table)
    if table == "events":
        return ranked
    bindings = Bindings()
    sql = VISITED.format(
        source=source_of(table),
        rows=rollup_rows(ask, table, bindings),
        visits=visit_rows(ask, "events", bindings),
        visitors=visitors(ask, bindings),
        daily_visitors=DAILY_VISITORS,
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return replace(ranked, statement=bindings.statement(sql), estimated=none_estimated, unless_whole=ranked)


def _ranked(ask: ReportContext, table: str) -> Question:
    """Ask the rollup or the events, in which visitors must be merged or counted."""
    bindings = Bindings()
    is_rollup = table != "events"
    sql = RANKED.format(
        measured=ROLLED_UP if is_rollup else FROM_FACTS.format(revenue=summed_revenue(ask, bindings)),
        source=source_of(table),
        rows=rollup_rows(ask, table, bindings) if is_rollup else event_rows(ask, bindings),
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return Question(table, bindings.statement(sql), _shape, ask.subject.zone.key, sums_revenue_of=ask.period)


def _shape(rows: list[Row]) -> Data:
    return [
        {
            "name": row["name"],
            "events": row["event_count"],
            "unique_visitors": row["visitor_count"],
            "revenue": float(row["summed_revenue"]),
        }
        for row in rows
    ]


class EventName(Shape):
    """The events of one name."""

    name: str
    events: int
    unique_visitors: int
    revenue: Money


EVENTS = Report(
    "events", "What happened: events by name.", LiveListParameters, over_period(event_names), list[EventName]
)
