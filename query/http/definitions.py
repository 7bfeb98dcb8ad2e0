"""What a root key defines over HTTP; the next build fills it."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import Provide

from event_lens.registry.definitions import cohorts
from event_lens.registry.tables import Cohort
from query.http.dependencies import provide_managed
from query.http.openapi import operation
from query.parameters import NoParameters, read_body, read_parameters
from query.presence import in_thread
from query.report_context import ProjectScope
from query.service import Service


class WrittenCohort(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A cohort as callers write it: `all` or `any` of its criteria must hold."""

    name: str
    criteria: list[cohorts.Criterion]
    match: str = "all"


@post(
    "/cohorts",
    status_code=201,
    summary="Define a cohort; the next build finds its members.",
    operation_class=operation(WrittenCohort, has_body=True),
    dependencies={"managed": Provide(provide_managed)},
)
async def create_cohort(request: Request[Any, Any, Any], managed: ProjectScope, service: Service) -> dict[str, Any]:
    """`{cohort_id, name, match, criteria}` of the new cohort, as they are kept."""
    read_parameters("the address of cohorts", NoParameters, request.query_params.items())
    written = read_body("cohorts", WrittenCohort, await request.body())

    def create() -> Cohort:
        return cohorts.create_cohort(
            service.registry, managed.project_id, written.name, tuple(written.criteria), match=written.match
        )

    cohort = await in_thread(service.threads, create)
    data = {"cohort_id": cohort.cohort_id, "name": cohort.name, "match": cohort.match, "criteria": cohort.criteria}
    return {"data": data, "meta": {"notes": ["The next build finds the members: `eventlens build` starts one."]}}
