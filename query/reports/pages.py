"""Which pages were seen, by how many visitors, and for how long?"""

from dataclasses import replace
from typing import Annotated

import msgspec

from query.conditions import (
    event_rows,
    is_of_session_days,
    rollup_rows,
    session_day_rows,
    session_events,
    session_rows,
)
from query.parameters import LiveListParameters
from query.question import Data, Question, percent, ratio
from query.report import Report, over_period
from query.report_context import ReportContext
from query.reports.page_visits import page_rows
from query.reports.value_visits import from_visits, visitors
from query.shapes import Shape
from query.statement import Bindings, Row
from query.tables import decide_table, source_of

MOST_COUNTED = 500_000
"""The most daily visitors of a page, summed over the period, that are counted exactly."""

# Seconds have three decimals, and rounding removes what the order of the rows adds to their sum. The visits of all
# pages must be there: a shown page can be the exit of a session whose visits of other pages have expired.
VIEWS_VISITED = """
SELECT
    path,
    sum(views) AS view_count,
    round(sum(seconds), 3) AS view_seconds,
    sum(timed_views) AS timed_view_count,
    sum(sessions) - sum(continued_sessions) + sumIf(continued_on_first_day, day = {first}) AS session_count,
    {visitors} AS visitor_count,
    sum(entries) AS entry_count,
    sum(entry_bounces) AS bounce_count,
    sum(exits) AS exit_count,
    sum(sum(daily_visitors)) OVER () = sum(sum(first_visits_of_days)) OVER () AS is_whole
FROM lens_staging.int_page_visits
WHERE {rows}
GROUP BY path
HAVING view_count > 0
ORDER BY view_count DESC, path
LIMIT {limit}
"""

# For days that the table of visits lacks. Plain sums for all pages, visitors for the shown pages only: they are most of
# the bytes and nearly all of the time. Rows with different samples of their visitors are brought to the smallest sample
# of the page. A page with more than `MOST_COUNTED` visitors is counted in a sketch, so that memory is bounded.
VIEWS_ROLLED_UP = """
WITH shown AS
(
    SELECT
        path,
        sum(views) AS view_count,
        round(sum(seconds), 3) AS view_seconds,
        sum(timed_views) AS timed_view_count,
        sum(sessions) - sumIf(continued_sessions, day > {first}) AS session_count,
        max(halvings) AS most_halvings,
        sum(unique_visitors) > {most_counted} AS is_crowded
    FROM {source}
    WHERE {rows}
    GROUP BY path
    ORDER BY view_count DESC, path
    LIMIT {limit}
)
SELECT *
FROM shown
INNER JOIN
(
    SELECT
        path,
        (uniqExactArray(if(is_crowded, [], hashes)) + uniqCombined64Array(if(is_crowded, hashes, [])))
            * bitShiftLeft(toUInt64(1), any(most_halvings)) AS visitor_count
    FROM
    (
        SELECT
            path,
            most_halvings,
            is_crowded,
            if(
                halvings = most_halvings,
                visitors,
                arrayFilter(hash -> bitAnd(hash, bitShiftLeft(toUInt64(1), most_halvings) - 1) = 0, visitors)
            ) AS hashes
        FROM (SELECT path, halvings, visitors FROM {source} WHERE {rows} AND path IN (SELECT path FROM shown)) AS days
        INNER JOIN shown USING (path)
    )
    GROUP BY path
) AS counted USING (path)
LEFT JOIN
(
    SELECT path, sum(sessions) AS entry_count, sum(bounces) AS bounce_count
    FROM {entries}
    WHERE {rows}
    GROUP BY path
) AS began USING (path)
LEFT JOIN
(
    SELECT path, sum(sessions) AS exit_count
    FROM {exits}
    WHERE {rows}
    GROUP BY path
) AS ended USING (path)
ORDER BY view_count DESC, path
"""

# Entries and exits of the shown pages.
WITH_EDGES = """SELECT *
FROM shown
LEFT JOIN
(
    SELECT edge.2 AS path, countIf(edge.1) AS entry_count, countIf(edge.1 AND is_bounce) AS bounce_count,
        countIf(NOT edge.1) AS exit_count
    FROM {sessions}
    ARRAY JOIN [(true, entry_path), (false, exit_path)] AS edge
    WHERE {session_rows} AND screen_view_count > 0
    GROUP BY path
) AS edges USING (path)
ORDER BY view_count DESC, path
"""

# The rows of `int_session_days` have the events of a session in order, so the event after a view is the next item. Only
# a session with another day can be counted twice.
VIEWS_FROM_SESSION_DAYS = """
WITH shown AS
(
    SELECT
        path,
        count() AS view_count,
        uniqExactIf(device_hash, view_of_path = 1) AS visitor_count,
        countIf(view_of_path = 1 AND is_whole)
            + uniqExactIf(session_id, view_of_path = 1 AND NOT is_whole) AS session_count,
        sumIf(greatest(next_moment_of_view - moment, 0), next_moment_of_view != 0) / 1000 AS view_seconds,
        countIf(next_moment_of_view != 0) AS timed_view_count
    FROM
    (
        SELECT
            device_hash,
            session_id,
            is_first_day AND next_moment = 0 AS is_whole,
            arrayMap(event_offset -> first_moment + event_offset, event_offsets) AS event_moments,
            arrayFilter((path, is_view) -> is_view, event_paths, event_are_views) AS paths,
            arrayFilter((moment, is_view) -> is_view, event_moments, event_are_views) AS moments,
            arrayFilter(
                (moment, is_view) -> is_view,
                arrayPushBack(arrayPopFront(event_moments), next_moment), event_are_views
            ) AS next_moments,
            arrayEnumerateUniq(paths) AS views_of_paths
        FROM lens_staging.int_session_days
        WHERE {rows}
    )
    ARRAY JOIN paths AS path, moments AS moment, next_moments AS next_moment_of_view, views_of_paths AS view_of_path
    GROUP BY path
    ORDER BY view_count DESC, path
    LIMIT {limit}
)
{edges}"""

