"""On which pages did visits begin, and on which did they end?"""

from typing import Literal

from query.conditions import rollup_rows, session_rows
from query.parameters import LiveListParameters
from query.question import Data, Question, percent
from query.report import Report, over_period
from query.report_context import ReportContext
from query.reports.page_visits import page_rows
from query.reports.value_visits import IS_WHOLE, from_visits, visitors
from query.shapes import Percent, Shape
from query.statement import Bindings, Row
from query.tables import decide_table, source_of

EDGES_VISITED = """
SELECT *, {is_whole} AS is_whole
FROM
(
    SELECT
        path,
        sum({edges}) AS session_count,
        {visitors} AS visitor_count,
        sum({bounces}) AS bounce_count
    FROM lens_staging.int_page_visits
    WHERE {rows}
    GROUP BY path
    HAVING session_count > 0
)
ORDER BY session_count DESC, path
LIMIT {limit}
"""

COLUMNS = {"entry": ("entries", "entry_bounces"), "exit": ("exits", "exit_bounces")}
"""The columns of `int_page_visits` with the sessions and bounces of each edge."""

# The sessions of the rollup of entries, and of that of exits, in one row for each day: to add up the rollup itself
# takes half as long as all the rest.
VIEWED_SESSIONS = "(SELECT project_id, day, viewed_sessions AS sessions FROM lens_staging.int_metrics_daily)"

# Rollups keep days whose sessions have expired.
EDGES_ROLLED_UP = """
WITH shown AS
(
    SELECT path, sum(sessions) AS session_count, sum(bounces) AS bounce_count
    FROM {source}
    WHERE {rows}
    GROUP BY path
    ORDER BY session_count DESC, path
    LIMIT {limit}
)
SELECT *
FROM shown
INNER JOIN
(
    SELECT path, uniqCombined64Merge(unique_visitors_state) AS visitor_count
    FROM {source}
    WHERE {rows} AND path IN (SELECT path FROM shown)
    GROUP BY path
) AS counted USING (path)
ORDER BY session_count DESC, path
"""

EDGES_FROM_FACTS = """
SELECT
    {column} AS path,
    count() AS session_count,
    uniqExact(device_id) AS visitor_count,
    countIf(is_bounce) AS bounce_count
FROM lens.sessions
WHERE {rows} AND screen_view_count > 0
GROUP BY path
ORDER BY session_count DESC, path
LIMIT {limit}
"""


def edge_pages(ask: ReportContext, edge: Literal["entry", "exit"]) -> Question:
    """Ask for `{path, sessions, unique_visitors, bounce_rate}` by the first or last page of sessions; the page with the
    most sessions comes first.
    """
    table = decide_table(f"{edge}_pages", finest=ask.period.grain, has_filters=ask.needs_facts)
    if table == "sessions":
        return _edges_of_sessions(ask, edge)
    bindings = Bindings()
    edges, bounces = COLUMNS[edge]
    sql = EDGES_VISITED.format(
        edges=edges,
        bounces=bounces,
        visitors=visitors(ask, bindings, edges),
        is_whole=IS_WHOLE.format(source=VIEWED_SESSIONS, rows=rollup_rows(ask, table, bindings)),
        rows=page_rows(ask, bindings),
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return from_visits(_merged_edges(ask, table), bindings.statement(sql))


def _merged_edges(ask: ReportContext, table: str) -> Question:
    bindings = Bindings()
    limit = bindings.bind(ask.limit, "UInt32")
    sql = EDGES_ROLLED_UP.format(source=source_of(table), rows=rollup_rows(ask, table, bindings), limit=limit)
    return Question(table, bindings.statement(sql), _edges, ask.subject.zone.key)


def _edges_of_sessions(ask: ReportContext, edge: Literal["entry", "exit"]) -> Question:
    bindings = Bindings()
    limit = bindings.bind(ask.limit, "UInt32")
    sql = EDGES_FROM_FACTS.format(column=f"{edge}_path", rows=session_rows(ask, bindings), limit=limit)
    return Question("sessions", bindings.statement(sql), _edges, ask.subject.zone.key)


def _edges(rows: list[Row]) -> Data:
    return [
        {
            "path": row["path"],
            "sessions": row["session_count"],
            "unique_visitors": row["visitor_count"],
            "bounce_rate": percent(row["bounce_count"], row["session_count"]),
        }
        for row in rows
    ]


class EdgePage(Shape):
    """A page on which sessions began or ended."""

    path: str
    sessions: int
    unique_visitors: int
    bounce_rate: Percent | None


ENTRY_PAGES = Report(
    "pages/entry",
    "Pages on which visits began.",
    LiveListParameters,
    over_period(lambda ask: edge_pages(ask, "entry")),
    list[EdgePage],
)
EXIT_PAGES = Report(
    "pages/exit",
    "Pages on which visits ended.",
    LiveListParameters,
    over_period(lambda ask: edge_pages(ask, "exit")),
    list[EdgePage],
)
