"""The routes that take events, written as plain ASGI: a framework would cost more per request than the event itself."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from collector.auth.authorize import Authoriser
from collector.auth.client_ip import read_headers
from collector.auth.credentials import ID_HEADERS, Headers, credentials_in, first_text, query_value
from collector.enrichment.row_builder import RowBuilder
from collector.http.failure import failure
from collector.http.request_body import Receive, read_body
from collector.http.responses import (
    ErrorShape,
    Send,
    cors_headers,
    preflight_headers,
    send_bytes,
    send_error,
    send_json,
)
from collector.ingest import Ingest
from event_lens.contract.parse import Batch, Envelope, Rejection, decode_batch, decode_one
from event_lens.errors import EventLensError, Refused, as_json

Scope = dict[str, Any]
Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = tuple[int, object]
Decoded = TypeVar("Decoded", Envelope, Batch)


class Collect:
    """Makes the event routes of one process, given the decoders of their bodies."""

    def __init__(self, authoriser: Authoriser, ingest: Ingest) -> None:
        self._authoriser = authoriser
        self._ingest = ingest

    def one(self, decode: Callable[[bytes], Envelope] = decode_one) -> Endpoint:
        """Return a route that takes one event, operation or replay."""
        return as_endpoint("POST", partial(self.answer, decode=decode, take=self.take_one))

    def batch(self) -> Endpoint:
        """Return the route that takes a batch of up to a hundred."""
        return as_endpoint("POST", partial(self.answer, decode=decode_batch, take=self._take_batch))

    async def take_one(self, envelope: Envelope, builder: RowBuilder) -> tuple[int, dict[str, Any]]:
        """Take one event and return the status and the answer once it is on disk. Raises `EventLensError`."""
        taken = await self._ingest.take_one(envelope, builder)
        if taken.bot_reason:
            return 202, {"bot": {"reason": taken.bot_reason}}
        answer = {"success": True, "deviceId": taken.device_id, "sessionId": taken.session_id}
        return 200, answer | {"notCounted": taken.not_counted} if taken.not_counted else answer

    async def _take_batch(self, batch: Batch, builder: RowBuilder) -> Answer:
        taken = await self._ingest.take_batch(batch.items, builder)
        answer = {
            "success": True,
            "accepted": len(batch.items) - len(taken.rejected),
            "rejected": taken.rejected,
        }
        return 200, answer | {"notCounted": taken.not_counted} if taken.not_counted else answer

    async def answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        decode: Callable[[bytes], Decoded],
        take: Callable[[Decoded, RowBuilder], Awaitable[Answer]],
    ) -> Answer:
        """Read, decode and take a request's body. Raises `EventLensError` after refused events are in quarantine."""
        body = await read_body(receive, headers)
        try:
            decoded = decode(body)
        except Rejection as error:
            found = credentials_in(body)
            if not (found[0] or first_text(headers, ID_HEADERS) or query_value(scope["query_string"], "clientId")):
                raise
            builder = await self.builder(scope, headers, *found, byte_count=len(body))
            await self._ingest.reject(error, builder, body=body)
            raise
        events = len(decoded.items) if isinstance(decoded, Batch) else 1
        builder = await self.builder(
            scope, headers, decoded.client_id, decoded.client_secret, events, byte_count=len(body)
        )
        return await take(decoded, builder)

    async def builder(
        self,
        scope: Scope,
        headers: Headers,
        body_id: str = "",
        body_secret: str = "",
        events: int = 1,
        *,
        byte_count: int = 0,
    ) -> RowBuilder:
        """Return the builder of a sender's rows, if it may send `events` events. Raises `Refused` and
        `Unavailable`.
        """
        request = await self._authoriser.context(
            headers,
            scope["query_string"],
            scope["client"][0] if scope.get("client") else "",
            body_id=body_id,
            body_secret=body_secret,
            events=events,
            byte_count=byte_count,
        )
        return self._ingest.builder(request)


def as_endpoint(
    method: str,
    answer: Callable[[Scope, Receive, dict[bytes, bytes]], Awaitable[Answer]],
    shape: ErrorShape = as_json,
) -> Endpoint:
    """Return a route of one HTTP method that also answers its preflight; errors are answered in `shape`."""

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        headers = read_headers(scope["headers"])
        asked = scope["method"]
        if asked == "OPTIONS":
            await send_bytes(send, 204, b"", preflight_headers(headers))
            return
        cors = cors_headers(headers)
        try:
            if asked != method:
                cors.append((b"allow", f"{method}, OPTIONS".encode()))
                raise Refused(f"This route takes {method} only.", code="method_not_allowed")
            status, value = await answer(scope, receive, headers)
        except EventLensError as error:
            await send_error(send, error, cors, shape)
        except Exception as error:
            await send_error(send, failure(error), cors, shape)
        else:
            await send_json(send, status, value, cors)

    return endpoint
