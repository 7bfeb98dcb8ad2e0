"""Views, visits, entries and exits by page, from `int_page_visits`: the rows of whole weeks, and of the days that are
left. A week is one of a month: it begins on day 1, 8, 15, 22 or 29.
"""

from datetime import date, timedelta

from query.report_context import ReportContext
from query.statement import Bindings


def page_rows(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on `int_page_visits`: each day of the period once, in a row of its week if possible."""
    project = bindings.bind(ask.subject.project_id, "String")
    first, end = ask.period.first_day, ask.period.end_day
    first_week, end_of_weeks = _week_from(first), week_of_month(end)
    first_bound, end_bound = bindings.bind(first.isoformat(), "Date"), bindings.bind(end.isoformat(), "Date")
    days = f"NOT is_week AND day >= {first_bound} AND day < {end_bound}"
    if first_week >= end_of_weeks:
        return f"project_id = {project} AND {days}"
    week, end_week = (bindings.bind(each.isoformat(), "Date") for each in (first_week, end_of_weeks))
    return (
        f"project_id = {project} AND (is_week AND day >= {week} AND day < {end_week}"
        f" OR {days} AND (day < {week} OR day >= {end_week}))"
    )


def week_of_month(day: date) -> date:
    """Return the first day of the week of the month that `day` is in."""
    return day - timedelta(days=(day.day - 1) % 7)


def _week_from(day: date) -> date:
    """Return the first day of the first week that begins on `day` or later."""
    week = week_of_month(day)
    if week == day:
        return week
    following = week + timedelta(days=7)
    return following if following.month == week.month else following.replace(day=1)
