"""Who is here now? Devices with an event in the last five minutes, read from the raw tables."""

from query.parameters import NoParameters
from query.question import Data, Question
from query.report import Report
from query.report_context import ProjectScope
from query.shapes import Shape
from query.statement import Bindings, Row

WINDOW_MS = 300_000

# `session_start` and `session_end` are a client's own view of sessions; they are not counted.
SQL = """
WITH recent AS
(
    SELECT device_id, path, name IN ('screen_view', 'page_view', 'pageview') AS is_screen_view
    FROM lens_raw.kept_events
    WHERE project_id = {project} AND day >= toDate({start}) AND day <= toDate({end})
        AND created_at > {start} AND created_at <= {end}
        AND NOT is_bot AND device_id != '' AND name NOT IN ('session_start', 'session_end')
)
SELECT 1 AS is_total, '' AS path, uniqExact(device_id) AS visitors FROM recent
UNION ALL
SELECT 0 AS is_total, path, uniqExact(device_id) AS visitors FROM recent WHERE is_screen_view GROUP BY path
"""


def live(subject: ProjectScope, now_ms: int) -> Question:
    """Ask for `{visitors, pages: [{path, visitors}]}`: the number of distinct devices, in total and for each page that
    they viewed.
    """
    bindings = Bindings()
    start, end = (
        f"fromUnixTimestamp64Milli({bindings.bind(edge, 'Int64')}, 'UTC')" for edge in (now_ms - WINDOW_MS, now_ms)
    )
    sql = SQL.format(project=bindings.bind(subject.project_id, "String"), start=start, end=end)
    return Question("lens_raw.events", bindings.statement(sql), _shape, subject.zone.key, is_live=True)


def _shape(rows: list[Row]) -> Data:
    pages = sorted((-row["visitors"], row["path"]) for row in rows if not row["is_total"])
    total = sum(row["visitors"] for row in rows if row["is_total"])
    return {"visitors": total, "pages": [{"path": path, "visitors": -count} for count, path in pages]}


class LivePage(Shape):
    """A page, and how many devices looked at it."""

    path: str
    visitors: int


class Live(Shape):
    """The devices of the last five minutes, read from the raw tables."""

    visitors: int
    pages: list[LivePage]


LIVE = Report(
    "live", "Who is here now.", NoParameters, lambda subject, _parameters, now_ms: (live(subject, now_ms), None), Live
)
