"""Ports for servers of tests: each is given once, to all test processes of this machine together."""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from socket import socket

# Below the ports of outgoing connections, so that no connection takes the port of a server that starts later.
_FIRST, _COUNT = 10_000, 20_000


def free_port() -> int:
    """A port of 127.0.0.1 that is free and that this function has not given for the last 20,000 calls."""
    given = Path(tempfile.gettempdir()) / f"eventlens-test-ports-{os.getuid()}"
    with given.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        last = int(file.read() or _FIRST)
        for step in range(1, _COUNT):
            port = _FIRST + (last - _FIRST + step) % _COUNT
            if _is_free(port):
                file.truncate(0)
                file.write(str(port))
                return port
    raise RuntimeError("Every port of the tests is taken. End the processes that earlier tests left.")


def _is_free(port: int) -> bool:
    with socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for_port(port: int, is_alive: Callable[[], bool], log: Path) -> None:
    """Waits until somebody answers at `port`; fails with the log of whoever should."""
    deadline = time.monotonic() + 20
    while True:
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert is_alive(), log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
