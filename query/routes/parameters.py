"""What a request says before a route runs: whose key it is, and the parameters that questions share."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import Parameter

from query.access import read_subject
from query.ask import Ask, Subject, Written, read_ask
from query.ingest import LEDGER_ZONE
from query.refusals import invalid
from query.service import Service

KNOWN = frozenset(
    [
        "startDate",
        "endDate",
        "range",
        "filters",
        "compare",
        "limit",
        "interval",
        "by",
        "period",
        "periods",
        "mode",
        "criteria",
        "startEvent",
        "returnEvent",
    ]
)

StartDate = Annotated[str | None, Parameter(query="startDate", description="First date (inclusive) or instant.")]
EndDate = Annotated[
    str | None, Parameter(query="endDate", description="Last date (inclusive), or instant (exclusive).")
]
Range = Annotated[str | None, Parameter(query="range", description="Such as 7d, 24h, 12w, 6m, today, lastMonth.")]
Filters = Annotated[str | None, Parameter(query="filters", description="JSON array of {name, operator, value[]}.")]
Compare = Annotated[str | None, Parameter(query="compare", description="`previous`: the period before as well.")]
Limit = Annotated[int | None, Parameter(query="limit", description="The most rows, 1 to 10000; default 100.")]


def provide_subject(request: Request[Any, Any, Any], service: Service, project_id: str) -> Subject:
    """The project that the request's key may read. Unknown parameters are refused: a misspelt one would be missed."""
    subject = read_subject(service.registry, project_id, request.headers)
    unknown = sorted(set(request.query_params) - KNOWN)
    if unknown:
        raise invalid("parameter", f"Unknown parameter {unknown[0][:80]!r}; known are {', '.join(sorted(KNOWN))}.")
    return subject


def provide_ask(
    subject: Subject,
    service: Service,
    start_date: StartDate = None,
    end_date: EndDate = None,
    named_range: Range = None,
    filters: Filters = None,
    compare: Compare = None,
    limit: Limit = None,
) -> Ask:
    """The common parameters, as meant for the project now."""
    return read_ask(subject, Written(start_date, end_date, named_range, filters, compare, limit), service.clock())


def provide_ledger_ask(
    subject: Subject,
    service: Service,
    start_date: StartDate = None,
    end_date: EndDate = None,
    named_range: Range = None,
) -> Ask:
    """The common parameters in the ledger's zone; it has neither filters nor rows to limit."""
    ledger = Subject(subject.project_id, LEDGER_ZONE, subject.currency)
    return read_ask(ledger, Written(start_date, end_date, named_range), service.clock())
