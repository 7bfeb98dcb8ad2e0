"""Turns other tools' data about people and groups into the wire's calls."""

from collections.abc import Mapping
from typing import Any

from collector.imports.record_events import Said, call_of, text_of
from event_lens.contract.operations import IDENTIFY_KEYS

NAMES = {
    "first_name": "firstName", "firstname": "firstName", "given_name": "firstName",
    "last_name": "lastName", "lastname": "lastName", "family_name": "lastName",
    "name": "name", "email": "email", "avatar": "avatar",
}  # fmt: skip


def identify(profile_id: Any, traits: Mapping[str, Any], **columns: Any) -> Said:
    """Return a call that names a person. Keys of names and addresses are recognised in many forms, all others are
    traits.
    """
    payload: Said = {}
    properties: Said = {}
    for key, value in traits.items():
        own = NAMES.get(key.lower(), key)
        if own in IDENTIFY_KEYS and own not in payload and isinstance(value, str | int | float):
            payload[own] = text_of(value)
        elif value is not None:
            properties[key] = value
    return call_of("identify", payload | {"properties": properties}, profile_id=profile_id, **columns)


def alias(profile_id: Any, other_id: Any, **columns: Any) -> Said:
    """Return a call that makes `other_id` an alias of the person `profile_id`."""
    return call_of("alias", {"alias": text_of(other_id)}, profile_id=profile_id, **columns)


def group(group_id: Any, kind: Any, traits: Mapping[str, Any], **columns: Any) -> Said:
    """Return a call that names a group."""
    name = text_of(traits.get("name")) or text_of(group_id)
    properties = {key: value for key, value in traits.items() if key != "name" and value is not None}
    payload = {"id": text_of(group_id), "type": text_of(kind) or "group", "name": name, "properties": properties}
    return call_of("group", payload, **columns)


def assign_group(profile_id: Any, group_id: Any, **columns: Any) -> Said:
    """Return a call that puts a person into a group."""
    return call_of("assign_group", {"groupIds": [text_of(group_id)]}, profile_id=profile_id, **columns)
