"""The query layer over HTTP: the Litestar application, and the process that serves it."""

import gc
from contextlib import suppress

from litestar import Litestar, Response, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from event_lens import __version__
from event_lens.asgi import check_port, serve_until_stopped
from event_lens.clock import Clock, now_ms
from event_lens.errors import Unavailable
from event_lens.logs import set_up_logs
from event_lens.metrics import metrics
from event_lens.settings import Settings
from event_lens.tracing import tracing
from query.http.assistant import Assistant
from query.http.dependencies import provide_reader
from query.http.error_handlers import HANDLERS
from query.http.exports import exports
from query.http.insights import answer_project, insights
from query.http.live_insight import live_insight
from query.http.manage import manage
from query.http.middleware import Middleware
from query.http.page import page_routes
from query.renewal import renewing
from query.service import Service, open_service

MAX_BODY_BYTES = 1 << 20


@get("/health", sync_to_thread=False)
def answer_health() -> dict[str, str]:
    """Return `ok` while this process answers; the warehouse is not asked."""
    return {"status": "ok"}


@get("/ready", sync_to_thread=True)
def answer_ready(service: Service) -> dict[str, str]:
    """Return `ready` when the warehouse of every shard answers. Raises `Unavailable` (`not_ready`, status 503)
    otherwise.
    """
    for shard in service.shards.values():
        with shard.connections.lend() as warehouse:
            if not warehouse.ping():
                raise Unavailable(
                    "The warehouse does not answer; start it with `eventlens warehouse`.", code="not_ready"
                )
    return {"status": "ready"}


@get("/metrics", sync_to_thread=True)
def answer_process_metrics(service: Service) -> Response[bytes]:
    """Return this process's counters and the freshness of the tables as Prometheus text. While the warehouse is
    unreachable, the freshness that was read last is returned.
    """
    with suppress(Unavailable):
        service.gauge_freshness()
    text, content_type = metrics.exposition()
    return Response(text, headers={"Content-Type": content_type})


def build_app(settings: Settings, clock: Clock = now_ms) -> Middleware:
    """Build the ASGI application. Opens the registry, and raises as `open_registry` does; the warehouse need not run
    yet.
    """
    service = open_service(settings, clock)

    def provide_service() -> Service:
        return service

    assistant = Assistant(service, MAX_BODY_BYTES)
    app = Litestar(
        route_handlers=[
            answer_health,
            answer_ready,
            answer_process_metrics,
            exports,
            answer_project,
            insights,
            live_insight,
            manage,
            page_routes(),
            assistant.route(),
        ],
        dependencies={"service": Provide(provide_service, sync_to_thread=False), "reader": Provide(provide_reader)},
        exception_handlers=HANDLERS,
        lifespan=[assistant.run, lambda _: renewing(shard.answers for shard in service.shards.values())],
        on_shutdown=[tracing.flush],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="Event Lens: questions",
            version=__version__,
            path="/schema",
            render_plugins=[JsonRenderPlugin(path="/")],
        ),
        logging_config=None,
    )
    return Middleware(app, settings.base_path)


def serve(settings: Settings) -> None:
    """Serve questions until SIGTERM or SIGINT; blocks. Raises `Unavailable` (`port_taken`) and `Refused`."""
    set_up_logs(settings.log_level)
    tracing.set_up(settings, "query")
    check_port(settings.query_port, "EVENTLENS_QUERY_PORT", settings.host)
    serve_until_stopped(lambda: _build_once(settings), settings.query_port, host=settings.host, has_lifespan=True)


def _build_once(settings: Settings) -> Middleware:
    """Build the application, and exempt all objects so far from garbage collection: to look at them holds up the
    questions of that moment by a tenth of a second.
    """
    app = build_app(settings)
    gc.collect()
    gc.freeze()
    return app
