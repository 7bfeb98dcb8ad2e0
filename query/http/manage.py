"""The routes under `/manage`, one for each action, and the routes of cohorts under `/insights/{projectId}`."""

import re
from typing import Any, cast
from urllib.parse import unquote

import msgspec
from litestar import MediaType, Request, Response, Router, delete, get, patch, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Schema

from event_lens.errors import EventLensError
from event_lens.registry.consequences import deleted_projects, rebuilt_projects, rescanned_projects
from event_lens.registry.tables import AuditEntry
from event_lens.warehouse.held_days import HeldDays, find_held_days
from query.auth import sent_key
from query.http.bodies import body_of
from query.http.dependencies import provide_managed, provide_root
from query.http.openapi import JSON, operation
from query.manage import ACTIONS
from query.manage.action import Action, Asker, Rebuild
from query.manage.definitions import COHORTS
from query.parameters import NoParameters, read_body, read_parameters
from query.presence import in_thread
from query.report import IN_BRACES
from query.report_context import ProjectScope
from query.schema import schema_of
from query.service import Service

DECORATORS = {"GET": get, "POST": post, "PATCH": patch, "DELETE": delete}
BUILDS = "The next build recomputes these days: Dagster starts it within half a minute, `eventlens build` at once."
NOTHING_LANDED = "No event has landed for the project, so no day is rebuilt."
WITHOUT_DAYS = "The next build recomputes all days of the project; the warehouse cannot list them now."
DELETES = "A running Dagster deletes what was sent to it within minutes, `eventlens project delete` at once."
RESCANS = "Events that have landed keep their verdict until `eventlens bots rescan`."


def route_of(action: Action, subject_from: Any, operation_id: str) -> HTTPRouteHandler:
    """Return the handler that does `action` in the project that `subject_from` provides."""

    async def act(request: Request[Any, Any, Any], managed: ProjectScope, service: Service) -> Response[bytes]:
        written = request.query_params.items()
        if action.is_change:
            read_parameters(f"the address of {action.name}", NoParameters, written)
        if action.has_body:
            taken = read_body(action.name, action.takes, await body_of(request))
        else:
            taken = read_parameters(action.name, action.takes, [] if action.is_change else written)
        asker = Asker(sent_key(request.headers)[0], managed.project_id)
        in_address = unquote(request.path_params[action.in_address]) if action.in_address else ""
        registry = service.registry.acting_for(asker.client_id)

        def work() -> msgspec.Struct:
            data = action.act(registry, asker, in_address, taken)
            return msgspec.convert(
                {"data": data, "meta": _meta(service, managed, registry.changes)}, action.answer_type
            )

        answer = await in_thread(service.threads, work)
        return Response(msgspec.json.encode(answer), media_type=MediaType.JSON)

    content = {JSON: OpenAPIMediaType(schema=cast(Schema, schema_of(action.answer_type)))}
    decorate: Any = DECORATORS[action.method]
    handler: HTTPRouteHandler = decorate(
        re.sub(IN_BRACES, r"{\1:str}", action.path),
        status_code=action.status,
        operation_id=operation_id,
        summary=action.summary,
        operation_class=operation(
            action.takes,
            has_body=action.has_body,
            responses={str(action.status): OpenAPIResponse(description=action.summary, content=content)},
        ),
        dependencies={"managed": Provide(subject_from)},
    )(act)
    return handler


def _meta(service: Service, managed: ProjectScope, changes: list[AuditEntry]) -> dict[str, Any]:
    """Return `{rebuild, notes}`: which days the next build recomputes after `changes`. Never fails: the changes are
    already made, even if the warehouse is unreachable.
    """
    notes = [RESCANS] if rescanned_projects(changes) else []
    notes += [DELETES] if deleted_projects(changes) else []
    if managed.project_id not in rebuilt_projects(changes):
        return {"rebuild": None, "notes": notes}
    try:
        with service.shards[managed.shard].connections.lend() as warehouse:
            days = find_held_days(warehouse, managed.project_id)
    except EventLensError:
        return {"rebuild": Rebuild(first_day=None, last_day=None, days=None), "notes": [WITHOUT_DAYS, *notes]}
    if days is None:
        return {"rebuild": None, "notes": [NOTHING_LANDED, *notes]}
    return {"rebuild": _rebuild(days), "notes": [BUILDS, *notes]}


def _rebuild(days: HeldDays) -> dict[str, Any]:
    return {
        "first_day": days.first_day.isoformat(),
        "last_day": days.last_day.isoformat(),
        "days": days.day_count,
    }


manage = Router(
    "/manage", route_handlers=[route_of(action, provide_root, f"manage_{action.name}") for action in ACTIONS]
)
cohort_routes = [route_of(action, provide_managed, action.name) for action in COHORTS if action.is_change]
