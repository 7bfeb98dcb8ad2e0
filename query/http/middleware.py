"""The outermost layer of the application: the base path, HEAD, and the headers, counters and log lines of every answer.

A route that sets one of the security headers keeps its own.
"""

from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from typing import Any
from urllib.parse import unquote

from event_lens.contract.headers import CLIENT_PREFIXES
from event_lens.logs import REQUEST_ID, RequestIds, get_log
from event_lens.metrics import metrics
from event_lens.tracing import tracing
from query.http.slow_bodies import receive_in_time
from query.presence import ClientGoneError

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

ALLOWED_ORIGIN = "event_lens_allowed_origin"
"""In a request's scope: the origin whose page may read the answer."""

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"cache-control", b"no-store"),
]
KEY_HEADERS = ", ".join(f"{prefix}-{part}" for prefix in CLIENT_PREFIXES for part in ("id", "secret"))
# A browser must not show a cached answer of one key or origin to another.
VARY = (b"vary", ", ".join(["origin", *(f"{prefix}-id" for prefix in CLIENT_PREFIXES)]).encode())
EXPOSED = (b"access-control-expose-headers", b"etag, retry-after, x-next-cursor, x-request-id")

QUESTIONS = ("/insights/", "/export/", "/mcp")
"""The routes, or what they begin with, that ask something of a project."""

log = get_log("http")


class Middleware:
    """An ASGI application around `app`, which also serves the routes of `app` under `base_path`."""

    def __init__(self, app: Application, base_path: str) -> None:
        self._app = app
        self._base_path = base_path
        self._ids = RequestIds()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id, started, status = self._ids.find(scope["headers"]), perf_counter(), 0
        scope, method = self._without_base_path(scope), scope["method"]

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = message | {"headers": _completed(message["headers"], id, scope.get(ALLOWED_ORIGIN, ""))}
            if method == "HEAD" and message["type"] == "http.response.body":
                await send(message | {"body": b"", "more_body": False})
                if message.get("more_body"):
                    # Ends exports and streams, whose headers are all that was asked for.
                    raise ClientGoneError
                return
            await send(message)

        if method == "OPTIONS" and (preflight := _preflight(scope["headers"])):
            await send_on({"type": "http.response.start", "status": 204, "headers": preflight})
            await send_on({"type": "http.response.body", "body": b""})
        else:
            if method == "HEAD":
                # The routes know GET only.
                scope["method"] = "GET"
            with tracing.request(f"HTTP {method}", scope["headers"]) as span:
                await self._app(scope, receive_in_time(receive), send_on)
                span.note("http.route", scope.get("path_template", ""))
                span.note("http.response.status_code", status)
        metrics.count("eventlens_requests_total", label=str(status))
        # The route's own path: other requested paths may contain anything.
        route = scope.get("path_template", "")
        elapsed_ms = round((perf_counter() - started) * 1000, 1)
        tell = log.info if route.startswith(QUESTIONS) else log.debug
        tell("request_answered", method=method, route=route, status=status, elapsed_ms=elapsed_ms)

    def _without_base_path(self, scope: Message) -> Message:
        path = _in_parts(scope["raw_path"])
        if self._base_path and path.startswith(f"{self._base_path}/"):
            path = path.removeprefix(self._base_path)
        return scope | {"path": path, "raw_path": path.encode()}


def _in_parts(raw_path: bytes) -> str:
    """Return the decoded path, in which only slashes and percent signs within a part are encoded. An id may hold a
    slash, which must not end its part of the path.

    A part with an id is decoded once more where it is read.
    """
    parts = (unquote(part) for part in raw_path.decode("ascii", "replace").split("/"))
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def _completed(given: Iterable[tuple[bytes, bytes]], id: bytes, allowed_origin: str) -> Headers:
    names = {name.lower() for name, _ in given}
    headers = [*given, *(header for header in SECURITY_HEADERS if header[0] not in names), VARY, (REQUEST_ID, id)]
    if allowed_origin:
        headers += [(b"access-control-allow-origin", allowed_origin.encode("latin-1")), EXPOSED]
    return headers


def _preflight(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers that answer a browser's preflight from another origin; empty for every other request.

    A preflight carries no key, so every origin is allowed. Later the key's origins decide whether its page may read the
    answer.
    """
    sent = dict(headers)
    if b"origin" not in sent or b"access-control-request-method" not in sent:
        return []
    return [
        (b"access-control-allow-origin", sent[b"origin"]),
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", f"content-type, if-none-match, x-request-id, {KEY_HEADERS}".encode()),
        (b"access-control-max-age", b"600"),
    ]
