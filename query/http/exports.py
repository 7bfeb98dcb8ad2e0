"""The route under `/export/{projectId}`."""

import asyncio
from typing import Any

from litestar import Request, Router, get
from litestar.di import Provide
from litestar.response import Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from query.encoding import choose_encoding
from query.export import CONTENT_TYPES, EXPORTS, FORMATS, DaysParameters, export_statement, read_export
from query.http.dependencies import provide_subject
from query.http.openapi import operation
from query.parameters import read_parameters
from query.report_context import ProjectScope
from query.service import Service
from query.statement import Statement


class Export(Stream):
    """A response that streams a transfer; OpenAPI describes it as a file."""

    def __init__(
        self, service: Service, subject: ProjectScope, statement: Statement, table: str, format: str, encoding: str
    ) -> None:
        disposition = f'attachment; filename="{table}.{format}"'
        self._own_headers = {"Content-Type": CONTENT_TYPES[format], "Content-Disposition": disposition}
        if encoding:
            self._own_headers["Content-Encoding"] = encoding
        super().__init__((), headers=self._own_headers)
        self._encoding = encoding
        self._transfers = service.shards[subject.shard].transfers
        self._subject = subject
        self._statement = statement
        self._format = FORMATS[format]

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        """Return the ASGI application that sends the file."""

        async def transfer(_scope: Scope, receive: Receive, send: Send) -> None:
            await self._transfers.send(
                self._subject, self._statement, self._format, self._own_headers, receive, send, self._encoding
            )

        return transfer


@get("/{file:str}", operation_class=operation(DaysParameters, has_body=False))
async def answer_export(file: str, request: Request[Any, Any, Any], subject: ProjectScope, service: Service) -> Export:
    """Send a table as a file: `events`, `sessions`, `profiles` or `cohort_members` as `.ndjson`, `.json`, `.csv`,
    `.parquet` or `.arrow`; `csv` and `json` alone mean `events.csv` and `events.json`.
    """
    table, format = read_export(file)
    parameters = read_parameters(file, EXPORTS[table], request.query_params.items())
    # Days are those of the zone in which they were counted.
    subject = await asyncio.to_thread(service.as_built, subject)
    statement = export_statement(subject, table, format, parameters, service.clock())
    encoding = choose_encoding(request.headers.get("accept-encoding", ""), format)
    return Export(service, subject, statement, table, format, encoding)


exports = Router(
    "/export/{project_id:str}",
    route_handlers=[answer_export],
    dependencies={"subject": Provide(provide_subject)},
)
