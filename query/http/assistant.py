"""The route `/mcp`: assistants ask the same questions over HTTP, with a read key in the same headers as other
clients.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, asgi
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler
from litestar.types import Scope
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from query.http.dependencies import find_reader_of
from query.presence import ClientGoneError, Receive, while_connected
from query.report import AnyReport
from query.report_context import ProjectScope
from query.service import Service
from query.tools import Context, build_server

PATH = "/mcp"
SUBJECT = "event_lens_subject"


class Assistant:
    """The route's handler. Every request is a call of its own with its own key, so there are no sessions to keep or
    protect.
    """

    def __init__(self, service: Service, max_body_bytes: int) -> None:
        self._service = service
        self._max_body_bytes = max_body_bytes
        self._sessions = StreamableHTTPSessionManager(
            build_server(self._ask), json_response=True, stateless=True, max_request_body_size=max_body_bytes
        )

    @asynccontextmanager
    async def run(self, _app: Litestar) -> AsyncIterator[None]:
        """Serve calls for as long as the block runs. An assistant can run only once."""
        async with self._sessions.run():
            yield

    def route(self) -> ASGIRouteHandler:
        """Return the handler of `/mcp`."""
        return asgi(PATH, copy_scope=True)(self._handle)

    async def _handle(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
            raise MethodNotAllowedException(headers={"Allow": "POST"})
        reader = await find_reader_of(scope, self._service)
        body = await _read_body(receive, self._max_body_bytes)
        handling = self._sessions.handle_request({**scope, SUBJECT: reader.subject}, _replay(body), send)
        try:
            await while_connected(receive, handling)
        except ClientGoneError:
            return

    async def _ask(self, context: Context, report: AnyReport, written: Mapping[str, Any]) -> bytes:
        assert context.request is not None  # noqa: S101 -- all come by HTTP
        subject: ProjectScope = context.request.scope[SUBJECT]
        reply = await self._service.answer(_never, subject, report, report.read(written))
        return reply.body or b""


async def _read_body(receive: Receive, most_bytes: int) -> bytes:
    """Read the whole body, so that the next message can only be that the client has disconnected. Raises
    `ClientGoneError`, and `HTTPException` (413) beyond `most_bytes`.
    """
    body, has_more = b"", True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
        if len(body) > most_bytes:
            raise HTTPException(status_code=413, detail=f"A call has at most {most_bytes} bytes.")
    return body


def _replay(body: bytes) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return messages.pop() if messages else await _never()

    return receive


async def _never() -> Any:
    """Wait without end. When the client disconnects, other code cancels the whole call."""
    await asyncio.Event().wait()
