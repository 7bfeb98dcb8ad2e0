"""Which accounts and teams are there? The project's groups, searched and sorted, page by page; and one group."""

from typing import Annotated, Any

import msgspec

from query.errors import unknown
from query.freshness import as_instant
from query.parameters import one_of
from query.periods import all_time
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope
from query.reports.listing import Listing, ListingParameters, by_count, by_instant, by_money, by_text
from query.shapes import DateTime, Money, Shape
from query.statement import Bindings, Row

SORTS = {
    "last_seen_at": by_instant("last_seen_at"),
    "first_seen_at": by_instant("first_seen_at"),
    "profile_count": by_count("profile_count"),
    "event_count": by_count("event_count"),
    "revenue": by_money("revenue"),
    "name": by_text("lowerUTF8(name)"),
    "group_id": by_text("group_id"),
}

COLUMNS = """
    group_id,
    type,
    name,
    toUnixTimestamp64Milli(first_seen_at) AS first_seen_ms,
    toUnixTimestamp64Milli(last_seen_at) AS last_seen_ms,
    profile_count,
    event_count,
    revenue,
    toJSONString(properties) AS properties_json"""

ONE = "SELECT {columns} FROM lens.groups WHERE project_id = {project} AND group_id = {group}"


class GroupsParameters(ListingParameters, kw_only=True):
    """The search, order and page of a list, and the type of its groups."""

    sort: Annotated[str, one_of(SORTS)] = "last_seen_at"
    type: Annotated[str | None, msgspec.Meta(description="Only groups of this type, such as company.")] = None


class GroupParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The group."""

    group: Annotated[str, msgspec.Meta(description="The group's id, percent-encoded.")]


def group(row: Row) -> Row:
    """Return `{group_id, type, name, first_seen_at, last_seen_at, profile_count, event_count, revenue, properties}`
    of a row.
    """
    return {
        "group_id": row["group_id"],
        "type": row["type"],
        "name": row["name"],
        "first_seen_at": as_instant(row["first_seen_ms"]),
        "last_seen_at": as_instant(row["last_seen_ms"]),
        "profile_count": row["profile_count"],
        "event_count": row["event_count"],
        "revenue": float(row["revenue"]),
        "properties": msgspec.json.decode(row["properties_json"]),
    }


class Group(Shape):
    """An account or team; type and name are empty if the project has only ever sent its id."""

    group_id: str
    type: str
    name: str
    first_seen_at: DateTime
    last_seen_at: DateTime
    profile_count: int
    event_count: int
    revenue: Money
    properties: dict[str, Any]


LISTING = Listing(
    table="groups", id="group_id", columns=COLUMNS, row=group, sorts=SORTS, searched=("group_id", "name", "type")
)


def one_group(subject: ProjectScope, group_id: str) -> Question:
    """Ask for one group, with the fields of `groups`. Its `shape` raises `Refused` (`group_unknown`) when the last
    build knew no such group.
    """
    bindings = Bindings()
    sql = ONE.format(
        columns=COLUMNS,
        project=bindings.bind(subject.project_id, "String"),
        group=bindings.bind(group_id, "String"),
    )

    def shape(rows: list[Row]) -> Data:
        if not rows:
            message = f"The project has no group {group_id[:80]!r} that a build has read; `groups` lists them."
            raise unknown("group", message)
        return group(rows[0])

    whole = all_time(subject.zone)
    return Question("groups", bindings.statement(sql), shape, subject.zone.key, sums_revenue_of=whole)


def _ask_groups(subject: ProjectScope, parameters: GroupsParameters, _now_ms: int) -> Asked:
    bindings = Bindings()
    rows = [] if parameters.type is None else [f"type = {bindings.bind(parameters.type, 'String')}"]
    return LISTING.question(subject, parameters, bindings, rows), None


def _ask_group(subject: ProjectScope, parameters: GroupParameters, _now_ms: int) -> Asked:
    return one_group(subject, parameters.group), None


GROUPS = Report("groups", "Groups: searched and sorted.", GroupsParameters, _ask_groups, list[Group], {"type": "team"})
GROUP = Report("groups/{group}", "One group.", GroupParameters, _ask_group, Group, {"group": "buyers/1"})
