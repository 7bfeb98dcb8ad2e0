"""The process that owns the data folder and serves it on loopback."""

import asyncio
import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from event_lens.errors import Broken, Refused, Unavailable
from event_lens.home import prepare_home
from event_lens.settings import Settings
from event_lens.warehouse.embedded.app import App
from event_lens.warehouse.embedded.engine import Connection, Engine
from event_lens.warehouse.embedded.exchange import House
from event_lens.warehouse.embedded.failure import StatementError
from event_lens.warehouse.embedded.folder import owned
from event_lens.warehouse.embedded.functions import Functions
from event_lens.warehouse.embedded.sandbox import Sandbox
from event_lens.warehouse.migrate import migrate

_HOST = "127.0.0.1"
_CALLS = 16
_STATEMENTS = 32
# The analyst asks a few questions at a time, so that builds and inserts always find a thread.
_ANALYST_TURNS = 8
_DRAIN_SECONDS = 10.0


def serve(settings: Settings) -> None:
    """Own the home's warehouse folder and serve it until SIGTERM or SIGINT; blocks.

    Raises `Refused` when another process holds the folder or a newer program migrated it, `Unavailable` when the port
    is taken, `Broken` when the folder or a migration is damaged.
    """
    folder = prepare_home(settings.home) / "warehouse"
    if "?" in str(folder):
        raise Refused(
            f"{folder} has a question mark in its name. Set EVENTLENS_HOME to a folder without.", code="home_name"
        )
    _check_port(settings.warehouse_port)
    with owned(folder), ThreadPoolExecutor(_CALLS) as calls, ThreadPoolExecutor(_STATEMENTS) as statements:
        engine = _open(folder)
        try:
            _migrate(engine)
            house = House(engine, Sandbox(_functions(engine)), calls, statements, asyncio.Semaphore(_ANALYST_TURNS))
            asyncio.run(_serve(App(house), settings.warehouse_port))
        finally:
            engine.close()


class _Local:
    """The engine in this process, as `migrate` wants a warehouse: nobody else is served before it is done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str) -> list[dict[str, Any]]:
        out, _ = self._connection.do(sql.encode(), "JSONEachRow", {})
        return [json.loads(line) for line in out.splitlines()]

    def command(self, sql: str) -> None:
        self._connection.do(sql.encode(), "Null", {})


def _open(folder: Path) -> Engine:
    try:
        return Engine(folder, _memory_bytes())
    except StatementError as error:
        raise Broken(
            f"The warehouse folder {folder} cannot be opened: {error.text}. Restore a copy of it, "
            "or set EVENTLENS_HOME to another folder.",
            code="warehouse_folder_damaged",
        ) from error


def _migrate(engine: Engine) -> None:
    connection = engine.connect()
    try:
        migrate(_Local(connection))
    except StatementError as error:
        raise Broken(f"A migration of the warehouse failed: {error.text}", code="migration_failed") from error
    finally:
        connection.close()


def _functions(engine: Engine) -> Functions:
    connection = engine.connect()
    try:
        return Functions(connection)
    finally:
        connection.close()


def _memory_bytes() -> int:
    """What all statements together may take: half of the machine's memory, 8 GB at most."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(physical // 2, 8_000_000_000)


def _check_port(port: int) -> None:
    """Granian shares a port with whoever listens on it already, so look first."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise Unavailable(
                f"Port {port} is taken. Stop what listens there or set EVENTLENS_WAREHOUSE_PORT.", code="port_taken"
            ) from error


async def _serve(app: App, port: int) -> None:
    server = Server(app, address=_HOST, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
    leaving = asyncio.Event()
    _leave_on_signals(asyncio.get_running_loop(), leaving)
    serving = asyncio.ensure_future(server.serve())
    waiting = asyncio.ensure_future(leaving.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    await app.drain(_DRAIN_SECONDS)
    server.stop()  # type: ignore[no-untyped-call]
    await serving


def _leave_on_signals(loop: asyncio.AbstractEventLoop, leaving: asyncio.Event) -> None:
    """Set `leaving` on SIGTERM and SIGINT; handlers of the loop would end with it, and a second signal would kill."""

    def leave(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(leaving.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
