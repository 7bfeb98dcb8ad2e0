"""Who is known? The project's profiles: searched, filtered and sorted, page by page."""

from typing import Annotated, Any

import msgspec

from event_lens.contract.columns import PROFILE_COLUMNS
from query.filters import condition, read_filters
from query.freshness import as_instant
from query.parameters import Filters, one_of
from query.report import Asked, Report
from query.report_context import ProjectScope
from query.reports.listing import Listing, ListingParameters, by_count, by_instant, by_money, by_text
from query.shapes import DateTime, Money, Shape
from query.statement import Bindings, Row

TRAITS = ("first_name", "last_name", "name", "email", "avatar")
SORTS = {
    "last_seen_at": by_instant("last_seen_at"),
    "first_seen_at": by_instant("first_seen_at"),
    "session_count": by_count("session_count"),
    "event_count": by_count("event_count"),
    "revenue": by_money("revenue"),
    "name": by_text("lowerUTF8(name)"),
    "email": by_text("lowerUTF8(email)"),
    "profile_id": by_text("profile_id"),
}

COLUMNS = f"""
    profile_id,
    is_identified,
    toUnixTimestamp64Milli(first_seen_at) AS first_seen_ms,
    toUnixTimestamp64Milli(last_seen_at) AS last_seen_ms,
    session_count,
    event_count,
    revenue,
    {", ".join(TRAITS)},
    groups,
    toJSONString(properties) AS properties_json"""


class ProfilesParameters(ListingParameters, kw_only=True):
    """The search, order and page of a list, and the filters on its profiles."""

    sort: Annotated[str, one_of(SORTS)] = "last_seen_at"
    filters: Filters = None


def profile(row: Row) -> Row:
    """Return `{profile_id, is_identified, first_seen_at, ..., groups, properties}` of a row."""
    return {
        "profile_id": row["profile_id"],
        "is_identified": row["is_identified"],
        "first_seen_at": as_instant(row["first_seen_ms"]),
        "last_seen_at": as_instant(row["last_seen_ms"]),
        "session_count": row["session_count"],
        "event_count": row["event_count"],
        "revenue": float(row["revenue"]),
        **{trait: row[trait] for trait in TRAITS},
        "groups": row["groups"],
        "properties": msgspec.json.decode(row["properties_json"]),
    }


class ProfileFacts(Shape):
    """The fields that the list of profiles and a single profile share."""

    profile_id: str
    is_identified: bool
    first_seen_at: DateTime
    last_seen_at: DateTime
    session_count: int
    event_count: int
    revenue: Money
    first_name: str
    last_name: str
    name: str
    email: str
    avatar: str


class Profile(ProfileFacts):
    """A person, or a device without a person yet."""

    groups: list[str]
    properties: dict[str, Any]


LISTING = Listing(
    table="profiles",
    id="profile_id",
    columns=COLUMNS,
    row=profile,
    sorts=SORTS,
    searched=("profile_id", "name", "email", "first_name || ' ' || last_name"),
)


def _ask(subject: ProjectScope, parameters: ProfilesParameters, _now_ms: int) -> Asked:
    bindings = Bindings()
    filters = read_filters(parameters.filters, PROFILE_COLUMNS, "profile")
    rows = [condition(each, bindings) for each in filters]
    return LISTING.question(subject, parameters, bindings, rows), None


PROFILES = Report(
    "profiles",
    "Profiles: searched, filtered and sorted.",
    ProfilesParameters,
    _ask,
    list[Profile],
    {"sort": "revenue", "limit": 1},
)
