"""Tells Dagster's page and daemon to load the definitions from the code server of their home."""

import socket as sockets
import time
import warnings
from pathlib import Path

from dagster._core.workspace.load_target import GrpcServerTarget
from dagster._grpc import server_watcher

from event_lens.file_lock import is_locked
from orchestration.serve import CODE_LOCK, CODE_SOCKET, DEFINITIONS, socket_path

SECONDS_TO_LOAD = 120
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_CALLS = 5
"""How often page and daemon ask the code server for its id, which changes at a restart; each call wakes threads of
both.
"""


def served_definitions(dagster_home: Path) -> GrpcServerTarget:
    """Return the code server as a workspace. If a code server is starting, wait for it, up to a deadline."""
    # The code server is asked again every few seconds, and Dagster's page says so meanwhile. It restarts when models
    # change.
    warnings.filterwarnings("ignore", "Error loading repository location")
    server_watcher.WATCH_INTERVAL = SECONDS_BETWEEN_CALLS
    socket = socket_path(dagster_home, CODE_SOCKET)
    deadline = time.monotonic() + SECONDS_TO_LOAD
    while is_locked(dagster_home / CODE_LOCK) and not _is_listening(socket) and time.monotonic() < deadline:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    # The name is part of the key under which the state of sensors and schedules is stored.
    return GrpcServerTarget(host="localhost", port=None, socket=str(socket), location_name=DEFINITIONS)


def _is_listening(address: Path) -> bool:
    with sockets.socket(sockets.AF_UNIX) as probe:
        return probe.connect_ex(str(address)) == 0
