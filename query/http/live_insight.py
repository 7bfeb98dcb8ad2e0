"""LiveInsight's routes: the key decides the project, and answers and errors have LiveInsight's shapes."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import Provide

from event_lens.errors import EventLensError
from query.http.dependencies import find_reader_of
from query.http.error_handlers import answer_error
from query.http.openapi import operation
from query.live_insight import REALTIME, STATS
from query.parameters import PeriodParameters, read_parameters
from query.report import Report
from query.report_context import ProjectScope
from query.service import Service

AnyRequest = Request[Any, Any, Any]
Answer = dict[str, Any]


async def provide_own(request: AnyRequest, service: Service) -> ProjectScope:
    """Return the project of the key. The key comes in `X-API-Key` or as a bearer token, both as `<client id>:<secret>`,
    or in the usual headers.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    key = request.headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else "")
    client_id, _, secret = key.partition(":")
    scope = request.scope
    if client_id and secret:
        own = [(b"openpanel-client-id", client_id.encode()), (b"openpanel-client-secret", secret.encode())]
        scope = {**scope, "headers": [*scope["headers"], *own]}
    return (await find_reader_of(scope, service)).subject


@get("/realtime", summary="Active sessions, as LiveInsight tells them.")
async def answer_realtime(request: AnyRequest, own: ProjectScope, service: Service) -> Answer:
    """Return the sessions with an event in the last five minutes, read from the raw tables."""
    return await _answer(request, own, service, REALTIME)


@get(
    "/stats",
    summary="The numbers of a period, as LiveInsight tells them.",
    operation_class=operation(PeriodParameters, has_body=False),
)
async def answer_stats(request: AnyRequest, own: ProjectScope, service: Service) -> Answer:
    """Return the events, sessions, visitors and page views of a period."""
    return await _answer(request, own, service, STATS)


async def _answer(request: AnyRequest, own: ProjectScope, service: Service, report: Report[Any]) -> Answer:
    parameters = read_parameters(report.name, report.parameters, request.query_params.items())
    reply = await service.answer(request.receive, own, report, parameters)
    return {"status": "success", "data": msgspec.json.decode(reply.body or b"{}")["data"]}


def answer_in_its_shape(request: AnyRequest, error: EventLensError) -> Response[Answer]:
    """Return the answer to an `EventLensError` in the shape that LiveInsight's clients read."""
    usual = answer_error(request, error)
    message = usual.content["error"]["message"]
    body = {"status": "error", "message": message}
    return Response(body, status_code=usual.status_code, headers=usual.headers)


live_insight = Router(
    "/api",
    route_handlers=[answer_realtime, answer_stats],
    dependencies={"own": Provide(provide_own)},
    exception_handlers={EventLensError: answer_in_its_shape},
)
