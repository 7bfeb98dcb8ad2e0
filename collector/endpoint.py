"""The routes that take events, as bare ASGI: what a framework does per request would cost more than the event."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from collector.access import authorise
from collector.answer import Header, Send, cors_headers, preflight_headers, send_bytes, send_error, send_json
from collector.body import ClientGone, Receive, read_body
from collector.credentials import ID_HEADERS, Headers, first_text, query_value
from collector.enrich import Source
from collector.intake import Intake
from collector.keyring import Keyring
from collector.rate import RateLimit
from event_lens.contract.wire import Batch, Envelope, Rejection, decode_batch, decode_one
from event_lens.errors import Broken, EventLensError, Refused
from event_lens.logs import get_log
from event_lens.metrics import metrics
from event_lens.settings import Network

log = get_log("http")

Scope = dict[str, Any]
Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = tuple[int, object]
Decoded = TypeVar("Decoded", Envelope, Batch)


class Collect:
    """Makes the event routes of one process from how their bodies are decoded."""

    def __init__(self, keyring: Keyring, intake: Intake, limit: RateLimit, proxies: tuple[Network, ...]) -> None:
        self._keyring = keyring
        self._intake = intake
        self._limit = limit
        self._proxies = proxies

    def one(self, decode: Callable[[bytes], Envelope] = decode_one) -> Endpoint:
        """A route that takes one event, operation or replay."""
        return self._endpoint(decode, self._take_one)

    def batch(self) -> Endpoint:
        """The route that takes up to a hundred."""
        return self._endpoint(decode_batch, self._take_batch)

    async def _take_one(self, envelope: Envelope, source: Source) -> Answer:
        taken = await self._intake.take_one(envelope, source)
        if taken.bot_reason:
            return 202, {"bot": {"reason": taken.bot_reason}}
        return 200, {"success": True, "deviceId": taken.device_id, "sessionId": taken.session_id}

    async def _take_batch(self, batch: Batch, source: Source) -> Answer:
        rejected = await self._intake.take_batch(batch.items, source)
        return 200, {
            "success": True,
            "accepted": len(batch.items) - len(rejected),
            "rejected": rejected,
        }

    def _endpoint(
        self, decode: Callable[[bytes], Decoded], take: Callable[[Decoded, Source], Awaitable[Answer]]
    ) -> Endpoint:
        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            headers: Headers = dict(scope["headers"])
            method = scope["method"]
            if method == "OPTIONS":
                await send_bytes(send, 204, b"", preflight_headers(headers))
                return
            cors = cors_headers(headers)
            try:
                if method != "POST":
                    raise Refused("Events are sent with POST.", code="method_not_allowed")
                status, answer = await self._answer(scope, receive, headers, decode, take)
            except ClientGone:
                return
            except Exception as error:
                status = await _send_failure(send, error, cors)
            else:
                await send_json(send, status, answer, cors)
            metrics.count("eventlens_requests_total", 1, str(status))

        return endpoint

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        decode: Callable[[bytes], Decoded],
        take: Callable[[Decoded, Source], Awaitable[Answer]],
    ) -> Answer:
        body = await read_body(receive, headers)
        query = scope["query_string"]
        decoded: Decoded | Rejection
        try:
            decoded = decode(body)
        except Rejection as error:
            decoded = error
            if not (first_text(headers, ID_HEADERS) or query_value(query, "clientId")):
                raise
        access = await authorise(
            self._keyring,
            headers,
            query,
            scope["client"][0] if scope.get("client") else "",
            self._proxies,
            body_id="" if isinstance(decoded, Rejection) else decoded.client_id,
            body_secret="" if isinstance(decoded, Rejection) else decoded.client_secret,
        )
        if not access.is_verified:
            self._limit.take(access.client_id, access.address)
        source = await self._intake.source(access, headers)
        if isinstance(decoded, Rejection):
            await self._intake.reject(decoded, source, body=body)
            raise decoded
        return await take(decoded, source)


async def _send_failure(send: Send, error: Exception, headers: list[Header]) -> int:
    if isinstance(error, EventLensError):
        return await send_error(send, error, headers)
    log.error("request_failed", exc_info=error)
    return await send_error(send, Broken("The collector failed; the log says why."), headers)
