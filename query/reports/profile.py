"""Who is this? One profile with its groups, cohorts and devices, and its events, page by page."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec

from query.conditions import event_rows
from query.errors import unknown
from query.freshness import as_instant
from query.paging import Page
from query.parameters import Cursor, ListParameters
from query.periods import all_time
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.reports.profiles import COLUMNS, ProfileFacts, profile
from query.reports.timeline import COLUMNS as EVENT_COLUMNS
from query.reports.timeline import Event, EventPlace, event, event_key, is_beyond, read_place
from query.shapes import DateTime, Shape
from query.statement import Bindings, Row

FOR_EVER_MS = 10_413_705_600_000
"""The tables' value for a stretch without a known end: 2299-12-31."""

ONE = """
SELECT
    {columns},
    (
        SELECT groupArray((cohort_id, name, toUnixTimestamp64Milli(joined_at), toUnixTimestamp64Milli(left_at)))
        FROM
        (
            SELECT cohort_id, name, joined_at, left_at
            FROM lens.cohort_members INNER JOIN lens.cohorts USING (project_id, cohort_id)
            WHERE project_id = {project} AND profile_id = {profile} AND joined_at <= {now} AND left_at > {now}
            ORDER BY name, cohort_id
        )
    ) AS cohorts,
    (
        SELECT arraySort(groupArray(
            (toUnixTimestamp64Milli(valid_from), toUnixTimestamp64Milli(valid_to), device_id)))
        FROM lens.identities
        WHERE project_id = {project} AND profile_id = {profile}
    ) AS devices,
    (
        SELECT groupArray((group_id, type, name))
        FROM lens.groups
        WHERE project_id = {project} AND group_id IN
        (
            SELECT arrayJoin(groups) FROM lens.profiles WHERE project_id = {project} AND profile_id = {profile}
        )
    ) AS memberships
FROM lens.profiles
WHERE project_id = {project} AND profile_id = {profile}
"""

# A profile's sums are one row in addition to its events, so that an unknown profile differs from one without events.
# The private table of its days avoids reading all other days.
DONE = """
SELECT * FROM
(
    SELECT 1 AS is_there FROM lens.profiles WHERE project_id = {project} AND profile_id = {profile}
) AS known
LEFT JOIN
(
    SELECT 1 AS is_there, 1 AS is_event, {columns}
    FROM lens.events
    WHERE {rows} AND profile_id = {profile} AND {is_after} AND local_day IN
    (
        SELECT local_day FROM lens_staging.int_profile_days WHERE project_id = {project} AND profile_id = {profile}
    )
    ORDER BY created_at DESC, event_id DESC, received_at DESC
    LIMIT {limit}
) AS done USING (is_there)
ORDER BY created_ms DESC, toUUIDOrZero(id) DESC, received_ms DESC
"""


def one_profile(subject: ProjectScope, profile_id: str, now_ms: int) -> Question:
    """Ask for one profile: the fields of `profiles`, its `groups` with type and name, the `cohorts` that it belongs
    to now, and its `devices`.
    """
    bindings = Bindings()
    # To the minute, so that the answer can be kept.
    now = bindings.bind(now_ms // 60_000 * 60_000, "Int64")
    sql = ONE.format(
        columns=COLUMNS,
        project=bindings.bind(subject.project_id, "String"),
        profile=bindings.bind(profile_id, "String"),
        now=f"fromUnixTimestamp64Milli({now})",
    )

    def shape(rows: list[Row]) -> Data:
        _check_known(profile_id, rows)
        row = rows[0]
        return profile(row) | {
            "groups": [{"group_id": id, "type": type, "name": name} for id, type, name in sorted(row["memberships"])],
            "cohorts": [
                {"cohort_id": cohort_id, "name": name, "joined_at": as_instant(joined), "left_at": _end(left)}
                for cohort_id, name, joined, left in row["cohorts"]
            ],
            "devices": [
                {"device_id": device_id, "valid_from": as_instant(start), "valid_to": _end(end)}
                for start, end, device_id in row["devices"]
            ],
        }

    whole = all_time(subject.zone)
    return Question("profiles", bindings.statement(sql), shape, subject.zone.key, sums_revenue_of=whole)


def timeline(ask: ReportContext, profile_id: str, after: EventPlace | None) -> Question:
    """Ask for `{event_id, created_at, session_id, name, ...}` of the profile's events, the newest first."""
    bindings = Bindings()
    page = Page(ask.limit, event_key)
    sql = DONE.format(
        columns=EVENT_COLUMNS,
        project=bindings.bind(ask.subject.project_id, "String"),
        profile=bindings.bind(profile_id, "String"),
        rows=event_rows(ask, bindings),
        is_after=is_beyond(after, "<", bindings),
        limit=page.limit_rows(bindings),
    )

    def done(rows: list[Row]) -> list[Row]:
        _check_known(profile_id, rows)
        return [row for row in rows if row["is_event"]]

    return Question(
        "events",
        bindings.statement(sql),
        lambda rows: [event(row) for row in page.shown(done(rows))],
        ask.subject.zone.key,
        next_cursor=lambda rows: page.next_cursor(done(rows)),
    )


def _end(epoch_ms: int) -> str | None:
    return None if epoch_ms >= FOR_EVER_MS else as_instant(epoch_ms)


def _check_known(profile_id: str, rows: list[Row]) -> None:
    if not rows:
        message = f"The project has no profile {profile_id[:80]!r} that a build has read; `profiles` lists them."
        raise unknown("profile", message)


class Membership(Shape):
    """A group of the profile."""

    group_id: str
    type: str
    name: str


class CohortStretch(Shape):
    """A cohort that the profile belongs to now; `left_at` is null unless it is already known when the profile will
    leave.
    """

    cohort_id: str
    name: str
    joined_at: DateTime
    left_at: DateTime | None


class OwnedDevice(Shape):
    """A device, and the times between which it belongs to the profile; `valid_to` is null while it still does."""

    device_id: str
    valid_from: DateTime
    valid_to: DateTime | None


class ProfileDetails(ProfileFacts):
    """A profile with its groups, cohorts and devices."""

    properties: dict[str, Any]
    groups: list[Membership]
    devices: list[OwnedDevice]
    cohorts: list[CohortStretch]


ProfileId = Annotated[str, msgspec.Meta(description="The profile's id, percent-encoded.")]


class ProfileParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The profile."""

    profile: ProfileId


class TimelineParameters(ListParameters, kw_only=True):
    """The profile, the period and filters of its events (all events if no period is given), and the place where the
    page begins.
    """

    profile: ProfileId
    cursor: Cursor = None


def _ask_one(subject: ProjectScope, parameters: ProfileParameters, now_ms: int) -> Asked:
    return one_profile(subject, parameters.profile, now_ms), None


def _ask_timeline(subject: ProjectScope, parameters: TimelineParameters, now_ms: int) -> Asked:
    ask = read_ask(subject, parameters, now_ms)
    if (parameters.start_date, parameters.end_date, parameters.range) == (None, None, None):
        ask = replace(ask, period=all_time(subject.zone))
    return timeline(ask, parameters.profile, read_place(parameters.cursor)), None


PROFILE = Report(
    "profiles/{profile}",
    "One profile, its groups, cohorts and devices.",
    ProfileParameters,
    _ask_one,
    ProfileDetails,
    {"profile": "ann"},
)
TIMELINE = Report(
    "profiles/{profile}/timeline",
    "The events of a profile.",
    TimelineParameters,
    _ask_timeline,
    list[Event],
    {"profile": "ann", "limit": 1},
)
