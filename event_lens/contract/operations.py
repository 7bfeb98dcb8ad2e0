"""Operations on profiles and groups, as they are sent."""

from typing import Any

from event_lens.contract.coercion import as_cut_text, as_decimal, as_id, as_ids, as_name
from event_lens.contract.common_fields import Sent, read_properties, read_sent
from event_lens.contract.limits import MAX_GROUPS, MAX_OPERATION_VALUE
from event_lens.contract.properties import check_storable
from event_lens.contract.rejection import Rejection
from event_lens.contract.reserved_keys import COMMON_KEYS, REMOVED, RESERVED_KEYS

IDENTIFY_KEYS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "name": "name",
    "email": "email",
    "avatar": "avatar",
}
# Properties that describe how the event was sent; other reserved names are traits here.
SENDING_KEYS = frozenset({"__timestamp", "__deviceId", "__ip"})


class Operation(Sent, kw_only=True):
    """An identify, increment, decrement, alias, group or assign_group. `fields` are columns of `OperationRow`."""

    operation: str
    fields: dict[str, Any]


def parse_identify(payload: dict[str, Any]) -> Operation:
    """Return an identify; unknown keys are traits. Raises `Rejection`."""
    _need_profile(payload)
    fields = {column: as_cut_text(payload.get(key), key) for key, column in IDENTIFY_KEYS.items()}
    return _with_properties("identify", payload, fields, IDENTIFY_KEYS.keys())


def parse_increment(payload: dict[str, Any]) -> Operation:
    return _change("increment", payload)


def parse_decrement(payload: dict[str, Any]) -> Operation:
    return _change("decrement", payload)


def parse_alias(payload: dict[str, Any]) -> Operation:
    _need_profile(payload)
    alias = as_id(payload.get("alias"), "alias")
    if not alias:
        raise Rejection("The alias is missing.", code="alias_missing")
    return _plain("alias", payload, {"alias": alias})


def parse_group(payload: dict[str, Any]) -> Operation:
    group_id = as_id(payload.get("id"), "The group's id")
    if not group_id:
        raise Rejection("The group's id is missing.", code="group_id_missing")
    fields = {
        "group_id": group_id,
        "group_type": as_name(payload.get("type"), "The group's type", "group_type_missing"),
        "group_name": as_name(payload.get("name"), "The group's name", "name_missing"),
    }
    return _with_properties("group", payload, fields, {"id", "type", "name"})


def parse_assign_group(payload: dict[str, Any]) -> Operation:
    groups = as_ids(payload.get("groupIds"), "groupIds", MAX_GROUPS)
    if not groups:
        raise Rejection("groupIds is missing; send at least one id.", code="group_ids_missing")
    return _plain("assign_group", payload, {"groups": groups})


def _change(operation: str, payload: dict[str, Any]) -> Operation:
    _need_profile(payload)
    value = payload.get("value")
    fields = {
        "property": as_name(payload.get("property"), "The property's name", "property_missing"),
        "value": as_decimal(1 if value is None else value, 9, "The value", MAX_OPERATION_VALUE),
    }
    return _plain(operation, payload, fields)


def _need_profile(payload: dict[str, Any]) -> None:
    if not as_id(payload.get("profileId"), "profileId"):
        raise Rejection("The profileId is missing.", code="profile_id_missing")


def _plain(operation: str, payload: dict[str, Any], fields: dict[str, Any]) -> Operation:
    properties = read_properties(payload)
    sending = {RESERVED_KEYS[key]: properties[key] for key in SENDING_KEYS & properties.keys()}
    return Operation(operation=operation, fields=fields, properties={}, is_flat=True, **read_sent(payload, sending))


def _with_properties(operation: str, payload: dict[str, Any], fields: dict[str, Any], taken: Any) -> Operation:
    """Return an operation; keys of `payload` that are neither common nor `taken` are properties too. Raises
    `Rejection`.
    """
    extra = {key: payload[key] for key in payload.keys() - COMMON_KEYS - taken}
    properties: dict[str, Any] = {}
    sending: dict[str, Any] = {}
    for key, value in (*extra.items(), *read_properties(payload).items()):
        if key in SENDING_KEYS:
            sending[RESERVED_KEYS[key]] = value
        elif value is not None and RESERVED_KEYS.get(key) != REMOVED:
            properties[key] = value
    return Operation(
        operation=operation,
        fields=fields,
        properties=properties,
        is_flat=check_storable(properties),
        **read_sent(payload, sending),
    )
