"""Request bodies: bytes to JSON values, and to envelopes whose payloads `parse` understands."""

import re
from itertools import pairwise
from typing import Any

import msgspec

from event_lens.contract.fast_path import UsualTrack
from event_lens.contract.limits import MAX_BATCH_EVENTS
from event_lens.contract.rejection import Rejection

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A whole string, or one character that opens, closes or separates.
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},]', re.DOTALL)
LITERAL_BEYOND_JSON = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity)\b")


class Envelope(msgspec.Struct, rename="camel", gc=False):
    """One undecoded event or operation: its type, its payload, and credentials if the body carried them."""

    type: str
    payload: dict[str, Any]
    client_id: str = ""
    client_secret: str = ""


class Batch(msgspec.Struct):
    """The items in the order they came; an item that is not an envelope is the `Rejection` that says why."""

    items: list[Envelope | UsualTrack | Rejection]
    client_id: str = ""
    client_secret: str = ""


# The usual body, decoded in one step; any other body is decoded again with more care.
_one = msgspec.json.Decoder(Envelope)
_many = msgspec.json.Decoder(list[Envelope])
_usual = msgspec.json.Decoder(list[UsualTrack])


def decode_one(body: bytes) -> Envelope:
    """Return the envelope `{type, payload, clientId?, clientSecret?}`. Raises `Rejection`."""
    try:
        return _one.decode(body)
    except (ValueError, RecursionError):
        return _envelope(_decode(body))


def decode_bare(type: str, body: bytes) -> Envelope:
    """Return a bare payload as an envelope, for the routes that name the type; the payload may contain credentials.
    Raises `Rejection` (`body_not_object`).
    """
    payload = _decode(body)
    if not isinstance(payload, dict):
        raise Rejection("The body is not a JSON object; send the payload as one.", code="body_not_object")
    client_id, client_secret = _credentials(payload)
    return Envelope(type, payload, client_id, client_secret)


def decode_batch(body: bytes) -> Batch:
    """Return the items of an array of up to 100 envelopes, or of an object `{"events": [...]}` that holds such an
    array.

    In the returned list a `Rejection` stands in place of an item that cannot be read. Raises `Rejection` when the body
    has no items: `body_not_json`, `body_not_array`, `batch_too_large`.
    """
    for decoder in (_usual, _many):
        try:
            items: list[Any] = decoder.decode(body)
        except (ValueError, RecursionError):
            continue
        _check_length(items)
        return Batch(items)
    return _decode_batch_with_care(body)


def _decode_batch_with_care(body: bytes) -> Batch:
    value: Any
    try:
        value, items = _decode(body), None
    except Rejection as whole:
        value, items = _pieces(body, whole)
    client_id = client_secret = ""
    if isinstance(value, dict):
        client_id, client_secret = _credentials(value)
        value = value.get("events")
    found = value if items is None else items
    if not isinstance(found, list):
        raise Rejection('The body is neither an array nor {"events": [...]}.', code="body_not_array")
    _check_length(found)
    if items is not None:
        found = [_decoded_item(piece) for piece in items]
    return Batch([_item(item) for item in found], client_id, client_secret)


def _check_length(items: list[Any]) -> None:
    if len(items) > MAX_BATCH_EVENTS:
        raise Rejection(
            f"The batch has {len(items)} events; send up to {MAX_BATCH_EVENTS} at once.", code="batch_too_large"
        )


def encoded(value: object) -> bytes:
    """Return compact JSON; empty for a value that is nested too deeply to be written."""
    try:
        return msgspec.json.encode(value)
    except RecursionError:
        return b""


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise Rejection("The body is nested too deeply to be read.", code="properties_too_deep") from None
    except ValueError as error:
        if body.startswith(BYTE_ORDER_MARK):
            return _decode(body.removeprefix(BYTE_ORDER_MARK))
        raise _unreadable(body, error) from None


def _unreadable(body: bytes, error: ValueError) -> Rejection:
    reason = str(error)
    if isinstance(error, UnicodeDecodeError):
        return Rejection("The body is not UTF-8; encode it as UTF-8.", code="body_not_json")
    if "surrogate" in reason:
        return Rejection(
            "A text holds half of a surrogate pair; cut texts between characters.", code="properties_not_storable"
        )
    if "out of range" in reason:
        return Rejection("A number is too large to be kept; send it as text.", code="properties_not_storable")
    if LITERAL_BEYOND_JSON.search(body):
        return Rejection("NaN and Infinity are not JSON numbers; leave them out.", code="properties_not_storable")
    return Rejection(f"The body is not JSON: {reason}.", code="body_not_json")


def _pieces(body: bytes, whole: Rejection) -> tuple[Any, list[bytes]]:
    """Return the decoded text around the items of a batch that cannot be read as a whole, and the bytes of each item.

    So the other items can be read although one is broken. Raises `whole` when the brackets do not close.
    """
    start = body.find(b"[")
    if start < 0:
        raise whole
    cuts = [start]
    depth = 0
    for token in TOKEN.finditer(body, start):
        character = token[0]
        if character in b"[{":
            depth += 1
        elif character in b"]}":
            depth -= 1
        if depth == 0 or (depth == 1 and character == b","):
            cuts.append(token.start())
        if depth == 0:
            break
    end = cuts[-1]
    if depth or body[end : end + 1] != b"]":
        raise whole
    try:
        around = _decode(body[:start] + b"null" + body[end + 1 :])
    except Rejection:
        raise whole from None
    if around is not None and (not isinstance(around, dict) or around.get("events", whole) is not None):
        raise whole
    pieces = [body[begin + 1 : stop].strip() for begin, stop in pairwise(cuts)]
    return around, pieces


def _decoded_item(piece: bytes) -> Any:
    try:
        return _decode(piece)
    except Rejection as error:
        error.raw = piece
        return error


def _item(value: Any) -> Envelope | Rejection:
    if isinstance(value, Rejection):
        return value
    try:
        return _envelope(value)
    except Rejection as error:
        error.raw = encoded(value)
        return error


def _envelope(value: Any) -> Envelope:
    if type(value) is not dict:
        raise Rejection("The event is not a JSON object such as {type, payload}.", code="body_not_object")
    kind = value.get("type")
    payload = value.get("payload")
    if type(kind) is not str:
        raise Rejection("The event has no type; send one such as track or identify.", code="type_unknown")
    if type(payload) is not dict:
        raise Rejection("The payload is not a JSON object.", code="payload_not_object")
    if "clientId" in value or "clientSecret" in value:
        client_id, client_secret = _credentials(value)
        return Envelope(kind, payload, client_id, client_secret)
    return Envelope(kind, payload)


def _credentials(value: dict[str, Any]) -> tuple[str, str]:
    client_id, client_secret = value.pop("clientId", None), value.pop("clientSecret", None)
    return (
        client_id if isinstance(client_id, str) else "",
        client_secret if isinstance(client_secret, str) else "",
    )
