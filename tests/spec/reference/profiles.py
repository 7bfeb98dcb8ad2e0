"""Profiles: operations replayed in order over what was known before, and when somebody was seen."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.spec.reference.facts import arrival, counted_operations
from tests.spec.reference.people import aliases
from tests.spec.reference.rollups import Answer, money
from tests.spec.reference.sessions import History, Session
from tests.spec.rows import Row

PLAIN_FIELDS = ("first_name", "last_name", "name", "email", "avatar")


def profiles(history: History) -> Answer:
    """(profile, is identified, first seen, last seen, sessions, events, revenue, e-mail, properties)."""
    ends = aliases(history.project)
    operations: dict[str, list[Row]] = {}
    for row in sorted(counted_operations(history.project), key=arrival):
        if row["profile_id"]:
            operations.setdefault(ends.get(row["profile_id"], str(row["profile_id"])), []).append(row)
    events: dict[str, list[Row]] = {}
    for event in history.events:
        if event["profile"]:
            events.setdefault(event["profile"], []).append(event)
    answer = []
    for profile in events.keys() | operations.keys():
        own, log = events.get(profile, []), operations.get(profile, [])
        seen = [row["created_at"] for row in own + log]
        plain, properties = folded(log)
        answer.append(
            (
                profile,
                bool(log) or any(event["is_known"] for event in own),
                min(seen),
                max(seen),
                sum(person(session) == profile for session in history.sessions),
                len(own),
                money(history, own),
                plain["email"],
                properties,
            )
        )
    return answer


def person(session: Session) -> str:
    """The last person identified in the session, else the profile of its first event."""
    known = [event["profile"] for event in session.events if event["is_known"]]
    return str(known[-1] if known else session.events[0]["profile"])


def folded(log: list[Row]) -> tuple[dict[str, str], dict[str, Any]]:
    """What `log` (in order) leaves: the plain fields, and the properties by dotted path."""
    plain = dict.fromkeys(PLAIN_FIELDS, "")
    values: dict[str, Any] = {}
    for row in log:
        if row["operation"] == "identify":
            plain |= {name: row[name] for name in PLAIN_FIELDS if row.get(name)}
            for path, value in leaves(row["properties"]):
                _put(values, path, value)
        elif row["operation"] in ("increment", "decrement") and row["property"]:
            base = values.get(row["property"], 0)
            number = Decimal(0) if isinstance(base, bool | str | list) else Decimal(str(base))
            change = Decimal(row["value"]) * (1 if row["operation"] == "increment" else -1)
            _put(values, row["property"], float(number + change))
    return plain, {path: float(value) if _is_number(value) else value for path, value in sorted(values.items())}


def leaves(value: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted paths and values of a nested object; nulls and empty objects are absent."""
    for key, inner in value.items():
        here = f"{path}.{key}" if path else key
        if isinstance(inner, dict):
            yield from leaves(inner, here)
        elif inner is not None:
            yield here, inner


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    for other in [other for other in values if other.startswith(f"{path}.") or path.startswith(f"{other}.")]:
        del values[other]
    values[path] = value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
