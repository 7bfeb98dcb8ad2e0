"""The currencies whose amounts are in no sum of revenue, for the notes of answers."""

from collections.abc import Iterable

from query.periods import Period
from query.report_context import ProjectScope
from query.statement import Bindings, Row, Statement

# Independent of the period, so that one read serves all questions until the next build.
SQL = """
SELECT toString(day) AS day, left_out_currencies
FROM lens_staging.int_metrics_daily
WHERE project_id = {project} AND notEmpty(left_out_currencies)
"""

# A lake has public tables alone, and unbuilt events are in no rollup.
SQL_OF_EVENTS = """
SELECT toString(local_day) AS day, groupUniqArray(10)(upper(currency)) AS left_out_currencies
FROM lens.events
WHERE project_id = {project} AND local_day >= {first} AND local_day < {end}
    AND revenue != 0 AND upper(currency) NOT IN ('', {currency})
GROUP BY day
"""


def left_out_statement(subject: ProjectScope, period: Period, *, of_events: bool) -> Statement:
    """Return the statement for the days of a project that have such currencies, and the currencies: of all days, or
    `of_events` of the period.
    """
    bindings = Bindings()
    project = bindings.bind(subject.project_id, "String")
    if not of_events:
        return bindings.statement(SQL.format(project=project))
    first, end = (bindings.bind(day.isoformat(), "Date") for day in (period.first_day, period.end_day))
    currency = bindings.bind(subject.currency, "String")
    return bindings.statement(SQL_OF_EVENTS.format(project=project, first=first, end=end, currency=currency))


def left_out_notes(subject: ProjectScope, periods: Iterable[Period], rows: Iterable[Row]) -> list[str]:
    """Return a sentence on the currencies that sums over `periods` leave out, if there are any."""
    spans = [(period.first_day.isoformat(), period.end_day.isoformat()) for period in periods]
    currencies = {
        currency
        for row in rows
        if any(first <= row["day"] < end for first, end in spans)
        for currency in row["left_out_currencies"]
    }
    if not currencies:
        return []
    own = f"the project's currency is {subject.currency}" if subject.currency else "the project has no currency"
    return [f"Revenue in {', '.join(sorted(currencies))} is left out, because {own}; the report `revenue` has it."]
