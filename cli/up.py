"""`eventlens up`: runs every part under one process, and ends all parts with it; `python -m cli.up`."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial

from cli.processes.log_files import LogFiles
from cli.processes.record import recorded
from cli.processes.supervisor import Part, Supervisor
from cli.sign_in import sign_in_address
from event_lens.asgi import LOOPBACK, check_port
from event_lens.env_file import load_env_file
from event_lens.errors import EventLensError, Refused
from event_lens.file_lock import is_locked
from event_lens.processes import is_answering
from event_lens.settings import Settings, read_settings
from event_lens.shards import native_port, shard_of_home
from orchestration.dagster_home import prepare_dagster_home
from orchestration.login import check_login_beyond_loopback
from orchestration.serve import CODE_LOCK, DAEMON_LOCK, check_no_other_dagster, dagster_commands


def serve_all(settings: Settings, environ: Mapping[str, str]) -> int:
    """Serve all parts until told to stop, and return the exit code; blocks.

    Raises `Refused` when another `up` or another Dagster runs over the home, `Unavailable` (`port_taken`).
    """
    with recorded(settings.home) as record:
        check_ports(settings)
        parts = [*own_parts(settings), *dagster_parts(settings)]
        addresses = ", ".join(f"{name} {address}" for name, address in addresses_of(settings).items())
        supervisor = Supervisor(
            parts,
            with_dagster_home(settings, environ),
            _log_files(settings),
            ready_line=f"Event Lens is ready: {addresses} (home {settings.home}). Ctrl-C stops everything.",
            shows_all=settings.log_level == "debug",
            on_change=record.write,
            on_ready=partial(page_line, settings) if shard_of_home(settings) == 1 else str,
        )
        return supervisor.run()


def page_line(settings: Settings) -> str:
    """Return the line with the sign-in address for the terminal, when all parts are ready. The line is kept out of the
    log files.
    """
    return f"The page with your numbers: {sign_in_address(settings)} signs you in once, within 15 minutes."


def serve_dagster(settings: Settings, environ: Mapping[str, str]) -> int:
    """Serve Dagster's page and daemon as `serve_all` does."""
    check_port(settings.dagster_port, "EVENTLENS_DAGSTER_PORT", settings.host)
    supervisor = Supervisor(
        dagster_parts(settings),
        with_dagster_home(settings, environ),
        _log_files(settings),
        ready_line=f"Dagster is ready: {addresses_of(settings)['Dagster']} (home {settings.home}).",
        shows_all=settings.log_level == "debug",
        on_change=lambda _: None,
        on_ready=str,
    )
    return supervisor.run()


def own_parts(settings: Settings) -> list[Part]:
    """Return this home's own parts: warehouse (if it is embedded) and, on the first shard, collector
    and query API.
    """
    return [
        # The other parts finish their work on the warehouse before it ends.
        Part(part, [sys.executable, "-m", "cli.main", part], is_ready, is_last=part == "warehouse")
        for part, is_ready in own_parts_ready(settings).items()
    ]


def dagster_parts(settings: Settings) -> list[Part]:
    """Return Dagster's parts: its definitions, its page and its daemon.

    Raises `Refused`: `dagster_running`, or because other machines could reach Dagster without a password.
    """
    check_login_beyond_loopback(settings)
    check_no_other_dagster(prepare_dagster_home(settings))
    ready = dagster_parts_ready(settings)
    return [Part(name, command, ready[name], is_plain=False) for name, command in dagster_commands().items()]


def own_parts_ready(settings: Settings) -> dict[str, Callable[[], bool]]:
    """Return for each of our parts, by name, a check whether it does its work."""
    ready = {
        "collector": f"{settings.local_url(settings.collector_port)}/ready",
        "query": f"{settings.local_url(settings.query_port)}/ready",
    }
    if shard_of_home(settings) > 1:
        # The first shard's home serves the collector and query API of all shards.
        ready = {}
    if settings.is_embedded:
        ready = {"warehouse": f"http://{settings.warehouse_host}:{settings.warehouse_port}/ping", **ready}
    return {name: partial(is_answering, url) for name, url in ready.items()}


def dagster_parts_ready(settings: Settings) -> dict[str, Callable[[], bool]]:
    """Return for each of Dagster's parts, by name, a check whether it does its work."""
    home = settings.home / "dagster"
    return {
        "code": partial(is_locked, home / CODE_LOCK),
        "dagster": partial(is_answering, f"{settings.dagster_url}/server_info"),
        "daemon": partial(is_locked, home / DAEMON_LOCK),
    }


def with_dagster_home(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the parts, with the folder (`DAGSTER_HOME`) in which Dagster's processes look for
    their home.
    """
    return {**environ, "DAGSTER_HOME": str(prepare_dagster_home(settings))}


def addresses_of(settings: Settings) -> dict[str, str]:
    """Return the addresses where people find the parts, by name."""
    addresses = {
        "collector": settings.local_url(settings.collector_port),
        "query API": f"{settings.local_url(settings.query_port)}/schema",
        "Dagster": settings.dagster_url,
    }
    if shard_of_home(settings) > 1:
        addresses = {"Dagster": settings.dagster_url}
    if settings.is_embedded:
        addresses["SQL"] = f"http://127.0.0.1:{settings.warehouse_port}"
    if settings.public_url:
        addresses["behind the proxy"] = settings.public_url
    return addresses


def check_ports(settings: Settings) -> None:
    """Raise `Unavailable` (`port_taken`) for the first port on which another program listens."""
    for setting, (host, port) in ports_of(settings).items():
        check_port(port, setting, host)


def ports_of(settings: Settings) -> dict[str, tuple[str, int]]:
    """Return the host and port on which each part listens, by the setting that chooses the port."""
    ports = (
        {
            "EVENTLENS_WAREHOUSE_PORT": (settings.warehouse_host, settings.warehouse_port),
            "EVENTLENS_WAREHOUSE_NATIVE_PORT": (LOOPBACK, native_port(settings)),
        }
        if settings.is_embedded
        else {}
    )
    if shard_of_home(settings) == 1:
        ports["EVENTLENS_COLLECTOR_PORT"] = (settings.host, settings.collector_port)
        ports["EVENTLENS_QUERY_PORT"] = (settings.host, settings.query_port)
    return ports | {"EVENTLENS_DAGSTER_PORT": (settings.host, settings.dagster_port)}


def _log_files(settings: Settings) -> LogFiles:
    try:
        return LogFiles(settings.log_folder)
    except OSError as error:
        raise Refused(
            f"{settings.log_folder} cannot be used for log files: {error.strerror}. Set EVENTLENS_LOG_FOLDER to "
            "another folder.",
            code="log_folder_unwritable",
        ) from error


def main() -> None:
    """Serve all parts; an `EventLensError` is shown as one line."""
    try:
        load_env_file(os.environ)
        sys.exit(serve_all(read_settings(os.environ), os.environ))
    except EventLensError as error:
        sys.exit(f"error: {error.message}")


if __name__ == "__main__":
    main()
