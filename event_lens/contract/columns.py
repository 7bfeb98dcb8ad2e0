"""The columns that filters may name, and the owner of each (event, session, profile or group)."""

from dataclasses import dataclass
from typing import Literal

from event_lens.contract.rows import PUBLIC_COLUMNS

Owner = Literal["event", "session", "profile"]
Kind = Literal["text", "number", "flag", "list"]

PROPERTIES = "properties."
MAX_PATH = 255


@dataclass(frozen=True)
class Column:
    """A column that filters may name, or a property `properties.<path>`. `owner` names the record (event, session, ...)
    whose value counts.
    """

    name: str
    owner: Owner
    kind: Kind = "text"


def _columns(owner: Owner, kind: Kind, names: str) -> dict[str, Column]:
    return {name: Column(name, owner, kind) for name in names.split()}


def _taken_over(owner: Owner, *, is_of_visit: bool) -> dict[str, Column]:
    return {
        name: Column(name, owner, public.kind)
        for name, public in PUBLIC_COLUMNS.items()
        if public.kind and public.is_of_visit == is_of_visit
    }


_OWN = {
    **_columns("event", "text", "name device_id device_kind profile_id client_session_id"),
    **_taken_over("event", is_of_visit=False),
    **_columns("event", "flag", "is_identified is_screen_view"),
    **_columns("event", "list", "groups"),
}

# In a question, source, place and device are the session's columns.
QUESTION_COLUMNS: dict[str, Column] = {
    **_OWN,
    **_taken_over("session", is_of_visit=True),
    **_columns("session", "text", "channel entry_path exit_path"),
    **_columns("session", "number", "duration_seconds screen_view_count event_count"),
    **_columns("session", "flag", "is_bounce"),
}

# In a stored definition, source, place and device are the event's columns, and its session is not read.
EVENT_COLUMNS: dict[str, Column] = {**_OWN, **_taken_over("event", is_of_visit=True)}

PROFILE_COLUMNS: dict[str, Column] = {
    **_columns("profile", "text", "profile_id first_name last_name name email avatar"),
    **_columns("profile", "number", "session_count event_count revenue"),
    **_columns("profile", "flag", "is_identified"),
    **_columns("profile", "list", "groups"),
}
