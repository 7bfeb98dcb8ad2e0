"""A request's body: read within limits of size and time, and decompressed within the same."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from event_lens.contract.limits import MAX_BODY_BYTES
from event_lens.errors import Refused

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

BODY_SECONDS = 20.0
MAX_DRAINED_BYTES = 16 * MAX_BODY_BYTES
"""What is read and thrown away of a body that is too large, so that its sender gets to read the answer."""

_GZIP = 31
_ZLIB = 15


class ClientGone(Exception):
    """The client hung up before its body was whole: there is nobody to answer."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    """The whole body, decompressed.

    Raises `Refused` (`body_too_large`, `body_too_slow`, `body_not_decompressed`, `encoding_unknown`) and `ClientGone`.
    """
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _gather(receive, body)
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    encoding = headers.get(b"content-encoding")
    return _decompressed(body, encoding.decode("latin-1").strip().lower()) if encoding else body


async def _gather(receive: Receive, first: bytes) -> bytes:
    pieces = [first]
    size = len(first)
    while True:
        message = await _next(receive)
        piece = message.get("body", b"")
        size += len(piece)
        if size <= MAX_BODY_BYTES:
            pieces.append(piece)
        elif size > MAX_DRAINED_BYTES:
            raise _too_large()
        if not message.get("more_body"):
            break
    if size > MAX_BODY_BYTES:
        raise _too_large()
    return b"".join(pieces)


async def _next(receive: Receive) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            message = await receive()
    except TimeoutError:
        raise Refused("The body did not come in time; send it again.", code="body_too_slow") from None
    if message["type"] != "http.request":
        raise ClientGone
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
    if not decompressor.eof:
        raise Refused(f"The body is not whole {encoding}.", code="body_not_decompressed")
    return plain


def _too_large() -> Refused:
    return Refused(f"The body is larger than {MAX_BODY_BYTES} bytes; send smaller batches.", code="body_too_large")
