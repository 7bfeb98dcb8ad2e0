"""What happened? Events by name."""

from query.conditions import event_rows, rollup_rows, summed_revenue
from query.parameters import LiveListParameters
from query.question import Data, Question
from query.report import Report, over_period
from query.report_context import ReportContext
from query.shapes import Money, Shape
from query.statement import Bindings, Row
from query.tables import decide_table, source_of

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
    bindings = Bindings()
    is_rollup = table != "events"
    sql = RANKED.format(
        measured=ROLLED_UP if is_rollup else FROM_FACTS.format(revenue=summed_revenue(ask, bindings)),
        source=source_of(table),
        rows=rollup_rows(ask, table, bindings) if is_rollup else event_rows(ask, bindings),
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return Question(table, bindings.statement(sql), _shape, ask.subject.zone.key)


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
