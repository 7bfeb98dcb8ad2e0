"""Streams of an assistant's messages that do not end before every request is answered.

When its input ends, the protocol's server drops the requests on which it is still working. So a sender that writes all
its requests and then closes its end, such as a pipe from a file, would miss answers.
"""

import asyncio
from types import TracebackType
from typing import Generic, Self, TypeVar

from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse


class Unanswered:
    """The ids of the requests that were read and that are not answered yet."""

    def __init__(self) -> None:
        self._ids: set[object] = set()
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    def note(self, item: SessionMessage | Exception) -> None:
        """Add the id of a request. Remove it at the response, at the error, or at the cancellation, to which there is
        no answer.
        """
        message = item.message if isinstance(item, SessionMessage) else None
        if isinstance(message, JSONRPCRequest):
            self._ids.add(message.id)
        elif isinstance(message, JSONRPCResponse | JSONRPCError):
            self._ids.discard(message.id)
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            self._ids.discard((message.params or {}).get("requestId"))
        if self._ids:
            self._is_empty.clear()
        else:
            self._is_empty.set()

    async def wait(self) -> None:
        """Wait until all are answered."""
        await self._is_empty.wait()


AnyStream = TypeVar("AnyStream", bound=ReadStream[SessionMessage | Exception] | WriteStream[SessionMessage])


class _Noted(Generic[AnyStream]):
    """A stream of messages that wraps another stream, and opens and closes it."""

    def __init__(self, stream: AnyStream, unanswered: Unanswered) -> None:
        self._stream = stream
        self._unanswered = unanswered

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._stream.__aexit__(kind, error, traceback)


class Incoming(_Noted[ReadStream[SessionMessage | Exception]]):
    """A stream of messages that ends once the wrapped stream has ended and all its requests are answered."""

    async def receive(self) -> SessionMessage | Exception:
        item = await self._stream.receive()
        self._unanswered.note(item)
        return item

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            item = await self._stream.__anext__()
        except StopAsyncIteration:
            await self._unanswered.wait()
            raise
        self._unanswered.note(item)
        return item


class Outgoing(_Noted[WriteStream[SessionMessage]]):
    """A stream of messages that notes the requests that they answer."""

    async def send(self, item: SessionMessage, /) -> None:
        await self._stream.send(item)
        self._unanswered.note(item)
