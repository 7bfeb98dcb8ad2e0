"""The decoded body of a request, read piece by piece."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import chain
from typing import Any

from event_lens.warehouse.embedded.blocks import BlockDecoder
from event_lens.warehouse.embedded.encoding import Decoder, decoder

Receive = Callable[[], Awaitable[dict[str, Any]]]


class ClientGoneError(Exception):
    """The client closed the connection before its request was done."""


class Body:
    """The decoded body; `in_blocks` says that it is in ClickHouse's own blocks, inside of its content encoding.

    Raises `StatementError` and `ClientGoneError`.
    """

    def __init__(self, receive: Receive, content_encoding: str, *, in_blocks: bool) -> None:
        self._receive = receive
        self._decoders: list[Decoder] = [decoder(content_encoding)]
        if in_blocks:
            self._decoders.append(BlockDecoder())
        self._start = b""
        self._pieces = self._read()

    def begin_with(self, start: bytes) -> None:
        """Put `start`, the query of the URL, before all of it."""
        self._start = start

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
            for piece in self._decoded(message.get("body", b"")):
                yield piece
        for each in self._decoders:
            each.check_end()

    def _decoded(self, piece: bytes) -> Iterator[bytes]:
        pieces: Iterator[bytes] = iter((piece,))
        for each in self._decoders:
            pieces = chain.from_iterable(map(each.decode, pieces))
        return pieces
