"""The routes under `/insights/{projectId}`, one for each report."""

import re
from typing import Any

from litestar import Request, Router, get, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from query.http.dependencies import operation, provide_subject
from query.parameters import NoParameters, read_body, read_parameters
from query.report import IN_BRACES, Report
from query.report_context import Subject
from query.reports import REPORTS
from query.service import Service

Answer = dict[str, Any]


def route_of(report: Report[Any]) -> HTTPRouteHandler:
    """The handler that answers `report`."""

    async def answer(request: Request[Any, Any, Any], subject: Subject, service: Service) -> Answer:
        written = request.query_params.items()
        if report.has_body:
            read_parameters(f"the address of {report.name}", NoParameters, written)
            parameters = read_body(report.name, report.parameters, await request.body())
        else:
            in_address = [(name, request.path_params[name]) for name in report.in_address]
            parameters = read_parameters(report.name, report.parameters, [*in_address, *written])
        question, previous = report.ask(subject, parameters, service.clock())
        return await service.answer(request.receive, subject.project_id, question, previous)

    decorate = post if report.has_body else get
    declared = operation(report.parameters, has_body=report.has_body, in_address=report.in_address)
    path = re.sub(IN_BRACES, r"{\1:str}", report.name)
    return decorate(f"/{path}", status_code=200, summary=report.summary, operation_class=declared)(answer)


insights = Router(
    "/insights/{project_id:str}",
    route_handlers=[route_of(report) for report in REPORTS.values()],
    dependencies={"subject": Provide(provide_subject, sync_to_thread=True)},
)
