"""Which visits were there? Sessions one by one, the newest first, page by page."""

from typing import Annotated

import msgspec

from query.conditions import session_rows
from query.freshness import as_instant
from query.paging import Instant, Page, read_cursor
from query.parameters import Cursor, LiveListParameters
from query.question import Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.shapes import DateTime, Money, Shape
from query.statement import Bindings, Row

SessionId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]
Place = tuple[Instant, SessionId]

COLUMNS = (
    "device_id",
    "profile_id",
    "is_identified",
    "duration_seconds",
    "screen_view_count",
    "event_count",
    "is_bounce",
    "entry_path",
    "exit_path",
    "revenue",
    "referrer_name",
    "referrer_type",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "channel",
    "country",
    "region",
    "city",
    "os",
    "browser",
    "device",
)

SQL = """
SELECT
    toString(session_id) AS id,
    toUnixTimestamp64Milli(started_at) AS started_ms,
    toUnixTimestamp64Milli(ended_at) AS ended_ms,
    {columns}
FROM lens.sessions
WHERE {rows} AND {is_after}
ORDER BY started_at DESC, session_id DESC
LIMIT {limit}
"""


class SessionsParameters(LiveListParameters, kw_only=True):
    """The period, the filters, the number of rows, and where the page begins."""

    cursor: Cursor = None


def sessions(ask: ReportContext, after: Place | None) -> Question:
    """Ask for `{session_id, started_at, ended_at, ...}` of the sessions that start in the period, the newest first."""
    bindings = Bindings()
    page = Page(ask.limit, lambda row: (row["started_ms"], row["id"]))
    sql = SQL.format(
        columns=", ".join(COLUMNS),
        rows=session_rows(ask, bindings),
        is_after=_is_after(after, bindings),
        limit=page.limit_rows(bindings),
    )
    return Question(
        "sessions",
        bindings.statement(sql),
        lambda rows: [session(row) for row in page.shown(rows)],
        ask.subject.zone.key,
        next_cursor=page.next_cursor,
        sums_revenue_of=ask.period,
    )


def _is_after(after: Place | None, bindings: Bindings) -> str:
    if after is None:
        return "1"
    started_ms, session_id = after
    started = f"fromUnixTimestamp64Milli({bindings.bind(started_ms, 'Int64')}, 'UTC')"
    return f"(started_at, session_id) < ({started}, toUInt64OrZero({bindings.bind(session_id, 'String')}))"


def session(row: Row) -> Row:
    """Return a row as a session of the answer."""
    return {
        # A number of 64 bits would not survive JavaScript.
        "session_id": row["id"],
        "started_at": as_instant(row["started_ms"]),
        "ended_at": as_instant(row["ended_ms"]),
        **{column: row[column] for column in COLUMNS},
        "revenue": float(row["revenue"]),
    }


class Session(Shape):
    """A session. Its source, device and place are those of its first event."""

    session_id: str
    started_at: DateTime
    ended_at: DateTime
    device_id: str
    profile_id: str
    is_identified: bool
    duration_seconds: int
    screen_view_count: int
    event_count: int
    is_bounce: bool
    entry_path: str
    exit_path: str
    revenue: Money
    referrer_name: str
    referrer_type: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    channel: str
    country: str
    region: str
    city: str
    os: str
    browser: str
    device: str


def _ask(subject: ProjectScope, parameters: SessionsParameters, now_ms: int) -> Asked:
    after = None if parameters.cursor is None else read_cursor(parameters.cursor, tuple[Instant, SessionId])
    return sessions(read_ask(subject, parameters, now_ms), after), None


SESSIONS = Report(
    "sessions", "Single sessions, the newest first.", SessionsParameters, _ask, list[Session], {"limit": 1}
)
