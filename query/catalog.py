"""The catalog: every table and column that a question may name, and the one decision which table answers."""

from dataclasses import dataclass
from typing import Literal

Owner = Literal["event", "session"]
Kind = Literal["text", "number", "flag", "list"]


@dataclass(frozen=True)
class Column:
    """A column that filters may name. `owner` says whose value counts: the event's own or its session's."""

    name: str
    owner: Owner
    kind: Kind = "text"


def _columns(owner: Owner, kind: Kind, names: str) -> dict[str, Column]:
    return {name: Column(name, owner, kind) for name in names.split()}


COLUMNS: dict[str, Column] = {
    **_columns("event", "text", "name path origin query hash title device_id device_kind profile_id"),
    **_columns("event", "text", "client_session_id language user_agent currency sdk_name sdk_version import_id"),
    **_columns("event", "number", "revenue screen_width screen_height"),
    **_columns("event", "flag", "is_identified is_screen_view"),
    **_columns("event", "list", "groups"),
    **_columns("session", "text", "referrer referrer_name referrer_type channel click_id"),
    **_columns("session", "text", "utm_source utm_medium utm_campaign utm_term utm_content"),
    **_columns("session", "text", "country region city device brand model"),
    **_columns("session", "text", "os os_version browser browser_version entry_path exit_path"),
    **_columns("session", "number", "duration_seconds screen_view_count event_count"),
    **_columns("session", "flag", "is_bounce"),
}

Grain = Literal["hour", "day"]


@dataclass(frozen=True)
class Subject:
    """What a question is about: the rollups that can answer it, coarsest first, and the tables that always can."""

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


def decide_table(subject: str, *, finest: Grain | None, has_filters: bool) -> str:
    """The table of `lens` that answers: the coarsest rollup whose grain fits, else the facts.

    `finest` is the grain that period and interval need at most (None: finer than an hour). Rollups have lost what
    filters ask for, so any filter goes to the facts.
    """
    chosen = SUBJECTS[subject]
    if not has_filters and finest is not None:
        for table, grain in chosen.rollups:
            if grain == "hour" or finest == "day":
                return table
    return chosen.facts


Export = Literal["events", "sessions", "profiles"]

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
}
