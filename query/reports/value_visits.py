"""Visits and visitors by the values of a dimension, from `int_value_visits`: exact sums, whatever the traffic."""

from query.conditions import rollup_rows
from query.report_context import ReportContext
from query.statement import Bindings, Row

# A visit whose device had no visit of the period before it counts a visitor.
VISITORS = "sumIf(visits, previous_day < {first})"

# Before this day sessions have expired, so the table does not have their visits.
IS_WHOLE = "{first} >= (SELECT max(events_before) FROM lens_raw.closed_days WHERE project_id = {project})"


def has_whole_rows(rows: list[Row]) -> bool:
    """Return whether `rows` come from a table with all visits of the period; without rows, all may have expired."""
    return bool(rows) and all(row["is_whole"] for row in rows)


def visit_rows(ask: ReportContext, dimension: str, bindings: Bindings) -> str:
    """Return the condition on `int_value_visits`: visits of the period, by the values of `dimension`."""
    rows = rollup_rows(ask, "int_value_visits", bindings)
    return f"{rows} AND dimension = {bindings.bind(dimension, 'String')}"


def visitors(ask: ReportContext, bindings: Bindings) -> str:
    """Return the SQL of the number of distinct devices in rows of `int_value_visits`."""
    return VISITORS.format(first=_first_day(ask, bindings))


def is_whole(ask: ReportContext, bindings: Bindings) -> str:
    """Return the SQL that says whether `int_value_visits` has all visits of the period."""
    project = bindings.bind(ask.subject.project_id, "String")
    return IS_WHOLE.format(first=_first_day(ask, bindings), project=project)


def _first_day(ask: ReportContext, bindings: Bindings) -> str:
    return bindings.bind(ask.period.first_day.isoformat(), "Date")
