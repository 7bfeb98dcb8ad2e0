"""What a payload says: envelopes to typed events and operations, checked, before anything is known of the sender."""

from collections.abc import Callable
from typing import Any

import msgspec

from event_lens.contract.body import Batch, Envelope, decode_bare, decode_batch, decode_one
from event_lens.contract.field import as_cut_text, as_ids, as_name, as_side
from event_lens.contract.limits import MAX_GROUPS, MAX_NAME_LENGTH, MAX_TEXT_LENGTH, MAX_WORD_LENGTH
from event_lens.contract.operation import (
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
from event_lens.contract.reserved import (
    COMMON_KEYS,
    GUARDED_FIELDS,
    LONG_FIELDS,
    REMOVED,
    RESERVED_KEYS,
    SURE_KEYS,
    TRACK_KEYS,
    WHOLE_FIELDS,
)
from event_lens.contract.sent import Sent, read_properties, read_sent

__all__ = [
    "Batch",
    "Envelope",
    "Event",
    "Operation",
    "Parsed",
    "Rejection",
    "Replay",
    "decode_bare",
    "decode_batch",
    "decode_one",
    "parse",
    "parse_track",
]


class Event(Sent, kw_only=True):
    """A `track`. `fields` are texts by the row's column, and `search`; `path` may still be a full URL.

    `guarded` holds what only some senders may say (place, revenue), by the row's column; others' are properties.
    """

    name: str
    groups: list[str]
    fields: dict[str, str]
    screen: dict[str, int]
    guarded: dict[str, Any]
    payload: dict[str, Any]


class Replay(msgspec.Struct):
    """A piece of a session recording: accepted and dropped."""


Parsed = Event | Operation | Replay


def parse(envelope: Envelope | Rejection) -> Parsed:
    """The event, operation or replay in `envelope`. Raises `Rejection`: an item of a batch that is one, or a new one.

    The payload stays as it was.
    """
    if isinstance(envelope, Rejection):
        raise envelope
    parser = PARSERS.get(envelope.type)
    if parser is None:
        raise Rejection(
            f"The type {envelope.type[:32]!r} is unknown; it is one of {', '.join(PARSERS)}.", code="type_unknown"
        )
    return parser(envelope.payload)


def parse_track(payload: dict[str, Any]) -> Event:
    """Keys it does not know are properties; the payload stays as it was. Raises `Rejection`."""
    get = payload.get
    name = get("name")
    if type(name) is not str or not 0 < len(name) <= MAX_NAME_LENGTH:
        name = as_name(name, "The event's name", "name_missing")
    properties: dict[str, Any] = {}
    reserved: dict[str, Any] = {}
    guarded: dict[str, Any] = {}
    for key, value in read_properties(payload).items():
        if value is None:
            continue
        if key not in RESERVED_KEYS:
            properties[key] = value
        elif key in SURE_KEYS:
            reserved[SURE_KEYS[key]] = value
        else:
            _sort(key, value, properties, reserved, guarded)
    for key, value in payload.items():
        if key in COMMON_KEYS or value is None:
            continue
        field = TRACK_KEYS.get(key)
        if field is None:
            _sort(key, value, properties, reserved, guarded)
        elif field in GUARDED_FIELDS:
            guarded[field] = value
        else:
            reserved[field] = value
    if properties:
        check_storable(properties)
    groups = get("groups")
    return Event(
        **read_sent(payload, reserved),
        properties=properties,
        name=name,
        groups=as_ids(groups, "groups", MAX_GROUPS) if groups else [],
        screen={field: as_side(reserved.pop(field)) for field in WHOLE_FIELDS if field in reserved},
        fields={
            field: value
            if type(value) is str and len(value) <= MAX_WORD_LENGTH
            else as_cut_text(value, field, MAX_TEXT_LENGTH if field in LONG_FIELDS else MAX_WORD_LENGTH)
            for field, value in reserved.items()
        },
        guarded=guarded,
        payload=payload,
    )


def _sort(key: str, value: Any, properties: dict[str, Any], reserved: dict[str, Any], guarded: dict[str, Any]) -> None:
    """Put a value where it belongs: a `__` name wins over the one without, and that one only counts if it fits."""
    field = RESERVED_KEYS.get(key)
    if field is None:
        properties[key] = value
    elif field == REMOVED:
        return
    elif field in GUARDED_FIELDS:
        guarded[field] = value
    elif key in SURE_KEYS:
        reserved[field] = value
    elif type(value) in (str, int, float):
        reserved.setdefault(field, value)
    else:
        properties[key] = value


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
