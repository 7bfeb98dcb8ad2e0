"""Forks a process for each run requested over a socket, and reports which of these runs are still alive."""

import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import util
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

MAX_REQUEST_BYTES = 1000
SECONDS_TO_ANSWER = 5.0


class Request(msgspec.Struct):
    """A request to start a run, or to interrupt it."""

    what: Literal["run", "cancel"]
    run_id: str


class ForkServer:
    """Calls `run` with a run's id in a new process, and `bury` with the id of a run whose process died.

    `own` are descriptors that the forked processes close. If they stayed open, locks would be held until the last of
    these processes ends.
    """

    def __init__(
        self, path: Path, *, run: Callable[[str], None], bury: Callable[[str], None], own: Sequence[int] = ()
    ) -> None:
        self._path = path
        self._own = own
        self._run = run
        self._bury = bury
        self._run_ids: dict[int, str] = {}
        """The ids of running runs, by process id."""
        self._others: set[int] = set()

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(self._path))
        finally:
            os.umask(before)
        self._listener.listen()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._selector.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def start(self, task: Callable[[], None]) -> int:
        """Fork a process that does `task`, and return its id."""
        pid = self._fork(task)
        self._others.add(pid)
        return pid

    def is_alive(self, pid: int) -> bool:
        self._reap()
        return pid in self._others

    def stop(self, pid: int) -> None:
        """Ask a started process to end, and wait until it has."""
        if self.is_alive(pid):
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            self._others.discard(pid)

    def serve(self, seconds: float) -> None:
        """Answer one request, or none if no request arrives within `seconds`; then clean up after processes that
        ended.
        """
        if self._selector.select(seconds):
            connection, _ = self._listener.accept()
            with connection, suppress(OSError, msgspec.DecodeError):
                connection.settimeout(SECONDS_TO_ANSWER)
                request = msgspec.json.decode(connection.recv(MAX_REQUEST_BYTES), type=Request)
                connection.sendall(msgspec.json.encode(self._do(request)))
        self._reap()

    def _do(self, request: Request) -> bool:
        if request.what == "run":
            self._run_ids[self._fork(partial(self._run, request.run_id))] = request.run_id
            return True
        pids = [pid for pid, known in self._run_ids.items() if known == request.run_id]
        for pid in pids:
            os.kill(pid, signal.SIGINT)
        return bool(pids)

    def _fork(self, task: Callable[[], None]) -> int:
        # Otherwise both processes would write the buffered output.
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            self._selector.close()
            self._listener.close()
            for descriptor in self._own:
                os.close(descriptor)
            task()
            code = 0
        except KeyboardInterrupt:
            code = 130
        except BaseException:
            sys.excepthook(*sys.exc_info())
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # Releases the system semaphores that dbt acquired.
            util._exit_function()  # type: ignore[attr-defined]
            # Not `sys.exit`: the frames below on the stack belong to the parent.
            os._exit(code)

    def _reap(self) -> None:
        """Note processes that ended."""
        while self._run_ids or self._others:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            run_id = self._run_ids.pop(pid, None)
            self._others.discard(pid)
            if run_id is not None and os.waitstatus_to_exitcode(status) != 0:
                self.start(partial(self._bury, run_id))


def ask(path: Path, request: Request) -> bool | None:
    """Send a request to the fork server at `path`, and return whether it was carried out; `None` without a server."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS_TO_ANSWER)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        connection.sendall(msgspec.json.encode(request))
        return msgspec.json.decode(connection.recv(MAX_REQUEST_BYTES), type=bool)
