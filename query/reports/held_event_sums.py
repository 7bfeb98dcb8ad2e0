"""The sums of events and sessions by name or page of events, from the arrays of `int_session_days`.

It reads a row for each session and day in the place of a row for each event. Events without a session, which are those
of servers, are read from `lens.events`, where they come first in each day.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from query.conditions import HELD_COLUMNS, event_rows, session_day_rows, summed_revenue
from query.filters import condition
from query.report_context import ReportContext
from query.statement import Bindings

DAY = timedelta(days=1)

# A session and a combination of values count on the session's first day. A session of one day is counted with its
# events, the few sessions of two days are counted apart.
SUMS = """SELECT
    {event_bucket} AS bucket{names},
    {unique_visitors} AS unique_visitors,
    {people} AS people,
    countIf(is_first AND is_whole) AS sessions,
    countIf(is_first AND is_whole AND is_bounce) AS bounces,
    sumIf(duration_seconds, is_first AND is_whole) AS duration_seconds,
    countIf(is_view) AS screen_views,
    count() AS events,
    sum(revenue) AS summed_revenue
FROM
(
    SELECT
        local_day, device_hash, place = 1 AS is_first, is_whole, is_bounce, duration_seconds, is_view,
        {person} AS person, {place_of_person} = 1 AS is_first_of_person, {revenue} AS revenue{names}
    FROM ({of_days})
    ARRAY JOIN {items}
    {without_session}
)
GROUP BY bucket{names}
UNION ALL
SELECT {session_bucket} AS bucket{names}, 0, 0, count(), countIf(is_bounce), sum(duration_seconds), 0, 0, 0
FROM
(
    SELECT DISTINCT session_id, session_day, is_bounce, duration_seconds{names}
    FROM ({of_sessions})
    ARRAY JOIN {items}
    WHERE place = 1
)
GROUP BY bucket{names}
"""

ROWS = """
            SELECT
                local_day, session_id, device_hash, is_bounce, duration_seconds,
                is_first_day AND next_moment = 0 AS is_whole,
                if(is_first_day, local_day, local_day - 1) AS session_day{columns},
                {arrays}
            FROM lens_staging.int_session_days
            WHERE {rows}
        """

WITHOUT_SESSION = """UNION ALL
        SELECT
            local_day, 0, false, false, false, 0, is_screen_view, sipHash64(profile_id), profile_id != '',
            {revenue}{columns}
        FROM lens.events
        WHERE {rows} AND device_id = ''"""


def held_event_sums(
    ask: ReportContext,
    of_events: Mapping[str, str],
    of_sessions: Mapping[str, str],
    buckets: tuple[str, str],
    bindings: Bindings,
    metrics: Sequence[str],
) -> str:
    """Return the SQL of rows whose sums are those from which `metrics` follow, by dimensions of events and of sessions.

    `of_events` maps a dimension to a column in `HELD_COLUMNS`, `of_sessions` maps one to its SQL. `buckets` are the SQL
    of the bucket of an event, by `local_day`, and of a session, by `session_day`.
    """
    has_people, has_revenue = "people" in metrics, "total_revenue" in metrics
    names = "".join(f", {name}" for name in (*of_events, *of_sessions))
    arrays, items = _arrays(of_events, has_people=has_people, has_revenue=has_revenue)
    if ask.event_filters:
        arrays = {name: f"arrayFilter((item, is_kept) -> is_kept, {array}, kept)" for name, array in arrays.items()}
        arrays = {"kept": _kept(ask, bindings)} | arrays
    combined = [f"all_{name}" for name in of_events]
    arrays["places"] = f"arrayEnumerateUniq({', '.join(combined)})" if combined else "arrayEnumerate(are_views)"
    if has_people:
        # Nearly all rows have one person, whose places are those of the combinations.
        apart = f"arrayEnumerateUniq({', '.join([*combined, 'persons'])})"
        arrays["places_of_person"] = f"if(length(people_of_day) = 1, places, {apart})"
    columns = "".join(f", {sql} AS {name}" for name, sql in of_sessions.items())
    written = ",\n                ".join(f"{array} AS {name}" for name, array in arrays.items())
    return SUMS.format(
        names=names,
        event_bucket=buckets[0],
        session_bucket=buckets[1],
        unique_visitors="uniqExactIf(device_hash, is_first)" if "unique_visitors" in metrics else "toUInt64(0)",
        people="uniqExactIf(person, is_first_of_person)" if has_people else "toUInt64(0)",
        person="person_item" if has_people else "toUInt64(0)",
        place_of_person="place_of_person" if has_people else "0",
        revenue="revenue_item" if has_revenue else "toDecimal64(0, 4)",
        of_days=ROWS.format(columns=columns, arrays=written, rows=session_day_rows(ask, bindings)),
        of_sessions=ROWS.format(columns=columns, arrays=written, rows=_rows_of_two_days(ask, bindings)),
        items=", ".join(f"{array} AS {item}" for array, item in items.items()),
        without_session="" if of_sessions or ask.session_filters else _without_session(ask, of_events, bindings),
    )


def _arrays(
    of_events: Mapping[str, str], *, has_people: bool, has_revenue: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the SQL of the arrays to read by name, and for each array in the join the name of its items."""
    arrays = {"are_views": "event_are_views"}
    items = {"are_views": "is_view", "places": "place"}
    for name, column in of_events.items():
        arrays[f"all_{name}"] = _texts(column)
        items[f"all_{name}"] = name
    if has_people:
        arrays["persons"] = "event_people"
        items |= {"persons": "person_item", "places_of_person": "place_of_person"}
    if has_revenue:
        arrays["revenues"] = "event_revenues"
        items["revenues"] = "revenue_item"
    return arrays, items


def _texts(column: str) -> str:
    """Return the SQL of a column's items as texts, in the form in which a filter takes the value."""
    items = HELD_COLUMNS[column]
    return f"arrayMap(flag -> {_flag_text('flag')}, {items})" if column == "is_screen_view" else items


def _flag_text(flag: str) -> str:
    return f"toLowCardinality(if({flag}, 'true', 'false'))"


def _kept(ask: ReportContext, bindings: Bindings) -> str:
    """Return the SQL of an array that tells which events of a row fit the event filters."""
    fits = " AND ".join(condition(each, bindings) for each in ask.event_filters)
    named = sorted({each.column.name for each in ask.event_filters})
    return f"arrayMap(({', '.join(named)}) -> {fits}, {', '.join(HELD_COLUMNS[name] for name in named)})"


def _rows_of_two_days(ask: ReportContext, bindings: Bindings) -> str:
    """Return the condition on rows of sessions that start in the period and have events on the next day, too."""
    first, end = (bindings.bind(day.isoformat(), "Date") for day in (ask.period.first_day, ask.period.end_day))
    rows = session_day_rows(ask, bindings, after=DAY)
    return f"{rows} AND NOT is_whole AND session_day >= {first} AND session_day < {end}"


def _without_session(ask: ReportContext, of_events: Mapping[str, str], bindings: Bindings) -> str:
    texts = (
        _flag_text(column) if column == "is_screen_view" else f"toLowCardinality({column})"
        for column in of_events.values()
    )
    return WITHOUT_SESSION.format(
        revenue=summed_revenue(ask, bindings),
        columns="".join(f", {text}" for text in texts),
        rows=event_rows(ask, bindings),
    )
