"""The catalog: every table that can answer, the function that chooses among them, and the tables that are exported."""

from dataclasses import dataclass
from typing import Literal

Grain = Literal["hour", "day"]


@dataclass(frozen=True)
class Subject:
    """The rollups that can answer a question, coarsest first, and the table of facts that can always answer it."""

    rollups: tuple[tuple[str, Grain], ...]
    facts: str


SUBJECTS: dict[str, Subject] = {
    "trends": Subject((("metrics_daily", "day"), ("metrics_hourly", "hour")), "events"),
    "pages": Subject((("pages_daily", "day"),), "events"),
    "entry_pages": Subject((("entry_pages_daily", "day"),), "sessions"),
    "exit_pages": Subject((("exit_pages_daily", "day"),), "sessions"),
    "sources": Subject((("sources_daily", "day"),), "sessions"),
    "devices": Subject((("devices_daily", "day"),), "sessions"),
    "places": Subject((("places_daily", "day"),), "sessions"),
    "event_names": Subject((("event_names_daily", "day"),), "events"),
    "retention": Subject((("retention", "day"),), "events"),
}


MERGED = frozenset(table for subject in SUBJECTS.values() for table, _ in subject.rollups) - {"retention"}
"""The rollups whose distinct counts are merged. Public views of them have plain columns only."""


SKETCHED: dict[str, tuple[str, ...]] = {
    table: ("unique_visitors",)
    for table in sorted(MERGED)
    if table != "pages_daily" and not table.startswith("metrics_")
}
"""The metrics that rollups hold as sketches, so that their numbers are estimates."""
ESTIMATE_PERCENT = 1.0
"""The maximum error of an estimate."""


def source_of(table: str) -> str:
    """Return the table from which rows of `table` are read. If `table` is a rollup whose states are merged, it is the
    private table with the states.
    """
    return f"lens_staging.int_{table}" if table in MERGED else f"lens.{table}"


def decide_table(subject: str, *, finest: Grain | None, has_filters: bool) -> str:
    """Return the table of `lens` that answers: the coarsest rollup whose grain is fine enough, else the facts.

    `finest` is the coarsest grain that period and interval allow (None: finer than an hour). Rollups have no columns
    for filters, so any question with filters reads the facts.
    """
    chosen = SUBJECTS[subject]
    if not has_filters and finest is not None:
        for table, grain in chosen.rollups:
            if grain == "hour" or finest == "day":
                return table
    return chosen.facts


Export = Literal["events", "sessions", "profiles", "cohort_members"]

EXPORTED: dict[Export, tuple[str, ...]] = {
    "events": (
        "event_id",
        "name",
        "device_id",
        "device_kind",
        "session_id",
        "profile_id",
        "is_identified",
        "client_session_id",
        "groups",
        "created_at",
        "received_at",
        "local_day",
        "path",
        "origin",
        "query",
        "hash",
        "title",
        "referrer",
        "referrer_name",
        "referrer_type",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
        "click_id",
        "country",
        "region",
        "city",
        "latitude",
        "longitude",
        "user_agent",
        "os",
        "os_version",
        "browser",
        "browser_version",
        "device",
        "brand",
        "model",
        "language",
        "screen_width",
        "screen_height",
        "revenue",
        "currency",
        "properties",
        "sdk_name",
        "sdk_version",
        "import_id",
        "is_screen_view",
    ),
    "sessions": (
        "session_id",
        "device_id",
        "device_kind",
        "client_session_id",
        "profile_id",
        "is_identified",
        "started_at",
        "ended_at",
        "day",
        "duration_seconds",
        "screen_view_count",
        "event_count",
        "is_bounce",
        "entry_path",
        "exit_path",
        "paths",
        "revenue",
        "origin",
        "referrer",
        "referrer_name",
        "referrer_type",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
        "click_id",
        "channel",
        "country",
        "region",
        "city",
        "os",
        "os_version",
        "browser",
        "browser_version",
        "device",
        "brand",
        "model",
        "language",
        "user_agent",
    ),
    "profiles": (
        "profile_id",
        "is_identified",
        "first_seen_at",
        "last_seen_at",
        "session_count",
        "event_count",
        "revenue",
        "first_name",
        "last_name",
        "name",
        "email",
        "avatar",
        "properties",
    ),
    "cohort_members": ("profile_id", "joined_at", "left_at"),
}

EXPORT_ORDER: dict[Export, tuple[str, ...]] = {
    "events": ("local_day", "device_id", "created_at", "event_id"),
    "sessions": ("day", "device_id", "started_at", "session_id"),
    "profiles": ("profile_id",),
    "cohort_members": ("profile_id", "joined_at"),
}
"""The order of rows in an export that can be resumed: the tables' own order, so no table is sorted as a whole."""

EXPORT_IDS: dict[Export, tuple[str, str]] = {
    "events": ("event_id", "UUID"),
    "sessions": ("session_id", "UInt64"),
    "profiles": ("profile_id", "String"),
    "cohort_members": ("profile_id", "String"),
}
"""The column, with its type, that names the row after which an export is resumed."""
