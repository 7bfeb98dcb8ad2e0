"""A process by its number and the moment it started, so that a later process with the same number is not taken for
it.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
ENDED = ("Z", "X")


class ProcessId(msgspec.Struct, frozen=True):
    """`started` is the boot's id and the clock ticks since the boot; it is only ever compared."""

    pid: int
    started: str


def find_process(pid: int) -> ProcessId | None:
    """Return the process that has this number now; `None` when there is none, or it has ended and its parent has not
    noticed.
    """
    try:
        # The name in parentheses may hold anything, spaces and parentheses too.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, started = fields[0], fields[19]
    boot = ""
    with suppress(OSError):
        boot = BOOT_ID.read_text().strip()
    return None if state in ENDED else ProcessId(pid, f"{boot}:{started}")


def is_alive(process: ProcessId) -> bool:
    return find_process(process.pid) == process


def end_process(process: ProcessId, within_seconds: float) -> bool:
    """Ask a process to end; return whether it had ended already or ends within `within_seconds`. Blocks. Raises
    `PermissionError` for another user's process.
    """
    with _held(process) as handle:
        if handle is None:
            return True
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        return bool(select.select([handle], [], [], within_seconds)[0])


@contextmanager
def _held(process: ProcessId) -> Iterator[int | None]:
    """Yield a descriptor of this process and of no later one with its number; `None` when it has ended."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        # Checked after the descriptor is open: from here on no other process can get the number.
        yield handle if is_alive(process) else None
    finally:
        os.close(handle)
