"""Our own processes: they get one environment, are waited for until they answer, and are stopped by process id."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket

from event_lens.errors import Unavailable

STOP_WITHIN_SECONDS = 30
START_WITHIN_SECONDS = 60


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of 127.0.0.1 that are free now."""
    with ExitStack() as stack:
        # All sockets stay bound until the last is chosen: the system may offer a port again as soon as it is closed.
        probes = [stack.enter_context(socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextmanager
def running(part: str, environ: Mapping[str, str], ready_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `eventlens PART` as a process that is ready inside the block and stopped after it, as `running_command`
    does.
    """
    with running_command([sys.executable, "-m", "cli.main", part], environ, ready_url, log) as process:
        yield process


@contextmanager
def running_command(
    command: Sequence[str], environ: Mapping[str, str], ready_url: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that is ready inside the block and stopped after it; its output goes to `log`.

    Raises `Unavailable` (`process_not_ready`) with the log's end when it does not become ready.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(environ),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, ready_url, log)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and end it and its children when it does not within 30 seconds."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def is_answering(url: str) -> bool:
    """Return whether a GET of `url` is answered with 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  (our own http:// address)
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _wait_until_ready(process: subprocess.Popen[bytes], ready_url: str, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while not is_answering(ready_url):
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise Unavailable(
                f"{log.stem} did not become ready at {ready_url}. The end of {log}:\n{end}",
                code="process_not_ready",
            )
        time.sleep(0.05)
