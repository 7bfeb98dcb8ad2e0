"""The collector's application, and the server that runs it."""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server import Server
from litestar import Litestar, Request, Response, Router
from litestar.exceptions import HTTPException

from collector.enrichment.geo import open_geo
from collector.http.failure import failure
from collector.http.middleware import Middleware
from collector.http.responses import error_headers
from collector.http.routes import event_routes, state_routes
from collector.worker import Worker
from event_lens.asgi import check_port, serve_until_stopped, server_limits
from event_lens.data_dir import prepare_home
from event_lens.errors import Broken, EventLensError, Refused, as_json, status_of
from event_lens.logs import set_up_logs
from event_lens.metrics import empty_shared, metrics
from event_lens.registry.database import open_registry
from event_lens.settings import Settings, read_settings

SWITCH_SECONDS = 0.000_5
"""How long the disk's thread waits for the interpreter; with 5 ms, requests would wait for that thread, not for the
disk.
"""

METRICS_FOLDER = "metrics"


def create_app(settings: Settings) -> Middleware:
    """Return the application of one worker process. Its spool and writer exist from its start-up to its shut-down."""
    worker = Worker(settings)
    handlers: list[Any] = [*event_routes(worker), *state_routes(worker, settings)]
    routes: list[Any] = [Router("/", route_handlers=handlers)]
    if settings.base_path:
        again: list[Any] = [*event_routes(worker), *state_routes(worker, settings)]
        routes.append(Router(settings.base_path, route_handlers=again))
    app: Any = Litestar(
        routes,
        on_startup=[worker.start, _run_smoothly],
        on_shutdown=[worker.stop],
        exception_handlers={HTTPException: _answer_http, EventLensError: _answer_ours, Exception: _answer_unknown},
        openapi_config=None,
        logging_config=None,
    )
    return Middleware(app)


def app_from_environment() -> Middleware:
    """Set up one of several worker processes and return its application; granian calls this function in each worker."""
    settings = read_settings(os.environ)
    set_up_logs(settings.log_level)
    metrics.share(settings.home / METRICS_FOLDER)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), name="parent", daemon=True).start()
    return create_app(settings)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Blocks. Raises `EventLensError` when it cannot start."""
    set_up_logs(settings.log_level)
    prepare_home(settings.home)
    check_port(settings.collector_port, "EVENTLENS_COLLECTOR_PORT", settings.host)
    # Errors that every worker would hit are raised here once, as one sentence.
    open_geo(settings)
    open_registry(settings).close()
    if settings.collector_workers == 1:
        serve_until_stopped(
            lambda: create_app(settings),
            settings.collector_port,
            host=settings.host,
            has_lifespan=True,
            loop_factory=uvloop.new_event_loop,
        )
    else:
        _serve_in_processes(settings)


def _serve_in_processes(settings: Settings) -> None:
    empty_shared(settings.home / METRICS_FOLDER)
    server = Server(
        "collector.app:app_from_environment",
        factory=True,
        address=settings.host,
        port=settings.collector_port,
        interface=Interfaces.ASGI,
        workers=settings.collector_workers,
        respawn_failed_workers=True,
        **server_limits(),
    )
    server.serve()
    if not server.interrupt_signal:
        # Granian gives up when a new worker dies within seconds; the exit code must not say that all is well.
        raise Broken(
            "A worker died again as soon as it was replaced; the log says why. What was acknowledged is on disk and "
            "lands after the next start.",
            code="workers_failing",
        )


def _run_smoothly() -> None:
    """Exempt the program's own objects from garbage collection, which cost a quarter of a batch's time, and let sync
    threads run sooner.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    sys.setswitchinterval(SWITCH_SECONDS)


def _end_with_parent(parent: int) -> None:
    """Shut this worker down gracefully (SIGTERM) once its parent is gone, so that the next collector finds its port
    free.
    """
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _answer_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "request_invalid")
    return _as_response(Refused(error.detail or "The request is not understood.", code=code), error.headers)


def _answer_ours(_request: Request[Any, Any, Any], error: EventLensError) -> Response[Any]:
    return _as_response(error)


def _answer_unknown(_request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    return _as_response(failure(error))


def _as_response(error: EventLensError, headers: Mapping[str, str] | None = None) -> Response[Any]:
    ours = {name.decode(): value.decode() for name, value in error_headers(error)}
    return Response(as_json(error), status_code=status_of(error), headers={**(headers or {}), **ours})
