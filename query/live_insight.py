"""LiveInsight's questions: which sessions are active now, and the numbers of a period under LiveInsight's names."""

from dataclasses import replace
from typing import cast

from query.freshness import as_instant
from query.parameters import NoParameters, PeriodParameters
from query.question import Data, Question
from query.report import Report, over_period
from query.report_context import ProjectScope, ReportContext
from query.reports.trends import metrics
from query.shapes import DateTime, Percent, Shape
from query.statement import Bindings, Row

ACTIVE_MS = 300_000
"""How long a device counts as a live visitor after its last event."""

LOOKS_BACK_MS = 86_400_000
MAX_SESSIONS = 1_000

STATISTICS = {
    "total_events": "total_events",
    "total_sessions": "total_sessions",
    "unique_visitors": "unique_visitors",
    "page_views": "total_screen_views",
    "avg_session_duration": "avg_session_duration",
    "bounce_rate": "bounce_rate",
}

# The session that the models would build begins after the last pause of at least the timeout.
ACTIVE = """
WITH
    ifNull((
        SELECT any(session_timeout_seconds) FROM lens_raw.project_settings FINAL WHERE project_id = {project}
    ), 1800) * 1000 AS timeout_ms
SELECT
    if(client_session_id = '', device_id, client_session_id) AS session_id,
    arraySort(groupArray((toUnixTimestamp64Milli(created_at), user_agent, referrer))) AS happened,
    arrayMap(event -> event.1, happened) AS times,
    arrayLastIndex(
        (at, before) -> at - before >= timeout_ms, times, arrayPopBack(arrayPushFront(times, toInt64(0)))
    ) AS first_place,
    happened[first_place].1 AS started_ms,
    times[-1] AS last_ms,
    happened[first_place].2 AS agent,
    happened[first_place].3 AS initial_referrer
FROM lens_raw.kept_events
WHERE project_id = {project} AND day >= toDate({start}) AND created_at > {start} AND created_at <= {end}
    AND NOT is_bot AND device_id != '' AND name NOT IN ('session_start', 'session_end')
GROUP BY device_id, client_session_id
HAVING last_ms > {active_since}
ORDER BY last_ms DESC, session_id
LIMIT {limit}
"""


def active_sessions(subject: ProjectScope, now_ms: int) -> Question:
    """Ask for `{active_sessions, sessions: [{session_id, start_time, last_activity, user_agent,
    initial_referrer}]}`.
    """
    bindings = Bindings()
    start, end = (
        f"fromUnixTimestamp64Milli({bindings.bind(edge, 'Int64')}, 'UTC')" for edge in (now_ms - LOOKS_BACK_MS, now_ms)
    )
    sql = ACTIVE.format(
        project=bindings.bind(subject.project_id, "String"),
        start=start,
        end=end,
        active_since=bindings.bind(now_ms - ACTIVE_MS, "Int64"),
        limit=bindings.bind(MAX_SESSIONS, "UInt32"),
    )
    return Question("lens_raw.events", bindings.statement(sql), _shape, subject.zone.key, is_live=True)


def stats(ask: ReportContext) -> Question:
    """Ask for the metrics of a period in LiveInsight's words."""
    question = metrics(ask)

    def shape(rows: list[Row]) -> Data:
        told = cast(Row, question.shape(rows))
        return {name: told[ours] for name, ours in STATISTICS.items()}

    return replace(question, shape=shape)


def _shape(rows: list[Row]) -> Data:
    sessions = [
        {
            "session_id": row["session_id"],
            "start_time": as_instant(row["started_ms"]),
            "last_activity": as_instant(row["last_ms"]),
            "user_agent": row["agent"],
            "initial_referrer": row["initial_referrer"],
        }
        for row in rows
    ]
    return {"active_sessions": len(sessions), "sessions": sessions}


class ActiveSession(Shape):
    """A session with an event in the last five minutes."""

    session_id: str
    start_time: DateTime
    last_activity: DateTime
    user_agent: str
    initial_referrer: str


class Realtime(Shape):
    """The sessions that are active now, and their number."""

    active_sessions: int
    sessions: list[ActiveSession]


class Stats(Shape):
    """The numbers of a period, under LiveInsight's names."""

    total_events: int
    total_sessions: int
    unique_visitors: int
    page_views: int
    avg_session_duration: float | None
    bounce_rate: Percent | None


REALTIME = Report(
    "realtime",
    "Who is there now.",
    NoParameters,
    lambda subject, _parameters, now_ms: (active_sessions(subject, now_ms), None),
    Realtime,
)
STATS = Report("stats", "How much was there.", PeriodParameters, over_period(stats), Stats)
