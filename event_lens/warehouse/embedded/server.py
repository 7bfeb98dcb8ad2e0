"""The process that owns the data folder and serves it on loopback."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from event_lens.errors import Broken, Refused
from event_lens.home import prepare_home
from event_lens.serving import check_port, serve_until_stopped
from event_lens.settings import Settings
from event_lens.warehouse.embedded.app import App
from event_lens.warehouse.embedded.engine import Connection, Engine
from event_lens.warehouse.embedded.exchange import House
from event_lens.warehouse.embedded.failure import StatementError
from event_lens.warehouse.embedded.folder import owned
from event_lens.warehouse.embedded.functions import Functions
from event_lens.warehouse.embedded.limits import ANALYST_TURNS, ANALYST_WAITS_SECONDS
from event_lens.warehouse.embedded.sandbox import Sandbox
from event_lens.warehouse.embedded.turns import Turns
from event_lens.warehouse.migrate import migrate
from event_lens.warehouse.retention import keep_raw

_CALLS = 16
_STATEMENTS = 32
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
    check_port(settings.warehouse_port, "EVENTLENS_WAREHOUSE_PORT")
    with owned(folder), ThreadPoolExecutor(_CALLS) as calls, ThreadPoolExecutor(_STATEMENTS) as statements:
        engine = _open(folder)
        try:
            _migrate(engine, settings.raw_ttl_days)
            turns = Turns(ANALYST_TURNS, ANALYST_WAITS_SECONDS)
            house = House(engine, Sandbox(_functions(engine)), calls, statements, turns, {}, settings.home)
            app = App(house)
            serve_until_stopped(lambda: app, settings.warehouse_port, drain=lambda: app.drain(_DRAIN_SECONDS))
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


def _migrate(engine: Engine, raw_ttl_days: int) -> None:
    connection = engine.connect()
    try:
        migrate(_Local(connection))
        keep_raw(_Local(connection), raw_ttl_days)
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
