"""The outermost layer of the collector: adds headers to every answer, and counts and logs it."""

from collections.abc import Awaitable, Callable
from logging import DEBUG
from time import perf_counter
from typing import Any

from collector.http.failure import failure
from collector.http.request_body import Receive
from collector.http.responses import COMMON_HEADERS, NOT_STORED, Send, send_error
from event_lens.logs import REQUEST_ID, RequestIds, get_log
from event_lens.metrics import metrics
from event_lens.tracing import tracing

log = get_log("http")

Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class Middleware:
    """Gives every answer of `app` the security headers and a request id: the sender's id if it is well-formed, else a
    new one.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._ids = RequestIds()
        self._is_logging = log.is_enabled_for(DEBUG)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id = self._ids.find(scope["headers"])
        added = (*COMMON_HEADERS, (REQUEST_ID, id))
        status = 0

        async def send_with_headers(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"]
                is_cached = any(name == NOT_STORED[0] for name, _ in own)
                message["headers"] = [*own, *added] if is_cached else [*own, *added, NOT_STORED]
            await send(message)

        started = perf_counter()
        with tracing.request(f"HTTP {scope['method']}", scope["headers"]) as span:
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception as error:
                # If even the answer to a failure failed, the server would close without an answer.
                told = failure(error)
                if not status:
                    await send_error(send_with_headers, told, [])
            span.note("http.route", scope.get("path_template", ""))
            span.note("http.response.status_code", status)
        metrics.count("eventlens_requests_total", 1, str(status))
        if self._is_logging:
            # The route's own path: other requested paths may contain anything.
            route = scope.get("path_template", "")
            elapsed_ms = round((perf_counter() - started) * 1000, 1)
            log.debug("request_answered", method=scope["method"], route=route, status=status, elapsed_ms=elapsed_ms)
