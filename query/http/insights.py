"""The routes under `/insights/{projectId}`, one for each report."""

import re
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from query.auth import read_own_subject
from query.http.dependencies import provide_subject
from query.http.openapi import operation_of
from query.parameters import NoParameters, read_body, read_parameters
from query.report import IN_BRACES, Report
from query.report_context import Subject
from query.reports import REPORTS
from query.service import Service


def route_of(report: Report[Any]) -> HTTPRouteHandler:
    """The handler that answers `report`."""

    async def answer(request: Request[Any, Any, Any], subject: Subject, service: Service) -> Response[bytes]:
        written = request.query_params.items()
        if report.has_body:
            read_parameters(f"the address of {report.name}", NoParameters, written)
            parameters = read_body(report.name, report.parameters, await request.body())
        else:
            in_address = [(name, request.path_params[name]) for name in report.in_address]
            parameters = read_parameters(report.name, report.parameters, [*in_address, *written])
        asked = report.ask(subject, parameters, service.clock())
        encoded = await service.answer(request.receive, subject.project_id, report, asked)
        return Response(encoded, media_type=MediaType.JSON)

    decorate = post if report.has_body else get
    path = re.sub(IN_BRACES, r"{\1:str}", report.name)
    return decorate(f"/{path}", status_code=200, summary=report.summary, operation_class=operation_of(report))(answer)


class OwnProject(msgspec.Struct):
    """The project that a key reads, and how its days and amounts are counted."""

    project_id: str
    timezone: str
    currency: str


@get("/insights", sync_to_thread=True)
def answer_project(request: Request[Any, Any, Any], service: Service) -> dict[str, OwnProject]:
    """The project that the key in the headers reads."""
    subject = read_own_subject(service.registry, request.headers)
    return {"data": OwnProject(subject.project_id, subject.zone.key, subject.currency)}


insights = Router(
    "/insights/{project_id:str}",
    route_handlers=[route_of(report) for report in REPORTS.values()],
    dependencies={"subject": Provide(provide_subject, sync_to_thread=True)},
)
