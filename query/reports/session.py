"""What happened in a visit? One session, and its events in order, page by page."""

from typing import Annotated

import msgspec

from query.errors import invalid, unknown
from query.paging import Page
from query.parameters import Cursor, Freshness, Limit
from query.periods import all_time
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, read_limit
from query.reports.sessions import COLUMNS as SESSION_COLUMNS
from query.reports.sessions import Session, SessionId, session
from query.reports.timeline import COLUMNS, Event, EventPlace, event, event_key, is_beyond, read_place
from query.statement import Bindings, Row

# A session is under 48 hours, so its events lie on its own local day and the two after it. Every row has all columns of
# the session with a prefix, because some names are also columns of events.
SQL = """
WITH
    (SELECT min(day) FROM lens.sessions WHERE project_id = {project} AND session_id = {session}) AS first_day,
    visit AS
    (
        SELECT
            1 AS is_there,
            toUnixTimestamp64Milli(started_at) AS visit_started_ms,
            toUnixTimestamp64Milli(ended_at) AS visit_ended_ms,
            {session_columns}
        FROM lens.sessions
        WHERE project_id = {project} AND session_id = {session} AND day = first_day
    ),
    happened AS
    (
        SELECT 1 AS is_there, 1 AS is_event, {columns}
        FROM lens.events
        WHERE project_id = {project} AND session_id = {session}
            AND local_day >= first_day AND local_day <= first_day + 2 AND {is_after}
        ORDER BY created_at, event_id, received_at
        LIMIT {limit}
    )
SELECT * FROM visit LEFT JOIN happened USING (is_there)
ORDER BY created_ms, toUUIDOrZero(id), received_ms
"""


def one_session(subject: ProjectScope, session_id: str, limit: int, after: EventPlace | None) -> Question:
    """Ask for `{session_id, started_at, ..., events: [{event_id, created_at, name, ...}]}`, events in order of time."""
    bindings = Bindings()
    page = Page(limit, event_key)
    sql = SQL.format(
        project=bindings.bind(subject.project_id, "String"),
        session=f"toUInt64OrZero({bindings.bind(session_id, 'String')})",
        session_columns=", ".join(f"{column} AS visit_{column}" for column in SESSION_COLUMNS),
        columns=COLUMNS,
        is_after=is_beyond(after, ">", bindings),
        limit=page.limit_rows(bindings),
    )

    def happened(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["is_event"]]

    def shape(rows: list[Row]) -> Data:
        if not rows:
            raise unknown("session", f"The project has no session {session_id!r}; `sessions` lists them.")
        visit = {name.removeprefix("visit_"): value for name, value in rows[0].items() if name.startswith("visit_")}
        return session(visit | {"id": session_id}) | {"events": [event(row) for row in page.shown(happened(rows))]}

    return Question(
        "sessions",
        bindings.statement(sql),
        shape,
        subject.zone.key,
        next_cursor=lambda rows: page.next_cursor(happened(rows)),
        sums_revenue_of=all_time(subject.zone),
    )


class SessionEvents(Session):
    """A session and its events."""

    events: list[Event]


class SessionParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The session, the number of its events, and where the page begins."""

    session: Annotated[str, msgspec.Meta(description="The session's id, as `sessions` tells it.")]
    limit: Limit = None
    cursor: Cursor = None
    freshness: Freshness = None


def _ask(subject: ProjectScope, parameters: SessionParameters, _now_ms: int) -> Asked:
    try:
        session_id = msgspec.convert(parameters.session, SessionId)
    except msgspec.ValidationError as error:
        raise invalid("session", "A session's id is a number of at most 20 digits.") from error
    return one_session(subject, session_id, read_limit(parameters.limit), read_place(parameters.cursor)), None


SESSION = Report(
    "sessions/{session}",
    "One session and its events.",
    SessionParameters,
    _ask,
    SessionEvents,
    {"session": "16065848332216473470", "limit": 2},
)
