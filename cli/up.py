"""Several parts in one terminal, each a process of its own, under honcho."""

import shlex
import sys
from collections.abc import Mapping, Sequence

import honcho.manager
from honcho.manager import Manager

from cli.console import console, show_table
from event_lens.asgi import check_port
from event_lens.settings import Settings

# The collector lands what it can and the warehouse finishes what runs before they end.
STOP_WITHIN_SECONDS = 30
# The ways to stop: Ctrl-C and SIGTERM.
STOPPED = (130, 143)


def part_commands(settings: Settings) -> dict[str, list[str]]:
    """The processes of our own parts by name."""
    parts = ("warehouse", "collector", "query") if settings.is_embedded else ("collector", "query")
    return {part: [sys.executable, "-m", "cli.main", part] for part in parts}


def serve_processes(commands: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> int:
    """Serves until Ctrl-C or until one ends, which ends the others. Returns the exit code; blocks."""
    honcho.manager.KILL_WAIT = STOP_WITHIN_SECONDS
    manager = Manager()
    for name, command in commands.items():
        manager.add_process(name, f"exec {shlex.join(command)}", env=dict(environ))
    manager.loop()
    return 0 if manager.returncode in STOPPED else int(manager.returncode or 0)


def check_ports(settings: Settings) -> None:
    """Raises `Unavailable` (`port_taken`) for the first port that somebody else listens on."""
    if settings.is_embedded:
        check_port(settings.warehouse_port, "EVENTLENS_WAREHOUSE_PORT", settings.warehouse_host)
        check_port(settings.warehouse_native_port, "EVENTLENS_WAREHOUSE_NATIVE_PORT")
    parts = {"COLLECTOR": settings.collector_port, "QUERY": settings.query_port, "DAGSTER": settings.dagster_port}
    for part, port in parts.items():
        check_port(port, f"EVENTLENS_{part}_PORT", settings.host)


def show_addresses(settings: Settings) -> None:
    warehouse = f"http://127.0.0.1:{settings.warehouse_port}" if settings.is_embedded else "EVENTLENS_WAREHOUSE_URL"
    show_table(
        f"Event Lens, home {settings.home}",
        ("part", "address"),
        [
            ("warehouse (SQL)", warehouse),
            ("collector", settings.local_url(settings.collector_port)),
            ("query API", f"{settings.local_url(settings.query_port)}/schema"),
            ("Dagster", settings.dagster_url),
            *([("behind the proxy", settings.public_url)] if settings.public_url else []),
        ],
    )
    console.print("Ctrl-C stops everything.")
