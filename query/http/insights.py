"""The routes under `/insights/{projectId}`, one for each report."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import unquote

import msgspec
from litestar import MediaType, Request, Response, Router, get, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from query.auth import Reader
from query.csv_text import as_csv_text
from query.errors import choose
from query.http.bodies import body_of
from query.http.dependencies import provide_asker
from query.http.manage import cohort_routes
from query.http.middleware import ALLOWED_ORIGIN
from query.http.openapi import operation_of
from query.http.stream import answer_stream
from query.parameters import NoParameters, read_body, read_parameters
from query.presence import in_thread
from query.report import IN_BRACES, Report
from query.report_context import ProjectScope
from query.reports import REPORTS, identifier_of
from query.service import Service

FORMAT = "format"
NEXT_CURSOR = "X-Next-Cursor"
"""The header of a CSV that has no `meta.nextCursor`."""
REVALIDATED = "private, no-cache"
"""A client may cache the answer, and revalidates it by its tag."""


def route_of(report: Report[Any]) -> HTTPRouteHandler:
    """Return the route handler that answers `report`."""

    async def answer(request: Request[Any, Any, Any], subject: ProjectScope, service: Service) -> Response[bytes]:
        written, as_csv = _without_format(request.query_params.items())
        if report.has_body:
            read_parameters(f"the address of {report.name}", NoParameters, written)
            parameters = read_body(report.name, report.parameters, await body_of(request))
        else:
            in_address = [(name, unquote(request.path_params[name])) for name in report.in_address]
            parameters = read_parameters(report.name, report.parameters, [*in_address, *written])
        known_tags = frozenset() if report.has_body else _known_tags(request)
        reply = await service.answer(request.receive, subject, report, parameters, known_tags)
        headers = {} if reply.tag is None or report.has_body else {"ETag": reply.tag, "Cache-Control": REVALIDATED}
        if reply.body is None:
            return Response(b"", status_code=304, headers=headers)
        if as_csv:
            text, cursor = await in_thread(service.threads, lambda: _csv_of(report, parameters, reply.body or b""))
            return Response(text, media_type="text/csv", headers=headers | ({NEXT_CURSOR: cursor} if cursor else {}))
        return Response(reply.body, media_type=MediaType.JSON, headers=headers)

    decorate = post if report.has_body else get
    path = re.sub(IN_BRACES, r"{\1:str}", report.name)
    return decorate(
        f"/{path}",
        status_code=200,
        operation_id=identifier_of(report),
        summary=report.summary,
        operation_class=operation_of(report),
    )(answer)


def _without_format(written: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], bool]:
    """Return the parameters without `format`, and whether it asks for CSV. Raises `Refused` (`format_invalid`)."""
    formats = [text for name, text in written if name == FORMAT]
    for text in formats:
        choose(FORMAT, text, ("json", "csv"))
    return [(name, text) for name, text in written if name != FORMAT], formats[-1:] == ["csv"]


def _csv_of(report: Report[Any], parameters: msgspec.Struct, body: bytes) -> tuple[bytes, str | None]:
    """Return the answer in `body` as CSV, and the cursor of the next page."""
    from query.client.frame import frame_of  # noqa: PLC0415 -- few ask for it, and Polars slows every start

    written = {name: value for name, value in msgspec.to_builtins(parameters).items() if value is not None}
    frame = frame_of(report, written, msgspec.json.decode(body))
    return as_csv_text(report, frame).encode(), frame.meta.get("nextCursor")


def _known_tags(request: Request[Any, Any, Any]) -> frozenset[str]:
    """Return the tags (ETags) of the answers that the client already has.

    Return None for a page that may not read this answer: its browser would show it the cached answer of another key.
    """
    origin = request.headers.get("origin")
    if origin is not None and cast(dict[str, Any], request.scope).get(ALLOWED_ORIGIN) != origin:
        return frozenset()
    tags = request.headers.get("if-none-match", "").split(",")
    return frozenset(tag.strip() for tag in tags if tag.strip())


class OwnProject(msgspec.Struct):
    """The project that a key reads, with its time zone and currency."""

    project_id: str
    timezone: str
    currency: str


@get("/insights")
async def answer_project(reader: Reader, service: Service) -> dict[str, OwnProject]:
    """Return the project that the key in the headers reads, with the zone and the currency that its numbers have."""
    subject = await asyncio.to_thread(service.as_built, reader.subject)
    return {"data": OwnProject(subject.project_id, subject.zone.key, subject.currency)}


insights = Router(
    "/insights/{project_id:str}",
    route_handlers=[*(route_of(report) for report in REPORTS.values()), *cohort_routes, answer_stream],
    dependencies={"subject": Provide(provide_asker)},
)
