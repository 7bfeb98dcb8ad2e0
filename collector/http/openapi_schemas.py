"""The shapes of bodies and answers, as JSON Schema; limits and names come from the contract."""

from typing import Any

from event_lens.contract.limits import MAX_BATCH_EVENTS, MAX_GROUPS, MAX_ID_LENGTH, MAX_NAME_LENGTH
from event_lens.contract.parse import PARSERS
from event_lens.contract.reserved_keys import TRACK_KEYS

Schema = dict[str, Any]

TEXT: Schema = {"type": ["string", "number", "null"]}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH}
ID: Schema = {"type": ["string", "number"], "minLength": 1, "maxLength": MAX_ID_LENGTH}
OPTIONAL_ID: Schema = {"type": ["string", "number", "null"], "maxLength": MAX_ID_LENGTH}
NUMBER: Schema = {"type": "number", "exclusiveMinimum": -(10**18), "exclusiveMaximum": 10**18}
PROPERTIES: Schema = {"type": ["object", "null"]}
MOMENT: Schema = {
    "type": ["string", "number", "null"],
    "description": "ISO 8601 (without a zone: UTC), or seconds or milliseconds since 1970.",
}
SENT: dict[str, Schema] = {
    "profileId": OPTIONAL_ID,
    "deviceId": OPTIONAL_ID,
    "sessionId": OPTIONAL_ID,
    "timestamp": MOMENT,
    "messageId": TEXT | {"description": "The same one within seven days is the same event."},
}


def _payload(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {"type": "object", "required": [*required], "properties": {**SENT, **(optional or {}), **required}}


PAYLOADS: dict[str, Schema] = {
    "track": _payload(
        {"name": NAME},
        {
            **dict.fromkeys(TRACK_KEYS, TEXT),
            "latitude": {},
            "longitude": {},
            "properties": PROPERTIES,
            "groups": {"type": ["array", "null"], "items": ID, "maxItems": MAX_GROUPS},
        },
    ),
    "identify": _payload(
        {"profileId": ID},
        {**dict.fromkeys(("firstName", "lastName", "name", "email", "avatar"), TEXT), "properties": PROPERTIES},
    ),
    "increment": _payload({"profileId": ID, "property": NAME}, {"value": {"anyOf": [NUMBER, {"type": "null"}]}}),
    "decrement": _payload({"profileId": ID, "property": NAME}, {"value": {"anyOf": [NUMBER, {"type": "null"}]}}),
    "alias": _payload({"profileId": ID, "alias": ID}),
    "group": _payload({"id": ID, "type": NAME, "name": NAME}, {"properties": PROPERTIES}),
    "assign_group": _payload(
        {"groupIds": {"type": "array", "items": ID, "minItems": 1, "maxItems": MAX_GROUPS}},
    ),
    "replay": {"type": "object", "description": "Accepted and dropped."},
}
CREDENTIALS: dict[str, Schema] = {
    "clientId": {"type": "string", "description": "If no header can be set."},
    "clientSecret": {"type": "string", "description": "If no header can be set; never from a browser."},
}
ENVELOPE: Schema = {
    "oneOf": [
        {
            "type": "object",
            "required": ["type", "payload"],
            "properties": {"type": {"const": kind}, "payload": PAYLOADS[kind], **CREDENTIALS},
        }
        for kind in PARSERS
    ]
}
ITEMS: Schema = {"type": "array", "maxItems": MAX_BATCH_EVENTS, "items": {"$ref": "#/components/schemas/Envelope"}}
BATCH: Schema = {
    "oneOf": [
        ITEMS,
        {"type": "object", "required": ["events"], "properties": {"events": ITEMS, **CREDENTIALS}},
    ]
}
LIVE_INSIGHT_EVENT: Schema = {
    "type": "object",
    "required": ["event_type", "session_id"],
    "properties": {
        "event_type": NAME,
        "session_id": ID,
        "page_url": TEXT | {"description": "Without it the event has no path."},
        "timestamp": MOMENT,
        "user_agent": {"type": "string"},
        "referrer": TEXT,
    },
}


def _answer(**properties: Schema) -> Schema:
    return {"type": "object", "required": [*properties], "properties": properties, "additionalProperties": False}


def _answer_with(optional: dict[str, Schema], **properties: Schema) -> Schema:
    answer = _answer(**properties)
    return answer | {"properties": properties | optional}


STRING: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FIELDS: Schema = {
    "type": "array",
    "minItems": 1,
    "items": STRING,
    "description": "What this sender may not set (revenue, a place) and is kept as properties only.",
}
TAKEN = _answer_with({"notCounted": FIELDS}, success={"const": True}, deviceId=STRING, sessionId=STRING)
BOT = _answer(bot=_answer(reason=STRING))
BATCH_TAKEN = _answer_with(
    {"notCounted": {"type": "array", "minItems": 1, "items": _answer(index=COUNT, fields=FIELDS)}},
    success={"const": True},
    accepted=COUNT,
    rejected={"type": "array", "items": _answer(index=COUNT, code=STRING, reason=STRING)},
)
DEVICE = _answer(deviceId=STRING, sessionId=STRING)
ERROR = _answer(error=_answer(code=STRING, message={"type": "string", "description": "The cause and the remedy."}))
LIVE_INSIGHT_TAKEN: Schema = {
    "type": "object",
    "required": ["status", "data"],
    "properties": {"status": {"const": "success"}, "data": {"type": "object", "required": ["session_id", "timestamp"]}},
}
LIVE_INSIGHT_ERROR = _answer(status={"const": "error"}, message=STRING)
HEALTH = _answer(
    status={"const": "ok"},
    spool=_answer(pendingEvents=COUNT, pendingBytes=COUNT, oldestSeconds={"type": "number", "minimum": 0}),
)
READY = _answer(status={"const": "ready"})
SCHEMAS: dict[str, Schema] = {"Envelope": ENVELOPE, "Error": ERROR, "Taken": TAKEN, "Bot": BOT}
