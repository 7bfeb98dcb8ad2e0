"""The process that holds the definitions, and the runs that it forks."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg
import pytest

from event_lens.file_lock import is_locked
from orchestration.dagster_home import write_configuration
from orchestration.lease import lease_path
from orchestration.serve import CODE_SOCKET, socket_path
from tests.builds.test_killed_runs import kill, over, status, wait_for_builds

# The code server and the daemon of a home, but with the definitions of the tests.
CODE_SERVER = """
import importlib, pathlib, sys
from event_lens.file_lock import try_lock
from orchestration.resident import serve
from orchestration.serve import CODE_LOCK
module, home = "tests.builds.long_build", pathlib.Path(sys.argv[1])
lock = try_lock(home / CODE_LOCK)
assert lock is not None, "another code server runs, or a process that it forked took its lock along"
serve(home, lock, module, lambda: importlib.import_module(module), (home / "outdated").exists)
"""
DAEMON = """
import pathlib, sys
from event_lens.settings import read_settings
from orchestration.daemon import run
run(pathlib.Path(sys.argv[1]), read_settings({"EVENTLENS_WAREHOUSE_URL": "http://127.0.0.1:1"}))
"""


def process(home: Path, code: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return over(home, [sys.executable, "-c", code, str(home)])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_configuration(tmp_path)
    return tmp_path


@pytest.fixture
def resident(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    with process(home, CODE_SERVER) as started:
        until(socket_path(home, CODE_SOCKET).exists)
        yield started


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_runs_are_forked_end_by_themselves_or_are_stopped_from_the_page(
    home: Path, resident: subprocess.Popen[bytes]
) -> None:
    with process(home, DAEMON):
        first = wait_for_builds(home, 1, 120)[0]
        assert first.server_pid == resident.pid
        kill(first.pid)
        second = wait_for_builds(home, 2, 60)[1]
        assert status(home, first.run_id) == dg.DagsterRunStatus.FAILURE
        assert second.server_pid == resident.pid
        with dg.DagsterInstance.from_config(str(home)) as instance:
            assert instance.run_launcher.terminate(second.run_id)
        until(lambda: status(home, second.run_id) == dg.DagsterRunStatus.CANCELED)
        until(lambda: not Path(f"/proc/{second.pid}").exists())
        third = wait_for_builds(home, 3, 60)[2]
        # When the server is outdated, it restarts in the same process, while its run goes on.
        (home / "outdated").touch()
        until(lambda: not is_listening(home))
        (home / "outdated").unlink()
        until(lambda: is_listening(home))
        assert resident.poll() is None
        resident.kill()
        resident.wait()
        # A run outlives the process that forked it; the server of the definitions does not.
        assert is_locked(lease_path(home, third.run_id))
        until(lambda: not is_listening(home))
        with process(home, CODE_SERVER):
            kill(third.pid)
            fourth = wait_for_builds(home, 4, 120)[3]
            assert status(home, third.run_id) == dg.DagsterRunStatus.FAILURE
            assert fourth.server_pid != resident.pid


def is_listening(home: Path) -> bool:
    connections = Path("/proc/net/unix").read_text()
    return str(socket_path(home, CODE_SOCKET)) in connections
