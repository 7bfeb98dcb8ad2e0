"""The route `/insights/{projectId}/stream`, which sends changes as they happen."""

from typing import Any

from litestar import Request, get
from litestar.response import Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from query.http.openapi import operation
from query.parameters import NoParameters, read_parameters
from query.report_context import ProjectScope
from query.service import Service


class Telling(Stream):
    """A response that sends changes to the client as they happen."""

    def __init__(self, service: Service, subject: ProjectScope) -> None:
        super().__init__((), media_type="text/event-stream")
        self._service = service
        self._subject = subject

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        """Return the ASGI application that sends the changes."""

        async def tell(_scope: Scope, receive: Receive, send: Send) -> None:
            await self._service.streams.send(self._subject, receive, send)

        return tell


@get(
    "/stream",
    sync_to_thread=False,
    summary="Live visitors and new data, sent as they change (server-sent events).",
    operation_class=operation(NoParameters, has_body=False),
)
def answer_stream(request: Request[Any, Any, Any], subject: ProjectScope, service: Service) -> Telling:
    """Stream `event: live` with the answer of `live` whenever that answer changes, and `event: data` when a build
    brought new data.
    """
    read_parameters("stream", NoParameters, request.query_params.items())
    return Telling(service, subject)
