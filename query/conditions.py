"""The rows that a question reads: the SQL conditions of period and filters on `lens.events`, `lens.sessions` and
rollups.
"""

from datetime import timedelta

from query.filters import condition
from query.report_context import ReportContext
from query.statement import Bindings

# A session is under 48 hours, so its events lie on its own local day and the two after it.
SESSION_DAYS = timedelta(days=2)
NO_TIME = timedelta()


def rollup_rows(ask: ReportContext, table: str, bindings: Bindings) -> str:
    """Return the condition on a rollup's rows. The period must begin and end where rows of the rollup do;
    `tables.decide_table` ensures that.
    """
    condition = _of_days(ask, "day", bindings)
    if table == "metrics_hourly":
        condition += (
            f" AND hour >= {_seconds(ask.period.start, bindings)} AND hour < {_seconds(ask.period.end, bindings)}"
        )
    return condition


def event_rows(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on `lens.events`: events of the period that fit the event filters, in sessions that fit the
    session filters.
    """
    parts = [_of_days(ask, "local_day", bindings), *_instants(ask, "created_at", bindings)]
    parts += [condition(each, bindings) for each in ask.event_filters]
    if ask.session_filters:
        parts.append(in_sessions(ask, bindings))
    return " AND ".join(parts)


def session_rows(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on `lens.sessions`: sessions that start in the period, fit the session filters, and hold an
    event that fits the event filters.
    """
    parts = [_of_days(ask, "day", bindings), *_instants(ask, "started_at", bindings)]
    parts += [condition(each, bindings) for each in ask.session_filters]
    if ask.event_filters:
        parts.append(f"session_id IN (SELECT session_id FROM lens.events WHERE {events_in_reach(ask, bindings)})")
    return " AND ".join(parts)


HELD_COLUMNS = {"name": "event_names", "path": "event_paths", "is_screen_view": "event_are_views"}
"""The columns of events that `int_session_days` has, each with its array."""


def is_of_session_days(ask: ReportContext) -> bool:
    """Return whether `int_session_days` can have all rows of the question: whole days, and filters on sessions only."""
    return not ask.event_filters and has_held_events(ask)


def has_held_events(ask: ReportContext) -> bool:
    """Return whether `int_session_days` has all that tells which events of sessions the question reads."""
    is_built = ask.subject.has_states and not ask.is_live
    are_held = all(each.column.name in HELD_COLUMNS for each in ask.event_filters)
    return is_built and are_held and ask.period.grain == "day"


def session_day_rows(ask: ReportContext, bindings: Bindings, *, after: timedelta = NO_TIME) -> str:
    """Return the condition on `int_session_days`: the period's days, and those in the time after it, of sessions that
    match the session filters.
    """
    days = _of_days(ask, "local_day", bindings, after=after)
    return " AND ".join([days, *(condition(each, bindings) for each in ask.session_filters)])


def events_in_reach(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on `lens.events` for events that fit the event filters and may belong to a session that
    starts in the period.
    """
    days = _of_days(ask, "local_day", bindings, after=SESSION_DAYS)
    return " AND ".join([days, *(condition(each, bindings) for each in ask.event_filters)])


def sessions_in_reach(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on `lens.sessions` for sessions that fit the session filters and may hold events of the
    period.
    """
    days = _of_days(ask, "day", bindings, before=SESSION_DAYS)
    return " AND ".join([days, *(condition(each, bindings) for each in ask.session_filters)])


def conversion_rows(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on `lens.attribution`: conversions of the period."""
    return " AND ".join([_of_days(ask, "day", bindings), *_instants(ask, "converted_at", bindings)])


def in_sessions(ask: ReportContext, bindings: Bindings, *, is_unbounded: bool = False) -> str:
    """Return the condition that an event's session fits the session filters. The session can start as long before the
    period as a session can last, or at any time if `is_unbounded`.
    """
    rows = sessions_in_reach(ask, bindings)
    if is_unbounded:
        project = f"project_id = {bindings.bind(ask.subject.project_id, 'String')}"
        rows = " AND ".join([project, *(condition(each, bindings) for each in ask.session_filters)])
    return f"session_id IN (SELECT session_id FROM lens.sessions WHERE {rows})"


def session_events(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on `lens.events` for the period's events and all other events of their sessions. It reads
    the period's days, and the days before and after the period on which such sessions may have events. With session
    filters only the events of matching sessions are left.
    """
    days = _of_days(ask, "local_day", bindings, before=SESSION_DAYS, after=SESSION_DAYS)
    return f"{days} AND {in_sessions(ask, bindings)}" if ask.session_filters else days


def summed_revenue(ask: ReportContext, bindings: Bindings) -> str:
    """Return the SQL of an event's revenue as it counts in sums: the revenue if its currency is the project's or empty,
    else 0.
    """
    return f"if(upper(currency) IN ('', {bindings.bind(ask.subject.currency, 'String')}), revenue, 0)"


def _of_days(
    ask: ReportContext, column: str, bindings: Bindings, *, before: timedelta = NO_TIME, after: timedelta = NO_TIME
) -> str:
    project = bindings.bind(ask.subject.project_id, "String")
    first = bindings.bind((ask.period.first_day - before).isoformat(), "Date")
    end = bindings.bind((ask.period.end_day + after).isoformat(), "Date")
    return f"project_id = {project} AND {column} >= {first} AND {column} < {end}"


def _instants(ask: ReportContext, column: str, bindings: Bindings) -> list[str]:
    if ask.period.grain == "day":
        return []
    start, end = (bindings.bind(edge, "Int64") for edge in (ask.period.start, ask.period.end))
    return [f"{column} >= fromUnixTimestamp64Milli({start})", f"{column} < fromUnixTimestamp64Milli({end})"]


def _seconds(epoch_ms: int, bindings: Bindings) -> str:
    return f"toDateTime({bindings.bind(epoch_ms // 1000, 'Int64')}, 'UTC')"
