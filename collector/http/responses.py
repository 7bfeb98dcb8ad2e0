"""Answers: every status, the one shape of errors, and the headers of each answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from event_lens.errors import EventLensError, as_json, status_of

Send = Callable[[dict[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]
ErrorShape = Callable[[EventLensError], object]

COMMON_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
NOT_STORED: Header = (b"cache-control", b"no-store")
"""Headers that `collector.http.middleware` adds to every answer; `NOT_STORED` only if the answer has no such header."""

JSON_TYPE: Header = (b"content-type", b"application/json")
ALLOWED_HEADERS = (
    b"content-type, content-encoding, openpanel-client-id, openpanel-client-secret, openpanel-sdk-name, "
    b"openpanel-sdk-version, event-lens-client-id, event-lens-client-secret, x-api-key, authorization"
)


def error_headers(error: EventLensError) -> list[Header]:
    """Return the header `Retry-After` if the request may be accepted later; otherwise return no headers."""
    seconds = getattr(error, "retry_after_seconds", None)
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


def cors_headers(headers: Mapping[bytes, bytes]) -> list[Header]:
    """Return the headers that let any page read the answer to its request; the client's origins decide who may
    send.
    """
    origin = headers.get(b"origin")
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    ]


def preflight_headers(headers: Mapping[bytes, bytes]) -> list[Header]:
    """Return the headers that allow any preflight."""
    return [
        *cors_headers(headers),
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", headers.get(b"access-control-request-headers") or ALLOWED_HEADERS),
        (b"access-control-max-age", b"7200"),
    ]


async def send_json(send: Send, status: int, value: object, headers: list[Header]) -> None:
    body = msgspec.json.encode(value)
    await send_bytes(send, status, body, [JSON_TYPE, *headers])


async def send_error(send: Send, error: EventLensError, headers: list[Header], shape: ErrorShape = as_json) -> None:
    """Answer with an error in its route's `shape`."""
    await send_json(send, status_of(error), shape(error), [*headers, *error_headers(error)])


async def send_bytes(send: Send, status: int, body: bytes, headers: list[Header]) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})
