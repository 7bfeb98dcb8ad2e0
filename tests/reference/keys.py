"""The public tables the reference answers for, and what names a row in each, besides the project."""

KEYS: dict[str, tuple[str, ...]] = {
    "events": ("event_id", "received_at"),
    "sessions": ("device_id", "started_at"),
    "identities": ("device_id", "valid_from"),
    "profiles": ("profile_id",),
    "groups": ("group_id",),
    "metrics_hourly": ("hour",),
    "metrics_daily": ("day",),
    "metrics_weekly": ("week",),
    "metrics_monthly": ("month",),
    "pages_daily": ("day", "path"),
    "entry_pages_daily": ("day", "path"),
    "exit_pages_daily": ("day", "path"),
    "sources_daily": (
        *("day", "referrer_name", "referrer_type", "utm_source", "utm_medium", "utm_campaign", "utm_term"),
        *("utm_content", "channel"),
    ),
    "devices_daily": ("day", "device", "brand", "model", "browser", "browser_version", "os", "os_version"),
    "places_daily": ("day", "country", "region", "city"),
    "event_names_daily": ("day", "name"),
    "ingest_hourly": ("hour",),
    "funnels_daily": ("funnel_id", "day", "breakdown_value", "step"),
    "retention": ("retention_id", "mode", "period", "cohort", "period_number"),
    "cohorts": ("cohort_id",),
    "cohort_members": ("cohort_id", "profile_id", "joined_at"),
    "page_flows_daily": ("day", "step", "from_path", "to_path"),
    "attribution": (
        *("goal_id", "conversion_id", "received_at", "model", "referrer_name", "referrer_type", "utm_source"),
        *("utm_medium", "utm_campaign", "channel"),
    ),
}

NAMES = {"projects", "funnels", "retentions", "goals"}
"""Views of what was copied from the registry: nothing is counted, so the reference does not answer for them."""

EXACT_VISITORS = {"metrics_hourly", "metrics_daily", "metrics_weekly", "metrics_monthly", "pages_daily"}


def is_approximate(table: str, column: str) -> bool:
    """Whether the column is a sketch, from which several days are merged within 1 %."""
    return table not in EXACT_VISITORS and column == "unique_visitors_state"
