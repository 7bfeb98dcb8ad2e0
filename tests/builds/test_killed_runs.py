"""A run whose process is killed stands in the way of no other."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import pytest

from event_lens.file_lock import is_locked, try_lock
from orchestration.build_lock import held_lock
from orchestration.dagster_home import write_configuration
from orchestration.lease import SECONDS_TO_TAKE_IT, is_run_alive
from tests.builds.long_build import STARTED_BUILDS

ROOT = Path(__file__).parents[2]
# A daemon imports Dagster and its definitions first, which takes a busy machine more than a minute.
SECONDS_TO_START = 120

HOLD = """
import sys, time, pathlib
from orchestration.build_lock import held_lock
with held_lock(pathlib.Path(sys.argv[1]), None):
    print("held", flush=True)
    time.sleep(600)
"""


class Started(NamedTuple):
    """A build that has come to its first step."""

    run_id: str
    pid: int
    server_pid: int


@contextmanager
def daemon(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        str(Path(sys.executable).with_name("dagster-daemon")),
        "run",
        "-m",
        "tests.builds.long_build",
    ]
    with over(home, command) as process:
        yield process


@contextmanager
def over(home: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process over Dagster's folder `home`, ended after the block, and before it the builds that it started."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    environ |= {"DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}
    with (home / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        try:
            yield process
        finally:
            for build in started_builds(home):
                with suppress(ProcessLookupError):
                    os.kill(build.pid, signal.SIGKILL)
            process.terminate()
            process.wait(60)


def started_builds(home: Path) -> list[Started]:
    path = home / STARTED_BUILDS
    lines = path.read_text().splitlines() if path.exists() else []
    return [Started(run_id, int(pid), int(server)) for run_id, pid, server in map(str.split, lines)]


def wait_for_builds(home: Path, count: int, seconds: float) -> list[Started]:
    deadline = time.monotonic() + seconds
    while len(started := started_builds(home)) < count:
        assert time.monotonic() < deadline, (home / "daemon.log").read_text()[-3000:]
        time.sleep(0.1)
    return started


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_configuration(tmp_path)
    return tmp_path


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def status(home: Path, run_id: str) -> dg.DagsterRunStatus:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        return run.status


def test_after_a_killed_run_the_next_look_starts_another(home: Path) -> None:
    with daemon(home):
        first = wait_for_builds(home, 1, SECONDS_TO_START)[0]
        kill(first.pid)
        second = wait_for_builds(home, 2, SECONDS_TO_START)[1]
        assert status(home, first.run_id) == dg.DagsterRunStatus.FAILURE
        assert status(home, second.run_id) == dg.DagsterRunStatus.STARTED


def test_a_run_that_was_killed_together_with_its_code_server_is_ended(home: Path) -> None:
    with daemon(home):
        first = wait_for_builds(home, 1, SECONDS_TO_START)[0]
        kill(first.server_pid, first.pid)
        deadline = time.monotonic() + 30
        while status(home, first.run_id) != dg.DagsterRunStatus.FAILURE:
            assert time.monotonic() < deadline, (home / "daemon.log").read_text()[-3000:]
            time.sleep(0.5)


def test_after_everything_was_killed_the_next_dagster_starts_another(home: Path) -> None:
    with daemon(home) as process:
        first = wait_for_builds(home, 1, SECONDS_TO_START)[0]
        kill(process.pid, first.server_pid, first.pid)
    assert status(home, first.run_id) == dg.DagsterRunStatus.STARTED
    with daemon(home):
        wait_for_builds(home, 2, SECONDS_TO_START)
        assert status(home, first.run_id) == dg.DagsterRunStatus.FAILURE


def test_a_run_waits_while_another_process_writes_the_tables_and_continues_when_that_process_is_killed(
    home: Path,
) -> None:
    shell = subprocess.Popen([sys.executable, "-c", HOLD, str(home / "build.lock")], stdout=subprocess.PIPE, text=True)
    with shell, daemon(home):
        assert shell.stdout is not None
        assert shell.stdout.readline() == "held\n"
        wait_until_a_run_has_started(home)
        assert not (home / STARTED_BUILDS).exists()
        shell.kill()
        wait_for_builds(home, 1, 10)


def wait_until_a_run_has_started(home: Path) -> None:
    deadline = time.monotonic() + 60
    with dg.DagsterInstance.from_config(str(home)) as instance:
        while not any((home / "leases").glob("*")):
            assert time.monotonic() < deadline, (home / "daemon.log").read_text()[-3000:]
            time.sleep(0.1)
        assert instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])) == 1


def test_only_one_process_holds_the_lock_and_it_is_free_after_the_block(tmp_path: Path) -> None:
    path = tmp_path / "build.lock"
    with held_lock(path, None):
        assert is_locked(path)
        assert try_lock(path) is None
    assert not is_locked(path)


def test_a_run_without_a_lease_is_alive_until_it_had_the_time_to_take_one() -> None:
    assert is_run_alive(is_leased=None, seconds_since_start=SECONDS_TO_TAKE_IT - 1)
    assert not is_run_alive(is_leased=None, seconds_since_start=SECONDS_TO_TAKE_IT + 1)


def test_a_run_lives_as_long_as_its_lease_is_held() -> None:
    assert is_run_alive(is_leased=True, seconds_since_start=100_000)
    assert not is_run_alive(is_leased=False, seconds_since_start=1)
