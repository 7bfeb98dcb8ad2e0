"""The process of one part with all its child processes: a process group whose lines are read and which is ended as a
whole.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress

from event_lens.process_id import ProcessId, find_process

# Before they end, the collector lands what it can and the warehouse finishes running statements.
STOP_WITHIN_SECONDS = 30.0
# A part's child processes end shortly after the part; a running build gets this long.
GROUP_WITHIN_SECONDS = 5.0
# A process that left the group may keep the other end of the pipe open.
READ_WITHIN_SECONDS = 1.0
LOOK_SECONDS = 0.05
MAX_LINE_BYTES = 65_536
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """A started process. Its methods run in one event loop."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        on_line: Callable[[str], None],
        executor: Executor,
    ) -> None:
        loop = asyncio.get_running_loop()
        readable, writable = os.pipe()
        try:
            self._process = subprocess.Popen(
                command,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=writable,
                stderr=writable,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  (it calls one function of the C library)
            )
        finally:
            os.close(writable)
        self.id: ProcessId | None = find_process(self._process.pid)
        self._all_read = asyncio.Event()
        self._reading = asyncio.ensure_future(
            loop.connect_read_pipe(lambda: _Lines(on_line, self._all_read.set), os.fdopen(readable, "rb", buffering=0))
        )
        self._waiting = loop.run_in_executor(executor, self._process.wait)

    async def ended(self) -> int:
        """Wait until the process and its child processes have ended and the last line was passed on. Return the exit
        code, which is negative for a signal.
        """
        code = await asyncio.shield(self._waiting)
        await self._end_group()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._all_read.wait(), READ_WITHIN_SECONDS)
        return code

    async def stop(self) -> None:
        """Ask the process group to end, and kill the processes that have not ended within half a minute."""
        if self._process.returncode is None:
            self._process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._waiting), STOP_WITHIN_SECONDS)
        await self._end_group()
        await asyncio.shield(self._waiting)

    async def _end_group(self) -> None:
        deadline = asyncio.get_running_loop().time() + GROUP_WITHIN_SECONDS
        asked = self._signal(signal.SIGTERM)
        while asked and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            asked = self._signal(0)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> bool:
        """Signal the whole group; return whether the group still has a process."""
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return True


class _Lines(asyncio.Protocol):
    """Splits the output into lines; a line that is too long is passed on in pieces."""

    def __init__(self, on_line: Callable[[str], None], on_end: Callable[[], None]) -> None:
        self._on_line = on_line
        self._on_end = on_end
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._on_line(line.decode(errors="replace").rstrip("\r"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest:
            self._on_line(self._rest.decode(errors="replace"))
        self._on_end()


def _end_with_parent() -> None:
    """Make the system send SIGTERM to this process when its parent is gone, even if the parent was killed."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
