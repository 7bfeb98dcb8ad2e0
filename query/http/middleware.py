"""The outermost layer of the application: the base path, security headers on every answer, the count of answers."""

from collections.abc import Awaitable, Callable
from typing import Any

from event_lens.metrics import metrics

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"cache-control", b"no-store"),
]


class Edge:
    """An ASGI application around `app`: what it serves is served again under `base_path`."""

    def __init__(self, app: Application, base_path: str) -> None:
        self._app = app
        self._base_path = base_path

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                metrics.count("eventlens_requests_total", label=str(message["status"]))
                message = message | {"headers": [*message["headers"], *SECURITY_HEADERS]}
            await send(message)

        path = scope.get("path", "")
        if self._base_path and path.startswith(f"{self._base_path}/"):
            path = path.removeprefix(self._base_path)
            scope = scope | {"path": path, "raw_path": path.encode("utf-8", "surrogateescape")}
        await self._app(scope, receive, send_on)