# The event after a view is looked up in its whole session, even if filters exclude it.
VIEWS_FROM_FACTS = """
WITH shown AS
(
    SELECT
        path,
        count() AS view_count,
        uniqExactIf(sipHash64(device_id), device_id != '') AS visitor_count,
        uniqExactIf(session_id, session_id != 0) AS session_count,
        sumIf(dateDiff('millisecond', created_at, next_at), has_next) / 1000 AS view_seconds,
        countIf(has_next) AS timed_view_count
    FROM
    (
        SELECT
            path, device_id, session_id, created_at, is_screen_view,
            ({rows}) AS is_taken,
            session_id != 0 AND leadInFrame(1) OVER following AS has_next,
            leadInFrame(created_at) OVER following AS next_at
        FROM lens.events
        WHERE {reach} AND (is_screen_view OR session_id != 0)
        WINDOW following AS (
            PARTITION BY session_id ORDER BY created_at, toUInt128(event_id) ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
        )
    )
    WHERE is_taken AND is_screen_view
    GROUP BY path
    ORDER BY view_count DESC, path
    LIMIT {limit}
)
{edges}"""


def pages(ask: ReportContext) -> Question:
    """Ask for `{path, views, unique_visitors, sessions, entries, exits, bounce_rate, avg_seconds}`, the most viewed
    page first.

    Entries, exits and the bounce rate are as in `edge_pages`. The seconds are the mean time until the next event of the
    session, over the views that have a next event.
    """
    table = decide_table("pages", finest=ask.period.grain, has_filters=ask.needs_facts)
    if table == "events":
        return _views_of_session_days(ask) if is_of_session_days(ask) else _views_of_events(ask)
    bindings = Bindings()
    sql = VIEWS_VISITED.format(
        rows=page_rows(ask, bindings),
        visitors=visitors(ask, bindings),
        first=bindings.bind(ask.period.first_day.isoformat(), "Date"),
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return from_visits(_merged_views(ask, table), bindings.statement(sql))


def _merged_views(ask: ReportContext, table: str) -> Question:
    bindings = Bindings()
    sql = VIEWS_ROLLED_UP.format(
        source=source_of(table),
        entries=source_of("entry_pages_daily"),
        exits=source_of("exit_pages_daily"),
        rows=rollup_rows(ask, table, bindings),
        first=bindings.bind(ask.period.first_day.isoformat(), "Date"),
        most_counted=bindings.bind(MOST_COUNTED, "UInt64"),
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return Question(table, bindings.statement(sql), _views, ask.subject.zone.key, estimated=_estimated)


def _views_of_session_days(ask: ReportContext) -> Question:
    bindings = Bindings()
    rows = session_day_rows(ask, bindings)
    edges = WITH_EDGES.format(sessions="lens_staging.int_session_days", session_rows=f"{rows} AND is_first_day")
    sql = VIEWS_FROM_SESSION_DAYS.format(rows=rows, edges=edges, limit=bindings.bind(ask.limit, "UInt32"))
    return Question("sessions", bindings.statement(sql), _views, ask.subject.zone.key)


def _views_of_events(ask: ReportContext) -> Question:
    bindings = Bindings()
    sql = VIEWS_FROM_FACTS.format(
        rows=event_rows(replace(ask, filters=ask.event_filters), bindings),
        reach=session_events(ask, bindings),
        edges=WITH_EDGES.format(sessions="lens.sessions", session_rows=session_rows(ask, bindings)),
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return Question("events", bindings.statement(sql), _views, ask.subject.zone.key)


def _views(rows: list[Row]) -> Data:
    return [
        {
            "path": row["path"],
            "views": row["view_count"],
            "unique_visitors": row["visitor_count"],
            "sessions": row["session_count"],
            "entries": row["entry_count"],
            "exits": row["exit_count"],
            "bounce_rate": percent(row["bounce_count"], row["entry_count"]),
            "avg_seconds": ratio(row["view_seconds"], row["timed_view_count"]),
        }
        for row in rows
    ]


def _estimated(rows: list[Row]) -> tuple[str, ...]:
    return ("unique_visitors",) if any(row.get("most_halvings") or row.get("is_crowded") for row in rows) else ()


class PageViews(Shape):
    """A page and its views. `entries` and `exits` are the sessions that began and ended here, as `pages/entry` and
    `pages/exit` count them; `bounce_rate` is the share of bounces among the entries.
    """

    path: str
    views: int
    unique_visitors: int
    sessions: int
    entries: int
    exits: int
    bounce_rate: Annotated[
        float | None,
        msgspec.Meta(
            description="In percent of `entries`, the visits that entered with the page. `breakdown` by `path` has the "
            "rate of all sessions that saw the page."
        ),
    ]
    avg_seconds: float | None


PAGES = Report("pages", "Pages by views.", LiveListParameters, over_period(pages), list[PageViews])
