"""Who gets to a step of a funnel and not to the next step? The profiles, page by page."""

from dataclasses import replace
from typing import Annotated, Literal

import msgspec

from query.errors import invalid
from query.freshness import as_instant
from query.paging import Page, read_cursor
from query.parameters import PERIOD_NAMES, Cursor, Limit
from query.question import Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask, read_limit
from query.reports.funnel_events import Funnel, reached_steps, table_of_steps
from query.reports.funnels import RawSteps, read_steps
from query.shapes import DateTime, Shape
from query.statement import Bindings, Row

DROPPED = """
SELECT entity AS profile_id, reached[{step}] AS reached_ms
FROM attempts
WHERE length(reached) = {step} AND entity > {after}
ORDER BY entity
LIMIT {limit}
"""

# Session days name people by hashes. A profile that `profiles` lacks, because it has expired or a build wrote only one
# of the tables, comes first, without an id.
DROPPED_OF_HASHES = """
SELECT profile_id, reached_ms
FROM (SELECT profile_id, sipHash64(profile_id) AS entity FROM lens.profiles WHERE project_id = {project}) AS named
RIGHT JOIN (
    SELECT entity, reached[{step}] AS reached_ms FROM attempts WHERE length(reached) = {step}
) AS dropped USING (entity)
WHERE profile_id > {after} OR profile_id = ''
ORDER BY profile_id
LIMIT {limit}
"""


class RawDropped(RawSteps, forbid_unknown_fields=True, kw_only=True, rename=PERIOD_NAMES):
    """A funnel of profiles, and the step after which the listed profiles dropped out."""

    step: Annotated[int, msgspec.Meta(description="The last step that they reached: 1 is the first.")]
    limit: Limit = None
    cursor: Cursor = None


def dropped(ask: ReportContext, funnel: Funnel, step: int, limit: int, after: str) -> Question:
    """Ask for `{profile_id, reached_at}` of the profiles that reached `step` and not the next step, ordered by id.

    A profile is listed by its attempt that the funnel counts: its deepest attempt, the earliest of equally deep ones.
    """
    if not 1 <= step < len(funnel.steps):
        raise invalid("funnel", f"step is 1 to {len(funnel.steps) - 1}: after the last one nobody drops out.")
    page = Page(limit, lambda row: (row["profile_id"],))
    of_events = _dropped(ask, funnel, step, page, after, "events")
    if table_of_steps(ask, funnel) == "events":
        return of_events
    of_sessions = _dropped(ask, funnel, step, page, after, "sessions")
    return replace(of_sessions, is_whole=_has_ids, unless_whole=of_events)


def _dropped(
    ask: ReportContext, funnel: Funnel, step: int, page: Page, after: str, table: Literal["events", "sessions"]
) -> Question:
    bindings = Bindings()
    reached = reached_steps(ask, funnel, bindings, table)
    sql = (DROPPED if table == "events" else DROPPED_OF_HASHES).format(
        project=bindings.bind(ask.subject.project_id, "String"),
        step=bindings.bind(step, "UInt8"),
        after=bindings.bind(after, "String"),
        limit=page.limit_rows(bindings),
    )
    return Question(
        table,
        bindings.statement(f"WITH {reached}\n{sql}"),
        lambda rows: [_profile(row) for row in page.shown(rows)],
        ask.subject.zone.key,
        next_cursor=page.next_cursor,
    )


def _has_ids(rows: list[Row]) -> bool:
    return all(row["profile_id"] for row in rows)


def _profile(row: Row) -> Row:
    return {"profile_id": row["profile_id"], "reached_at": as_instant(row["reached_ms"])}


class DroppedProfile(Shape):
    """A profile, and the time at which it reached its last step."""

    profile_id: str
    reached_at: DateTime


def _ask(subject: ProjectScope, written: RawDropped, now_ms: int) -> Asked:
    after = "" if written.cursor is None else read_cursor(written.cursor, tuple[str])[0]
    funnel = read_steps(written, "profile")
    return dropped(read_ask(subject, written, now_ms), funnel, written.step, read_limit(written.limit), after), None


FUNNEL_DROPPED = Report(
    "funnel/dropped",
    "The profiles that reach a step of a funnel and not the next step.",
    RawDropped,
    _ask,
    list[DroppedProfile],
    {"steps": [{"name": "screen_view"}, {"name": "order"}], "step": 1},
    has_body=True,
)
