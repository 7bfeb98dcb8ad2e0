"""Dagster's web interface behind the guard, as a process: `python -m orchestration.webserver`."""

import asyncio
import os
import sys
from contextlib import suppress

import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from dagster_webserver.version import __version__

from event_lens.asgi import check_port
from event_lens.data_dir import write_for_owner_only
from event_lens.env_file import load_env_file
from event_lens.errors import EventLensError
from event_lens.settings import Settings, read_settings
from orchestration.dagster_home import prepare_dagster_home
from orchestration.guard import Guard, door_of
from orchestration.instance import open_instance
from orchestration.login import Logins, check_login_beyond_loopback
from orchestration.workspace import served_definitions

# An open page holds a websocket, for which a stopping server would wait without end.
SECONDS_TO_CLOSE = 5
# Uvicorn looks ten times a second whether it is to stop.
SECONDS_BETWEEN_LOOKS = 1.0
TICKS_OF_A_SECOND = 10


class QuietServer(uvicorn.Server):
    """Looks once a second whether it is to stop, and updates the time in the headers of answers."""

    async def main_loop(self) -> None:
        while not await self.on_tick(TICKS_OF_A_SECOND):  # noqa: ASYNC110 -- uvicorn's signal handler sets a flag
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; blocks.

    Raises `Refused` for other machines without a password, `Unavailable` (`port_taken`).
    """
    check_login_beyond_loopback(settings)
    dagster_home = prepare_dagster_home(settings)
    check_port(settings.dagster_port, "EVENTLENS_DAGSTER_PORT", settings.host)
    with open_instance(dagster_home) as instance:
        instance.optimize_for_webserver(DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW)
        definitions = served_definitions(dagster_home)
        with WorkspaceProcessContext(instance, definitions, version=__version__) as workspace:
            app = create_app_from_workspace_process_context(workspace, path_prefix=settings.dagster_path)
            config = uvicorn.Config(
                Guard(app, door_of(settings), Logins(settings.failed_keys), settings.trusted_proxies),
                host=settings.host,
                port=settings.dagster_port,
                log_level="warning",
                timeout_graceful_shutdown=SECONDS_TO_CLOSE,
            )
            with suppress(KeyboardInterrupt):  # uvicorn raises it when it has stopped after Ctrl-C
                QuietServer(config).run()


def main() -> None:
    """Run the web interface; print an error that the user can fix as one line and exit with 1."""
    write_for_owner_only()
    try:
        load_env_file(os.environ)
        serve(read_settings(os.environ))
    except EventLensError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
