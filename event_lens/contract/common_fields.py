"""The fields that every event and operation may carry."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from event_lens.contract.coercion import as_id, as_text
from event_lens.contract.rejection import Rejection

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Sent(msgspec.Struct, kw_only=True, gc=False):
    """`timestamp` is unparsed; `address` is the payload's `__ip`, which is never stored. `is_flat` is the result of
    `check_storable` for the properties.
    """

    profile_id: str
    device_id: str
    session_id: str
    message_id: str
    timestamp: Any
    address: str
    properties: dict[str, Any]
    is_flat: bool


def read_sent(payload: dict[str, Any], reserved: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `Sent` except the properties. Removes the keys that it uses from `reserved`; a field of the
    payload wins over a reserved property. Raises `Rejection`.
    """
    get = payload.get
    device_id, timestamp = get("deviceId"), get("timestamp")
    profile_id, session_id, message_id = get("profileId"), get("sessionId"), get("messageId")
    address = ""
    if reserved:
        if "address" in reserved:
            address = as_text(reserved.pop("address"), "__ip")
        if "device_id" in reserved:
            given = reserved.pop("device_id")
            device_id = given if device_id is None else device_id
        if "timestamp" in reserved:
            given = reserved.pop("timestamp")
            timestamp = given if timestamp is None else timestamp
    return {
        "profile_id": "" if profile_id is None else as_id(profile_id, "profileId"),
        "device_id": "" if device_id is None else as_id(device_id, "deviceId"),
        "session_id": "" if session_id is None else as_id(session_id, "sessionId"),
        "message_id": "" if message_id is None else as_text(message_id, "messageId"),
        "timestamp": timestamp,
        "address": address,
    }


def read_properties(payload: dict[str, Any]) -> Mapping[str, Any]:
    """Return the properties as sent, empty when they are missing. Raises `Rejection` (`properties_not_object`)."""
    properties = payload.get("properties")
    if properties is None:
        return NOTHING
    if type(properties) is not dict:
        raise Rejection("The properties are not a JSON object.", code="properties_not_object")
    return properties
