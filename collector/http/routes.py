"""The collector's routes as Litestar serves them."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from litestar import MediaType, Response, asgi, get
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from collector.http.browser_script import PATH, browser_script
from collector.http.device_id_endpoint import own_device
from collector.http.endpoints import Collect, Endpoint
from collector.http.live_insight import live_insight
from collector.http.openapi import BARE_ROUTES, openapi
from collector.http.responses import error_headers
from collector.spool.health import spool_health
from collector.worker import Worker
from event_lens.contract.decode import encoded
from event_lens.contract.parse import decode_bare
from event_lens.errors import as_json, status_of
from event_lens.metrics import metrics
from event_lens.settings import Settings


def event_routes(worker: Worker) -> list[ASGIRouteHandler]:
    """Return the routes that take events; the worker is started before the first request arrives."""
    makers: dict[str, Callable[[Collect], Endpoint]] = {"/track": Collect.one, "/track/batch": Collect.batch}
    for kind in BARE_ROUTES:
        makers[f"/{kind}"] = partial(_bare, kind)
    makers |= {"/track/device-id": own_device, "/api/events": live_insight}
    return [_event_route(path, make, worker) for path, make in makers.items()]


def _bare(kind: str, collect: Collect) -> Endpoint:
    return collect.one(partial(decode_bare, kind))


def _event_route(path: str, make: Callable[[Collect], Endpoint], worker: Worker) -> ASGIRouteHandler:
    made: list[Endpoint] = []

    @asgi(path, copy_scope=False)
    async def take(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(make(worker.collect))
        endpoint: Any = made[0]
        await endpoint(scope, receive, send)

    return take


def state_routes(worker: Worker, settings: Settings) -> list[Any]:
    """Return the routes for operators (health, readiness, metrics, the schema of all routes), and the script
    for browsers.
    """

    @get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "spool": await asyncio.to_thread(spool_health, settings.home / "spool")}

    @get("/ready")
    async def ready() -> Response[dict[str, Any]]:
        error = await worker.not_ready()
        if error is None:
            return Response({"status": "ready"})
        headers = {name.decode(): value.decode() for name, value in error_headers(error)}
        return Response(dict(as_json(error)), status_code=status_of(error), headers=headers)

    @get("/metrics", media_type=MediaType.TEXT)
    async def prometheus() -> Response[bytes]:
        text, content_type = metrics.exposition()
        return Response(text, media_type=content_type)

    document = encoded(openapi(settings.base_path))

    @get(["/schema", "/schema/openapi.json"])
    async def schema() -> Response[bytes]:
        return Response(document, media_type=MediaType.JSON)

    script: Any = browser_script()

    @asgi(PATH, copy_scope=False)
    async def op1(scope: Scope, receive: Receive, send: Send) -> None:
        await script(scope, receive, send)

    return [health, ready, prometheus, schema, op1]
