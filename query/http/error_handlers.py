"""Errors as answers: one function maps each error to a status, and all errors have one shape."""

import re
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from event_lens.errors import Broken, EventLensError, Refused, Unavailable, as_json, status_of
from event_lens.logs import get_log
from query.presence import ClientGoneError
from query.reports import find_report

CLIENT_GONE = 499
AnyRequest = Request[Any, Any, Any]
_REPORT = re.compile(r"/insights/[^/]+/(.+)")

HTTP_CODES = {
    400: "request_invalid",
    404: "route_unknown",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "content_type_invalid",
}


def answer_error(_request: AnyRequest, error: EventLensError) -> Response[dict[str, dict[str, str]]]:
    """Return the answer to an `EventLensError`. A `Broken` is logged, and the caller is told only its code."""
    headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, Unavailable) else {}
    if status_of(error) == 401:
        headers["WWW-Authenticate"] = "event-lens-client"
    if isinstance(error, Broken):
        get_log("query").error("broken", code=error.code, message=error.message)
        error = Broken("The query layer failed to answer; its log says why.", code=error.code)
    return Response(as_json(error), status_code=status_of(error), headers=headers)


def answer_http(request: AnyRequest, error: HTTPException) -> Response[dict[str, dict[str, str]]]:
    """Return the answer to a request that Litestar refused before a route ran."""
    if error.status_code >= 500:
        return answer_any(request, error)
    detail = error.detail.removeprefix(f"{error.status_code}: ")
    # `extra` can be a list of faults, each with the name of its parameter.
    faults = error.extra if isinstance(error.extra, list) else []
    named = [f"{fault.get('key', 'body')}: {fault['message']}" for fault in faults if isinstance(fault, dict)]
    if error.status_code == 404 and (asked := _REPORT.fullmatch(request.scope["path"])):
        detail = _told_of(asked[1]) or detail
    refused = Refused("; ".join(named) or detail, code=HTTP_CODES.get(error.status_code, "request_refused"))
    return Response(as_json(refused), status_code=error.status_code, headers=error.headers)


def _told_of(name: str) -> str | None:
    """Return the sentence that names the report nearest to `name`; None if there is a report of this name."""
    try:
        find_report(name)
    except Refused as refused:
        return refused.message
    return None


def answer_too_deep(_request: AnyRequest, _error: RecursionError) -> Response[dict[str, dict[str, str]]]:
    refused = Refused("The body is nested too deeply.", code=HTTP_CODES[400])
    return Response(as_json(refused), status_code=400)


def answer_gone(_request: AnyRequest, _error: ClientGoneError) -> Response[None]:
    """Return an answer for a client that has disconnected; it only ends the request."""
    return Response(None, status_code=CLIENT_GONE)


def answer_any(_request: AnyRequest, error: Exception) -> Response[dict[str, dict[str, str]]]:
    """Return the answer to an unexpected error (500, `query_broken`), which is logged."""
    get_log("query").error("unexpected", error=type(error).__name__, exc_info=error)
    broken = Broken("The query layer failed to answer; its log says why.", code="query_broken")
    return Response(as_json(broken), status_code=500)


HANDLERS: ExceptionHandlersMap = {
    EventLensError: answer_error,
    HTTPException: answer_http,
    ClientGoneError: answer_gone,
    # The JSON decoder of the framework raises this error and does not handle it.
    RecursionError: answer_too_deep,
    Exception: answer_any,
}
