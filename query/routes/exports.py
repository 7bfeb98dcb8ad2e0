"""The route under `/export/{projectId}`."""

from litestar import Router, get
from litestar.di import Provide
from litestar.response import Stream

from query.ask import Ask
from query.export import CONTENT_TYPES, export_statement, read_export, stream_export
from query.routes.parameters import provide_ask, provide_subject
from query.service import Service


@get("/{file:str}", sync_to_thread=True)
def answer_export(file: str, ask: Ask, service: Service) -> Stream:
    """A table as a file: `events`, `sessions` or `profiles` with `.ndjson`, `.csv` or `.parquet`."""
    table, format = read_export(file)
    pieces = stream_export(service.exports, export_statement(ask, table, format), format)
    disposition = f'attachment; filename="{table}.{format}"'
    return Stream(pieces, headers={"Content-Type": CONTENT_TYPES[format], "Content-Disposition": disposition})


exports = Router(
    "/export/{project_id:str}",
    route_handlers=[answer_export],
    dependencies={
        "subject": Provide(provide_subject, sync_to_thread=True),
        "ask": Provide(provide_ask, sync_to_thread=False),
    },
)
