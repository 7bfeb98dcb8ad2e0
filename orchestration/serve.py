"""Dagster's code server, web interface and daemon: their commands and sockets. A home has one process of each."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from event_lens.errors import Refused
from event_lens.file_lock import is_locked

DEFINITIONS = "orchestration.definitions"
DAEMON_LOCK, CODE_LOCK = "daemon.lock", "code.lock"
CODE_SOCKET, RUN_SOCKET = "code.sock", "runs.sock"
# The system's limit for a socket's address is 107 bytes.
MAX_SOCKET_BYTES = 100


def dagster_commands() -> dict[str, list[str]]:
    """Return the commands by process: the definitions, the page on loopback, and the daemon of sensors, schedules
    and the queue.
    """
    return {
        "code": [sys.executable, "-m", "orchestration.code_server"],
        "dagster": [sys.executable, "-m", "orchestration.webserver"],
        "daemon": [sys.executable, "-m", "orchestration.daemon"],
    }


def check_no_other_dagster(dagster_home: Path) -> None:
    """Check that no daemon runs over this home. Raises `Refused` (`dagster_running`)."""
    if is_locked(dagster_home / DAEMON_LOCK):
        raise another_runs(dagster_home)


def another_runs(dagster_home: Path) -> Refused:
    return Refused(
        f"Another Dagster runs over {dagster_home} already. Stop it first, or set EVENTLENS_HOME to another folder.",
        code="dagster_running",
    )


def socket_path(dagster_home: Path, name: str) -> Path:
    """Return the path of a socket of this home: in the home, or among the temporary files if the path in the home is
    too long.
    """
    path = dagster_home / name
    if len(os.fsencode(path)) <= MAX_SOCKET_BYTES:
        return path
    home = hashlib.blake2b(os.fsencode(dagster_home), digest_size=12).hexdigest()
    return Path(tempfile.gettempdir()) / f"eventlens-{home}-{name}"
