"""The columns that filters may name, and whose value each one means."""

from dataclasses import dataclass
from typing import Literal

Owner = Literal["event", "session", "profile"]
Kind = Literal["text", "number", "flag", "list"]

PROPERTIES = "properties."
MAX_PATH = 255


@dataclass(frozen=True)
class Column:
    """A column that filters may name, or a property `properties.<path>`. `owner` says whose value counts."""

    name: str
    owner: Owner
    kind: Kind = "text"


def _columns(owner: Owner, kind: Kind, names: str) -> dict[str, Column]:
    return {name: Column(name, owner, kind) for name in names.split()}


_OWN = {
    **_columns("event", "text", "name path origin query hash title device_id device_kind profile_id"),
    **_columns("event", "text", "client_session_id language user_agent currency sdk_name sdk_version import_id"),
    **_columns("event", "number", "revenue screen_width screen_height"),
    **_columns("event", "flag", "is_identified is_screen_view"),
    **_columns("event", "list", "groups"),
}
_ORIGINS = (
    "referrer referrer_name referrer_type click_id utm_source utm_medium utm_campaign utm_term utm_content "
    "country region city device brand model os os_version browser browser_version"
)

# In a question, source, place and device are those of the session.
QUESTION_COLUMNS: dict[str, Column] = {
    **_OWN,
    **_columns("session", "text", _ORIGINS),
    **_columns("session", "text", "channel entry_path exit_path"),
    **_columns("session", "number", "duration_seconds screen_view_count event_count"),
    **_columns("session", "flag", "is_bounce"),
}

# In a stored definition, they are the event's own, and nothing is asked of its session.
EVENT_COLUMNS: dict[str, Column] = {**_OWN, **_columns("event", "text", _ORIGINS)}

PROFILE_COLUMNS: dict[str, Column] = {
    **_columns("profile", "text", "profile_id first_name last_name name email avatar"),
    **_columns("profile", "number", "session_count event_count revenue"),
    **_columns("profile", "flag", "is_identified"),
    **_columns("profile", "list", "groups"),
}
