"""Everything that is started under a supervisor ends with it, however it ends; a part that ends is started again."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parents[4]
MODULE = "tests.unit.cli.processes.supervised"
# Each part has a child process, which would outlive the part.
WAITS = "touch $NAME.ready; sleep 600 & wait"


def command(**parts: str) -> list[str]:
    named = {name: text.replace("$NAME", name) for name, text in parts.items()}
    return [sys.executable, "-m", MODULE, json.dumps(named)]


def eventually(is_so: Callable[[], object], within_seconds: float = 20) -> None:
    deadline = time.monotonic() + within_seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Started:
    """Supervisors of one test, in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = os.environ | {"PYTHONPATH": str(ROOT), "OF_TEST": str(folder)}
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, output: int | IO[bytes], **parts: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command(**parts), cwd=self.folder, env=self.environ, stdout=output, stderr=subprocess.STDOUT
        )
        self.processes.append(process)
        return process

    def start_ready(self, **parts: str) -> subprocess.Popen[bytes]:
        with (self.folder / "output").open("wb") as output:
            process = self.start(output, **parts)
        eventually(lambda: b"READY" in (self.folder / "output").read_bytes())
        return process

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def living(self) -> dict[str, int]:
        living: dict[str, int] = json.loads((self.folder / "living.json").read_text())
        return living

    def all_of_them(self) -> list[int]:
        """The supervisor, its parts and what they started."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if f"OF_TEST={self.folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
            except OSError:
                continue
        return found


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path)
    yield started
    for pid in started.all_of_them():
        # Parts end by themselves once their supervisor, which was killed before them, is gone.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for process in started.processes:
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_part_and_what_it_started(started: Started, number: int) -> None:
    process = started.start_ready(one=WAITS, two=WAITS)
    eventually(lambda: len(started.all_of_them()) == 5)
    process.send_signal(number)
    assert process.wait(10) == 0
    assert started.all_of_them() == []


def test_a_closed_terminal_ends_everything(started: Started) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(started.folder)
        os.execve(sys.executable, command(one=WAITS), started.environ)
    eventually(lambda: b"READY" in os.read(terminal, 4096))
    os.close(terminal)
    os.waitpid(child, 0)
    assert started.all_of_them() == []


def test_a_reader_that_ends_stops_all_parts(started: Started) -> None:
    process = started.start(subprocess.PIPE, one=f"echo hello; {WAITS}")
    head = subprocess.Popen(["head", "-n", "1"], stdin=process.stdout, stdout=subprocess.DEVNULL)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(20) == 0
    assert head.wait() == 0
    assert started.all_of_them() == []


def test_a_reader_that_does_not_read_delays_no_part(started: Started) -> None:
    process = started.start(subprocess.PIPE, one="yes | head -n 20000; touch one.ready; sleep 600")
    eventually((started.folder / "one.ready").exists)
    process.terminate()
    assert process.wait(10) == 0
    assert started.all_of_them() == []


def test_under_nohup_a_closed_terminal_ends_nothing(started: Started) -> None:
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = started.start_ready(one=WAITS)
    finally:
        signal.signal(signal.SIGHUP, kept)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert started.living()


def test_parts_end_when_their_supervisor_is_killed(started: Started) -> None:
    process = started.start_ready(one="trap 'kill $!' TERM; touch one.ready; sleep 600 & wait")
    process.kill()
    process.wait()
    eventually(lambda: started.all_of_them() == [])


def test_a_part_that_ends_is_started_again_and_the_others_go_on(started: Started) -> None:
    process = started.start_ready(one=WAITS, two=WAITS)
    before = started.living()
    os.kill(before["one"], signal.SIGKILL)
    eventually(lambda: set(started.living()) == {"one", "two"} and started.living()["one"] != before["one"])
    assert started.living()["two"] == before["two"]
    # The child of the killed part is gone too.
    eventually(lambda: len(started.all_of_them()) == 5)
    assert "one | was ended by SIGKILL; it starts again in 1 s, the other parts go on." in " ".join(
        started.output().split()
    )
    assert process.poll() is None


def test_a_part_that_ends_before_all_are_ready_ends_the_others_with_its_last_lines(started: Started) -> None:
    with (started.folder / "output").open("wb") as output:
        process = started.start(output, chatty="echo the reason; exit 3", two=WAITS)
    assert process.wait(20) == 1
    assert "the reason" in started.output()
    assert "chatty ended with exit code 3 before everything was ready" in started.output()
    assert started.all_of_them() == []


def test_the_last_part_is_stopped_when_the_others_have_ended(started: Started) -> None:
    process = started.start_ready(
        last="trap 'cat other.ended > seen; exit' TERM; touch last.ready; while :; do sleep 0.05; done",
        other="trap 'sleep 0.3; echo ended > other.ended; exit' TERM; touch other.ready; while :; do sleep 0.05; done",
    )
    process.terminate()
    assert process.wait(10) == 0
    assert (started.folder / "seen").read_text() == "ended\n"


def test_the_terminal_shows_problems_and_builds_and_the_log_files_have_everything(started: Started) -> None:
    lines = [
        '{"part": "one", "event": "started", "level": "info"}',
        "Built touched days in 2.0 s.",
        '{"part": "one", "event": "landing_failed", "attempt": 3, "level": "error"}',
        "1 of 44 OK created",
        "2026-01-01 - dagster - ERROR - build_lens failed",
    ]
    started.start_ready(chatty=f"printf '%s\\n' {' '.join(map(repr, lines))}; {WAITS}")
    shown = [line.partition(" | ")[2] for line in started.output().splitlines()]
    assert shown == ["Built touched days in 2.0 s.", "error: landing_failed attempt=3", lines[4], "READY"]
    assert (started.folder / "logs" / "chatty.log").read_text().splitlines() == lines
