"""Visits and visitors by the values of a dimension, from `int_value_visits`: exact sums, whatever the traffic.

The table lacks days whose sessions have expired, and a build that was ended can have written a rollup without it. So
each statement compares the table's visits, or its visitors of each day, with those of the rollup. `int_page_visits` has
the rollup's numbers beside its own.
"""

from dataclasses import replace

from query.conditions import rollup_rows
from query.question import Question, none_estimated
from query.report_context import ReportContext
from query.statement import Bindings, Row, Statement

# A visit whose device had no visit of the period before it counts a visitor.
VISITORS = "sumIf({visits}, previous_day < {first})"
DAILY_VISITORS = "sumIf(visits, previous_day < day)"
"""SQL: the visitors of each day, added up."""

# Of groups with a `session_count`.
IS_WHOLE = "sum(session_count) OVER () = (SELECT sum(sessions) FROM {source} WHERE {rows})"


def visit_rows(ask: ReportContext, dimension: str, bindings: Bindings) -> str:
    """Return the condition on `int_value_visits`: visits of the period, by the values of `dimension`."""
    rows = rollup_rows(ask, "int_value_visits", bindings)
    return f"{rows} AND dimension = {bindings.bind(dimension, 'String')}"


def visitors(ask: ReportContext, bindings: Bindings, visits: str = "visits") -> str:
    """Return the SQL of the number of distinct devices in rows of `int_value_visits`, or of `int_page_visits`, where
    the column `visits` can also be `entries` or `exits`.
    """
    return VISITORS.format(visits=visits, first=bindings.bind(ask.period.first_day.isoformat(), "Date"))


def from_visits(merged: Question, statement: Statement) -> Question:
    """Return the question `merged`, which merges sketches, as `statement` over `int_value_visits` or
    `int_page_visits`; `merged` itself is asked if the table does not have all visits.
    """
    return replace(merged, statement=statement, estimated=none_estimated, is_whole=_has_whole_rows, unless_whole=merged)


def _has_whole_rows(rows: list[Row]) -> bool:
    """Return whether `rows` come from a table with all visits of the period; without rows, all may have expired."""
    return bool(rows) and all(row["is_whole"] for row in rows)
