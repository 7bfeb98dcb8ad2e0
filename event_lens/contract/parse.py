"""Parses envelopes into typed, checked events and operations, before anything is known of the sender."""

from collections.abc import Callable
from typing import Any

import msgspec

from event_lens.contract.coercion import as_cut_text, as_ids, as_name, as_side
from event_lens.contract.common_fields import NOTHING, Sent, read_properties, read_sent
from event_lens.contract.decode import Batch, Envelope, decode_bare, decode_batch, decode_one
from event_lens.contract.fast_path import UsualPayload, UsualTrack
from event_lens.contract.limits import MAX_GROUPS, MAX_TEXT_LENGTH, MAX_URL_LENGTH, MAX_WORD_LENGTH
from event_lens.contract.operations import (
    Operation,
    parse_alias,
    parse_assign_group,
    parse_decrement,
    parse_group,
    parse_identify,
    parse_increment,
)
from event_lens.contract.properties import check_storable
from event_lens.contract.rejection import Rejection
from event_lens.contract.reserved_keys import (
    COMMON_KEYS,
    INTEGER_FIELDS,
    LONG_FIELDS,
    OVERRIDE_KEYS,
    REMOVED,
    RESERVED_KEYS,
    TEXT_KEYS,
    TRACK_KEYS,
    TRUSTED_ONLY_FIELDS,
    URL_FIELDS,
)

__all__ = [
    "Batch",
    "Envelope",
    "Event",
    "Operation",
    "Parsed",
    "Rejection",
    "Replay",
    "UsualTrack",
    "decode_bare",
    "decode_batch",
    "decode_one",
    "parse",
    "parse_track",
]


class Event(Sent, kw_only=True, gc=False):
    """A `track`. `fields` holds texts by the row's column, and `search`; `path` may still be a full URL. `guarded`
    holds by column the values that only some senders may set (place, revenue); from other senders they are properties.
    """

    name: str
    groups: list[str]
    fields: dict[str, str]
    screen: dict[str, int]
    guarded: dict[str, Any]
    payload: dict[str, Any] | UsualPayload


# These are shared and never written to: a new dict per event would cost a tenth of the parsing time.
NO_GROUPS: list[str] = []
NO_VALUES: dict[str, Any] = {}


class Replay(msgspec.Struct):
    """A piece of a session recording: accepted and dropped."""


Parsed = Event | Operation | Replay


def parse(envelope: Envelope | UsualTrack | Rejection) -> Parsed:
    """Return the event, operation or replay in `envelope`; its payload is not modified. Raises `Rejection`; an item
    that `decode_batch` has rejected is raised itself.
    """
    if isinstance(envelope, UsualTrack):
        return parse_usual(envelope.payload)
    if isinstance(envelope, Rejection):
        raise envelope
    parser = PARSERS.get(envelope.type)
    if parser is None:
        raise Rejection(
            f"The type {envelope.type[:32]!r} is unknown; it is one of {', '.join(PARSERS)}.", code="type_unknown"
        )
    return parser(envelope.payload)


def parse_track(payload: dict[str, Any]) -> Event:
    """Return the event of a `track`; unknown keys are properties. The payload is not modified. Raises `Rejection`."""
    properties: dict[str, Any] = {}
    reserved: dict[str, Any] = {}
    guarded: dict[str, Any] = {}
    for key, value in read_properties(payload).items():
        if value is not None:
            _sort(key, value, properties, reserved, guarded)
    for key, value in payload.items():
        if key in COMMON_KEYS or value is None:
            continue
        field = TRACK_KEYS.get(key)
        if field is None:
            _sort(key, value, properties, reserved, guarded)
        elif field in TRUSTED_ONLY_FIELDS:
            guarded[field] = value
        else:
            reserved[field] = value
    is_flat = check_storable(properties)
    return Event(
        **read_sent(payload, reserved),
        properties=properties,
        is_flat=is_flat,
        name=as_name(payload.get("name"), "The event's name", "name_missing"),
        groups=as_ids(payload.get("groups"), "groups", MAX_GROUPS),
        screen={field: as_side(reserved.pop(field)) for field in INTEGER_FIELDS if field in reserved},
        fields={field: as_cut_text(value, field, _most_characters(field)) for field, value in reserved.items()},
        guarded=guarded,
        payload=payload,
    )


def parse_usual(track: UsualPayload) -> Event:
    """Return the event that `parse_track` would return, faster for a usual payload; an unusual one goes to
    `parse_track`. Raises `Rejection`.
    """
    properties: dict[str, Any] = {}
    fields: dict[str, str] = {}
    for key, value in (track.properties or NOTHING).items():
        if key not in RESERVED_KEYS:
            if value is not None:
                properties[key] = value
        elif key in TEXT_KEYS and type(value) is str and len(value) <= MAX_WORD_LENGTH:
            fields[TEXT_KEYS[key]] = value
        elif value is not None:
            return parse_track(track.as_sent())
    return Event(
        profile_id=track.profile_id or "",
        device_id=track.device_id or "",
        session_id=track.session_id or "",
        message_id=track.message_id or "",
        timestamp=track.timestamp,
        address="",
        properties=properties,
        is_flat=not properties or check_storable(properties),
        name=track.name,
        groups=NO_GROUPS,
        screen=NO_VALUES,
        fields=fields,
        guarded=NO_VALUES,
        payload=track,
    )


def _sort(key: str, value: Any, properties: dict[str, Any], reserved: dict[str, Any], guarded: dict[str, Any]) -> None:
    """Put a property's value into its field. Where a property comes with and without `__` in its name, the value with
    `__` counts. Without `__` an invalid value stays an ordinary property.
    """
    field = RESERVED_KEYS.get(key)
    if field is None:
        properties[key] = value
    elif field == REMOVED:
        return
    elif field in TRUSTED_ONLY_FIELDS:
        guarded[field] = value
    elif key in OVERRIDE_KEYS:
        reserved[field] = value
    elif type(value) in (str, int, float):
        reserved.setdefault(field, value)
    else:
        properties[key] = value


def _most_characters(field: str) -> int:
    if field in URL_FIELDS:
        return MAX_URL_LENGTH
    return MAX_TEXT_LENGTH if field in LONG_FIELDS else MAX_WORD_LENGTH


def _replay(payload: dict[str, Any]) -> Replay:
    return Replay()


PARSERS: dict[str, Callable[[dict[str, Any]], Parsed]] = {
    "track": parse_track,
    "identify": parse_identify,
    "increment": parse_increment,
    "decrement": parse_decrement,
    "alias": parse_alias,
    "group": parse_group,
    "assign_group": parse_assign_group,
    "replay": _replay,
}
