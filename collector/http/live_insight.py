"""LiveInsight's route: each request is one event, which is taken as a `track`; the key is the client's id, or id and
secret, and answers have LiveInsight's shapes.
"""

from functools import partial
from typing import Any

from collector.auth.credentials import ID_HEADERS, SECRET_HEADERS, text
from collector.enrichment.row_builder import RowBuilder
from collector.http.endpoints import Answer, Collect, Endpoint, Scope, as_endpoint
from collector.http.request_body import Receive
from event_lens.contract.parse import Envelope, Rejection, decode_bare
from event_lens.errors import EventLensError

REQUIRED = {"event_type": "name", "session_id": "sessionId"}


def live_insight(collect: Collect) -> Endpoint:
    """Return the route for `POST {event_type, session_id, timestamp?, page_url?, user_agent?, referrer?}`; other keys
    are properties.

    The key comes as `X-API-Key` or as a bearer token. It is the client's id, or `<client id>:<secret>`; a secret in it
    counts before one in a header. Without a `deviceId` the session is the device; without a `page_url` the event has no
    path.
    """

    async def take(envelope: Envelope, builder: RowBuilder) -> Answer:
        status, taken = await collect.take_one(envelope, builder)
        data = {
            "session_id": envelope.payload["sessionId"],
            "timestamp": envelope.payload.get("timestamp") or builder.request.received_at_ms,
        }
        return status, {"status": "success", "data": data | taken if status == 202 else data}

    async def answer(scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> Answer:
        client_id, _, secret = _key(headers).partition(":")
        if client_id:
            headers[ID_HEADERS[0]] = client_id.encode()
        if secret:
            headers[SECRET_HEADERS[0]] = secret.encode()
        return await collect.answer(scope, receive, headers, partial(_decode, headers), take)

    return as_endpoint("POST", answer, as_live_insight)


def as_live_insight(error: EventLensError) -> dict[str, str]:
    """Return an error in the form of LiveInsight's routes: `{"status": "error", "message"}`."""
    return {"status": "error", "message": error.message}


def _key(headers: dict[bytes, bytes]) -> str:
    key = text(headers, b"x-api-key")
    if key:
        return key
    scheme, _, token = text(headers, b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _decode(headers: dict[bytes, bytes], body: bytes) -> Envelope:
    """Return the event as a `track`; the user agent that it names replaces the header's. Raises `Rejection`
    (`field_missing`).
    """
    envelope = decode_bare("track", body)
    payload: dict[str, Any] = envelope.payload
    for key, name in REQUIRED.items():
        value = payload.pop(key, None)
        if value is None or value == "":
            raise Rejection(f"The field {key} is missing.", code="field_missing")
        payload[name] = value
    page = payload.pop("page_url", None)
    if page is not None and page != "":
        payload["path"] = page
    agent = payload.pop("user_agent", None)
    if isinstance(agent, str) and agent:
        headers[b"user-agent"] = agent.encode()
    if payload.get("deviceId") is None:
        payload["deviceId"] = payload["sessionId"]
    return envelope
