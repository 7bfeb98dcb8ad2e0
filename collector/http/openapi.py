"""The collector's routes as an OpenAPI document."""

from typing import Any

from collector.http import openapi_schemas as shapes
from collector.http.openapi_schemas import PAYLOADS, Schema
from event_lens import __version__

VERSION = "3.1.0"
ERRORS = {
    "400": "The body can never be accepted; of a known sender it is kept in quarantine.",
    "401": "The sender may not send: no or an unknown client, a wrong secret, a foreign origin.",
    "408": "The body did not come in time.",
    "413": "The body is larger than 1 MiB, on the wire or after decompression.",
    "415": "The content encoding is neither gzip nor deflate.",
    "429": "Too many events in a minute without a secret; Retry-After says when to send again.",
    "503": "The collector can keep nothing for now; Retry-After says when to send again.",
}
RETRY_AFTER: Schema = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
KEY = "The client's id from a page, `<client id>:<secret>` from a server."
BARE_ROUTES = ("identify", "increment", "decrement", "alias")
SECURITY: list[dict[str, list[str]]] = [
    {"clientId": [], "clientSecret": []},
    {"clientId": []},
    {"clientIdInQuery": []},
    {},
]


def openapi(base_path: str = "") -> dict[str, Any]:
    """Return the document. Its paths are relative to the root, or to `base_path`, under which all routes are served
    again.
    """
    return {
        "openapi": VERSION,
        "info": {
            "title": "Event Lens: the collector",
            "version": __version__,
            "description": "Takes events over HTTP. What is answered with success is on disk.",
        },
        "servers": [{"url": "/"}, *([{"url": base_path}] if base_path else [])],
        "paths": {
            "/track": {"post": _sending("One event, operation or replay.", _ref("Envelope"), _ref("Taken"))},
            "/track/batch": {
                "post": _sending("Up to a hundred, each judged alone.", shapes.BATCH, shapes.BATCH_TAKEN, has_bot=False)
            },
            **{
                f"/{kind}": {"post": _sending(f"The bare payload of `{kind}`.", PAYLOADS[kind], _ref("Taken"))}
                for kind in BARE_ROUTES
            },
            "/track/device-id": {"get": _device()},
            "/api/events": {"post": _live_insight()},
            "/op1.js": {
                "get": {
                    "summary": "The script for a page: OpenPanel's, with options in the tag's data- attributes.",
                    "security": [],
                    "responses": {
                        "200": {"description": "The script.", "content": {"text/javascript": {"schema": {}}}},
                        "304": {"description": "It is as the ETag in If-None-Match says."},
                    },
                }
            },
            "/health": {"get": _state("What waits on disk, over all workers.", shapes.HEALTH)},
            "/ready": {"get": _state("Whether events can be taken.", shapes.READY)},
            "/metrics": {
                "get": {
                    "summary": "Counters for Prometheus.",
                    "security": [],
                    "responses": {"200": {"description": "Text.", "content": {"text/plain": {"schema": {}}}}},
                }
            },
        },
        "components": {
            "schemas": shapes.SCHEMAS,
            "securitySchemes": {
                "clientId": {"type": "apiKey", "in": "header", "name": "openpanel-client-id"},
                "clientSecret": {"type": "apiKey", "in": "header", "name": "openpanel-client-secret"},
                "clientIdInQuery": {"type": "apiKey", "in": "query", "name": "clientId"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": KEY},
                "bearer": {"type": "http", "scheme": "bearer", "description": KEY},
            },
        },
    }


def _sending(summary: str, body: Schema, taken: Schema, *, has_bot: bool = True) -> dict[str, Any]:
    responses = {"200": _json("It is on disk.", taken), **_errors(_ref("Error"))}
    if has_bot:
        responses["202"] = _json("It is on disk; its sender is a bot.", _ref("Bot"))
    return {
        "summary": summary,
        "security": SECURITY,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": responses,
    }


def _device() -> dict[str, Any]:
    responses = {"200": _json("The device and session of this request.", shapes.DEVICE)}
    known = _errors(_ref("Error"))
    responses |= {status: known[status] for status in ("401", "429", "503")}
    return {"summary": "Who the asker is taken for.", "security": SECURITY, "responses": responses}


def _live_insight() -> dict[str, Any]:
    responses = {
        "200": _json("It is on disk.", shapes.LIVE_INSIGHT_TAKEN),
        "202": _json("It is on disk; its sender is a bot.", shapes.LIVE_INSIGHT_TAKEN),
        **_errors(shapes.LIVE_INSIGHT_ERROR),
    }
    return {
        "summary": "An event as LiveInsight's clients send it.",
        "security": [{"apiKey": []}, {"bearer": []}, *SECURITY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": shapes.LIVE_INSIGHT_EVENT}}},
        "responses": responses,
    }


def _state(summary: str, answer: Schema) -> dict[str, Any]:
    responses = {"200": _json("The state.", answer), "503": _errors(_ref("Error"))["503"]}
    return {"summary": summary, "security": [], "responses": responses}


def _errors(shape: Schema) -> dict[str, Any]:
    errors: dict[str, Any] = {status: _json(description, shape) for status, description in ERRORS.items()}
    for status in ("429", "503"):
        errors[status]["headers"] = RETRY_AFTER
    return errors


def _json(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
