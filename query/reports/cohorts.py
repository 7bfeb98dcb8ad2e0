"""Who belongs together? The project's cohorts with their sizes, and the members of one cohort as of any instant."""

from typing import Annotated, Any

import msgspec

from query.errors import invalid
from query.freshness import as_instant
from query.paging import Instant, Page, read_cursor
from query.parameters import Cursor, Limit
from query.periods import read_as_of
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, read_limit
from query.reports.definitions import answered_rows, of_defined
from query.shapes import DateTime, Shape
from query.statement import Bindings, Row

FOR_EVER = "toDateTime64('2299-12-31 00:00:00', 3, 'UTC')"

COHORTS = """
SELECT
    cohort_id,
    name,
    match,
    criteria,
    member_count,
    profile_count,
    toUnixTimestamp64Milli(first_joined_at) AS first_joined_ms,
    toUnixTimestamp64Milli(last_joined_at) AS last_joined_ms
FROM lens.cohorts
LEFT JOIN
(
    SELECT cohort_id, count() AS member_count
    FROM lens.cohort_members
    WHERE project_id = {project} AND {is_member}
    GROUP BY cohort_id
) AS members USING (cohort_id)
WHERE project_id = {project}
ORDER BY name, cohort_id
LIMIT {limit}
"""

MEMBERS = """
SELECT
    profile_id,
    toUnixTimestamp64Milli(joined_at) AS joined_ms,
    if(left_at = {for_ever}, NULL, toUnixTimestamp64Milli(left_at)) AS left_ms
FROM lens.cohort_members
WHERE project_id = {project} AND cohort_id = {cohort} AND {is_member} AND profile_id > {after}
ORDER BY profile_id
LIMIT {limit}
"""

AsOf = Annotated[
    str | None, msgspec.Meta(description="A date (its last instant) or an instant; default: the start of this minute.")
]


class CohortsParameters(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The instant of the sizes, and the number of listed cohorts."""

    as_of: AsOf = None
    limit: Limit = None


class MembersParameters(CohortsParameters, kw_only=True):
    """The cohort, and where the page begins."""

    cohort: Annotated[str, msgspec.Meta(description="The id of a cohort, as `cohorts` lists it.")]
    cursor: Cursor = None


def cohorts(subject: ProjectScope, as_of_ms: int, limit: int) -> Question:
    """Ask for `{cohort_id, name, match, criteria, members, ever_members, first_joined_at, last_joined_at}` by name."""
    bindings = Bindings()
    sql = COHORTS.format(
        project=bindings.bind(subject.project_id, "String"),
        is_member=is_member(as_of_ms, bindings),
        limit=bindings.bind(limit, "UInt32"),
    )
    return Question("cohorts", bindings.statement(sql), _listed, subject.zone.key, notes=(note(as_of_ms),))


def members(subject: ProjectScope, cohort: str, as_of_ms: int, limit: int, after: str) -> Question:
    """Ask for `{profile_id, joined_at, left_at}` of the members at an instant, by id; `left_at` is null for members
    who stay.
    """
    bindings = Bindings()
    page = Page(limit, lambda row: (as_of_ms, row["profile_id"]))
    sql = MEMBERS.format(
        project=bindings.bind(subject.project_id, "String"),
        cohort=bindings.bind(cohort, "String"),
        is_member=is_member(as_of_ms, bindings),
        after=bindings.bind(after, "String"),
        for_ever=FOR_EVER,
        limit=page.limit_rows(bindings),
    )
    statement = bindings.statement(of_defined("cohort", subject.project_id, cohort, sql, "profile_id", bindings))

    def found(rows: list[Row]) -> list[Row]:
        return answered_rows("cohort", cohort, rows)

    return Question(
        "cohort_members",
        statement,
        lambda rows: [_member(row) for row in page.shown(found(rows))],
        subject.zone.key,
        notes=(note(as_of_ms),),
        next_cursor=lambda rows: page.next_cursor(found(rows)),
    )


def is_member(as_of_ms: int, bindings: Bindings) -> str:
    """Return the condition on `lens.cohort_members` that a membership includes the instant `as_of_ms`."""
    instant = f"fromUnixTimestamp64Milli({bindings.bind(as_of_ms, 'Int64')})"
    return f"joined_at <= {instant} AND left_at > {instant}"


def note(as_of_ms: int) -> str:
    """Return the note in `meta` that names the instant of membership."""
    return f"Members are those of {as_instant(as_of_ms)}."


def _listed(rows: list[Row]) -> Data:
    return [
        {
            "cohort_id": row["cohort_id"],
            "name": row["name"],
            "match": row["match"],
            "criteria": msgspec.json.decode(row["criteria"]),
            "members": row["member_count"],
            "ever_members": row["profile_count"],
            "first_joined_at": _instant(row["first_joined_ms"]),
            "last_joined_at": _instant(row["last_joined_ms"]),
        }
        for row in rows
    ]


def _member(row: Row) -> Row:
    return {
        "profile_id": row["profile_id"],
        "joined_at": _instant(row["joined_ms"]),
        "left_at": _instant(row["left_ms"]),
    }


def _instant(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else as_instant(epoch_ms)


class Cohort(Shape):
    """A cohort, its number of members, and the number of profiles that were ever members."""

    cohort_id: str
    name: str
    match: str
    criteria: list[dict[str, Any]]
    members: int
    ever_members: int
    first_joined_at: DateTime | None
    last_joined_at: DateTime | None


class Member(Shape):
    """A profile, and the time for which it is a member; `left_at` is null for members who stay."""

    profile_id: str
    joined_at: DateTime
    left_at: DateTime | None


def _ask_cohorts(subject: ProjectScope, parameters: CohortsParameters, now_ms: int) -> Asked:
    as_of_ms = read_as_of(parameters.as_of, subject.zone, now_ms)
    return cohorts(subject, as_of_ms, read_limit(parameters.limit)), None


def _ask_members(subject: ProjectScope, parameters: MembersParameters, now_ms: int) -> Asked:
    as_of_ms, after = read_as_of(parameters.as_of, subject.zone, now_ms), ""
    if parameters.cursor is not None:
        if parameters.as_of is not None:
            raise invalid("cursor", "Give either asOf or a cursor: all pages are of the instant of the first one.")
        as_of_ms, after = read_cursor(parameters.cursor, tuple[Instant, str])
    return members(subject, parameters.cohort, as_of_ms, read_limit(parameters.limit), after), None


COHORTS_LIST = Report(
    "cohorts",
    "The project's cohorts and their sizes.",
    CohortsParameters,
    _ask_cohorts,
    list[Cohort],
    {"asOf": "2026-05-06"},
)
MEMBERS_LIST = Report(
    "cohorts/{cohort}/members",
    "The members of a cohort.",
    MembersParameters,
    _ask_members,
    list[Member],
    {"cohort": "buyers", "asOf": "2026-05-06"},
)
