"""Dagster's web interface and its daemon: the commands of their processes, and that a home has one of each."""

import sys
from pathlib import Path

from event_lens.errors import Refused
from orchestration.file_lock import is_locked

DEFINITIONS = "orchestration.definitions"
DAEMON_LOCK = "daemon.lock"


def dagster_commands() -> dict[str, list[str]]:
    """The processes by name: the page on loopback, and the daemon that runs sensors, schedules and the queue."""
    return {
        "dagster": [sys.executable, "-m", "orchestration.webserver"],
        "daemon": [sys.executable, "-m", "orchestration.daemon"],
    }


def check_no_other_dagster(dagster_home: Path) -> None:
    """Raises `Refused` (`dagster_running`) while a daemon over this home lives."""
    if is_locked(dagster_home / DAEMON_LOCK):
        raise another_runs(dagster_home)


def another_runs(dagster_home: Path) -> Refused:
    return Refused(
        f"Another Dagster runs over {dagster_home} already. Stop it first, or set EVENTLENS_HOME to another folder.",
        code="dagster_running",
    )
