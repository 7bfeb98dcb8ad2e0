"""Reads a request's body within limits of size and time, and decompresses it within the same limits."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from event_lens.contract.limits import MAX_BODY_BYTES
from event_lens.errors import Refused, Unavailable

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

BODY_SECONDS = 20.0
"""The limit for the whole body, so that an occasional byte does not keep a connection open."""

MAX_DRAINED_BYTES = 16 * MAX_BODY_BYTES
"""How much of a too large body is read and discarded, so that its sender reads the answer."""

MAX_HELD_BYTES = 64 * MAX_BODY_BYTES
"""The memory limit of all bodies that arrive in pieces, so that slow senders cannot fill the memory."""

_GZIP = 31
_ZLIB = 15


class Held:
    """The bytes of unfinished bodies that are in memory, counted over all requests of the process."""

    total = 0

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, size: int) -> None:
        """Add `size` to the held bytes. Raises `Unavailable` (`bodies_waiting`) beyond the limit."""
        if Held.total + size > MAX_HELD_BYTES:
            raise Unavailable("Too many bodies are on their way; send it again in a moment.", code="bodies_waiting")
        self._bytes += size
        Held.total += size

    def release(self) -> None:
        Held.total -= self._bytes
        self._bytes = 0


async def read_body(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    """Return the whole body, decompressed.

    Raises `Refused` (`body_too_large`, `body_too_slow`, `body_not_whole`, `body_not_decompressed`,
    `encoding_unknown`) and `Unavailable` (`bodies_waiting`).
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read(receive, headers)
    except TimeoutError:
        raise Refused("The body did not come in time; send it again.", code="body_too_slow") from None
    encoding = headers.get(b"content-encoding")
    return _decompressed(body, encoding.decode("latin-1").strip().lower()) if encoding else body


async def _read(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    if len(headers.get(b"content-length", b"")) > len(str(MAX_DRAINED_BYTES)):
        raise _too_large()  # a longer number is beyond the size that is read and discarded
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _gather(receive, body)
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return body


async def _gather(receive: Receive, first: bytes) -> bytes:
    pieces = [first]
    size = len(first)
    held = Held()
    try:
        held.add(size)
        while True:
            message = await _next(receive)
            piece = message.get("body", b"")
            size += len(piece)
            if size <= MAX_BODY_BYTES:
                held.add(len(piece))
                pieces.append(piece)
            elif size > MAX_DRAINED_BYTES:
                raise _too_large()
            if not message.get("more_body"):
                break
    finally:
        held.release()
    if size > MAX_BODY_BYTES:
        raise _too_large()
    return b"".join(pieces)


async def _next(receive: Receive) -> Mapping[str, Any]:
    message = await receive()
    if message["type"] != "http.request":
        # Answered even if the client seems gone: it may have closed only its own side.
        raise Refused("The body ended before it was whole; send it again.", code="body_not_whole")
    return message


def _decompressed(body: bytes, encoding: str) -> bytes:
    if encoding in ("identity", ""):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Refused("The content encoding is unknown; send gzip, deflate or none.", code="encoding_unknown")
    decompressor = zlib.decompressobj(_ZLIB if encoding == "deflate" else _GZIP)
    try:
        plain = decompressor.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        plain = b""
    if len(plain) > MAX_BODY_BYTES:
        raise _too_large()
    if not decompressor.eof or decompressor.unused_data:
        raise Refused(f"The body is not whole {encoding}.", code="body_not_decompressed")
    return plain


def _too_large() -> Refused:
    return Refused(f"The body is larger than {MAX_BODY_BYTES} bytes; send smaller batches.", code="body_too_large")
