"""Processes that are forked for runs."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.fork_server import ForkServer, Request, ask


class Served:
    """A fork server in a process of its own, whose runs note their process and wait to be let go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "runs.sock"
        self.pid = os.fork()
        if not self.pid:
            try:
                with ForkServer(self.socket, run=self._run, bury=lambda run_id: self._note(run_id, "buried")) as forks:
                    while True:
                        forks.serve(0.05)
            finally:
                os._exit(0)

    def _run(self, run_id: str) -> None:
        self._note(run_id, str(os.getpid()))
        try:
            while not (self.folder / f"{run_id}.let_go").exists():
                time.sleep(0.02)
        except KeyboardInterrupt:
            self._note(run_id, "interrupted")

    def _note(self, run_id: str, text: str) -> None:
        with (self.folder / run_id).open("a") as notes:
            notes.write(f"{text}\n")

    def ask(self, what: str, run_id: str) -> bool | None:
        return ask(self.socket, Request(what, run_id))  # type: ignore[arg-type]

    def notes(self, run_id: str) -> list[str]:
        path = self.folder / run_id
        return path.read_text().split() if path.exists() else []

    def wait(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def start(self, run_id: str) -> int:
        """The process of the run."""
        assert self.ask("run", run_id)
        self.wait(lambda: bool(self.notes(run_id)))
        return int(self.notes(run_id)[0])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    served.wait(lambda: ask(served.socket, Request("cancel", "none")) is not None)
    yield served
    os.kill(served.pid, signal.SIGKILL)
    os.waitpid(served.pid, 0)
    for path in tmp_path.iterdir():
        (tmp_path / f"{path.name}.let_go").touch()


def test_each_run_has_a_process_and_one_that_ends_is_not_buried(served: Served) -> None:
    first, second = served.start("first"), served.start("second")
    assert len({first, second, served.pid, os.getpid()}) == 4
    (served.folder / "first.let_go").touch()
    served.wait(lambda: not Path(f"/proc/{first}").exists())
    assert Path(f"/proc/{second}").exists()
    assert served.notes("first") == [str(first)]


def test_a_killed_run_is_buried_and_the_others_go_on(served: Served) -> None:
    killed, other = served.start("killed"), served.start("other")
    os.kill(killed, signal.SIGKILL)
    served.wait(lambda: served.notes("killed")[1:] == ["buried"])
    assert Path(f"/proc/{other}").exists()
    served.start("next")


def test_a_run_is_interrupted_and_an_unknown_one_is_not(served: Served) -> None:
    served.start("run")
    assert served.ask("cancel", "another") is False
    assert served.notes("run")[1:] == []
    assert served.ask("cancel", "run") is True
    served.wait(lambda: served.notes("run")[1:] == ["interrupted"])


def test_a_request_that_says_nothing_stops_nothing(served: Served) -> None:
    for sent in (b"", b"nonsense", b'{"what": "run"}', b'{"what": "end", "run_id": "x"}'):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(served.socket))
            connection.sendall(sent)
    served.start("run")


def test_only_the_owner_may_ask(served: Served) -> None:
    assert served.socket.stat().st_mode & 0o077 == 0


def test_a_request_without_a_server_gives_none(tmp_path: Path) -> None:
    assert ask(tmp_path / "none.sock", Request("run", "x")) is None
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "left.sock"))
    left.close()
    assert ask(tmp_path / "left.sock", Request("run", "x")) is None
