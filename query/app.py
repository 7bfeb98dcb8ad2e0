"""The query layer over HTTP: the Litestar application, and the process that serves it on loopback."""

import asyncio
import signal
import socket
from types import FrameType
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Response, Router, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.response import Stream

from event_lens import __version__
from event_lens.clock import Clock, now_ms
from event_lens.errors import Unavailable
from event_lens.metrics import metrics
from event_lens.settings import Settings
from query.ask import Ask
from query.edge import Edge
from query.export import CONTENT_TYPES, export_statement, read_export, stream_export
from query.failures import HANDLERS
from query.parameters import provide_ask, provide_subject
from query.routes import insights
from query.service import Service, open_service

HOST = "127.0.0.1"
MOST_BODY_BYTES = 1 << 20


@get("/health", sync_to_thread=False)
def answer_health() -> dict[str, str]:
    """Whether the process answers; it says nothing of the warehouse."""
    return {"status": "ok"}


@get("/ready", sync_to_thread=True)
def answer_ready(service: Service) -> dict[str, str]:
    """Whether questions can be answered; 503 while the warehouse is away."""
    with service.questions.lend() as warehouse:
        if not warehouse.ping():
            raise Unavailable("The warehouse does not answer; start it with `eventlens warehouse`.", code="not_ready")
    return {"status": "ready"}


@get("/metrics", sync_to_thread=False)
def answer_process_metrics() -> Response[bytes]:
    text, content_type = metrics.exposition()
    return Response(text, headers={"Content-Type": content_type})


@get("/export/{project_id:str}/{file:str}", sync_to_thread=True)
def answer_export(file: str, ask: Ask, service: Service) -> Stream:
    """A table as a file: `events`, `sessions` or `profiles` with `.ndjson`, `.csv` or `.parquet`."""
    table, format = read_export(file)
    pieces = stream_export(service.exports, export_statement(ask, table, format), format)
    disposition = f'attachment; filename="{table}.{format}"'
    return Stream(pieces, headers={"Content-Type": CONTENT_TYPES[format], "Content-Disposition": disposition})


exports = Router(
    "/",
    route_handlers=[answer_export],
    dependencies={
        "subject": Provide(provide_subject, sync_to_thread=True),
        "ask": Provide(provide_ask, sync_to_thread=False),
    },
)


def build_app(settings: Settings, clock: Clock = now_ms) -> Edge:
    """The ASGI application. Opens the registry, so it raises what that raises; the warehouse may come later."""
    service = open_service(settings, clock)

    def provide_service() -> Service:
        return service

    app = Litestar(
        route_handlers=[answer_health, answer_ready, answer_process_metrics, exports, insights],
        dependencies={"service": Provide(provide_service, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        request_max_body_size=MOST_BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="Event Lens: questions",
            version=__version__,
            path="/schema",
            render_plugins=[JsonRenderPlugin(path="/")],
        ),
        logging_config=None,
    )
    return Edge(app, settings.base_path)


def serve(settings: Settings) -> None:
    """Serve questions until SIGTERM or SIGINT; blocks. Raises `Unavailable` (`port_taken`)."""
    check_port(settings.query_port)
    asyncio.run(_serve(build_app(settings), settings.query_port))


def check_port(port: int) -> None:
    """Granian shares a port with whoever listens on it already, so look first."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Unavailable(
                f"Port {port} is taken. Stop what listens there or set EVENTLENS_QUERY_PORT.", code="port_taken"
            ) from error


async def _serve(app: Any, port: int) -> None:
    server = Server(app, address=HOST, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
    loop = asyncio.get_running_loop()
    leaving = asyncio.Event()

    def leave(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(leaving.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    serving = asyncio.ensure_future(server.serve())
    waiting = asyncio.ensure_future(leaving.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.stop()  # type: ignore[no-untyped-call]
    await serving
