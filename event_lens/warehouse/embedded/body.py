"""The decoded body of a request, read piece by piece."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from event_lens.warehouse.embedded.encoding import decoder

Receive = Callable[[], Awaitable[dict[str, Any]]]


class ClientGoneError(Exception):
    """The client closed the connection before its request was done."""


class Body:
    """The body after `start` (the query of the URL). Raises `StatementError` and `ClientGoneError`."""

    def __init__(self, receive: Receive, content_encoding: str, start: bytes) -> None:
        self._receive = receive
        self._decoder = decoder(content_encoding)
        self._start = start
        self._pieces = self._read()

    async def head(self, most_bytes: int) -> tuple[bytes, bool]:
        """The beginning, `most_bytes` or somewhat more, and whether that was everything."""
        held, self._start = bytearray(self._start), b""
        while len(held) < most_bytes:
            try:
                held += await anext(self._pieces)
            except StopAsyncIteration:
                return bytes(held), True
        return bytes(held), False

    def rest(self) -> AsyncIterator[bytes]:
        """What `head` left, in pieces."""
        return self._pieces

    async def _read(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            more = message.get("more_body", False)
            for piece in self._decoder.decode(message.get("body", b"")):
                yield piece
        self._decoder.check_end()
