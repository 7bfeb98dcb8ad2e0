"""Lines for the terminal from which the parts were started. A slow reader does not delay the parts, and a closed pipe
is reported.
"""

import fcntl
import os
import queue
import stat
import threading
from collections.abc import Callable

WAITING_LINES = 1000
CLOSE_WITHIN_SECONDS = 1.0


class Terminal:
    """Writes lines to a descriptor from a thread of its own; if a thousand lines are waiting, further lines are left
    out.
    """

    def __init__(self, on_gone: Callable[[], None], descriptor: int = 1) -> None:
        """Start the thread that writes to `descriptor`; the thread calls `on_gone` once when writing fails, because the
        terminal or the pipe's reader is gone.
        """
        self._on_gone = on_gone
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._left_out = 0
        self._thread = threading.Thread(target=self._write, name="terminal", daemon=True)
        self._thread.start()

    @property
    def pipe(self) -> int | None:
        """Return the descriptor if it is a pipe, else None. On a pipe an event loop can see that the reader has
        ended.
        """
        is_pipe = stat.S_ISFIFO(os.fstat(self._descriptor).st_mode)
        is_for_writing = fcntl.fcntl(self._descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
        return self._descriptor if is_pipe and is_for_writing else None

    def say(self, line: str) -> None:
        """Queue a line, or leave it out when a thousand lines are waiting; never blocks."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._left_out += 1

    def close(self) -> None:
        """Wait, at most a second, until the waiting lines are written."""
        try:
            self._lines.put(None, timeout=CLOSE_WITHIN_SECONDS)
        except queue.Full:
            return
        self._thread.join(CLOSE_WITHIN_SECONDS)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            left_out, self._left_out = self._left_out, 0
            if left_out:
                line += f"\n({left_out} lines were left out: the reader of this output is slow)"
            try:
                _write_all(self._descriptor, f"{line}\n".encode(errors="replace"))
            except OSError:
                self._on_gone()
                return


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
