"""Ctrl-C in `eventlens build`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from event_lens.file_lock import is_locked
from tests.conftest import EmbeddedServer

pytestmark = pytest.mark.usefixtures("only_embedded")


def test_ctrl_c_ends_a_build_at_once_and_its_run_is_cancelled(
    tmp_path: Path, start_embedded: Callable[[Path], EmbeddedServer]
) -> None:
    server = start_embedded(tmp_path / "home").wait()
    command = [sys.executable, "-m", "cli.main", "build", "--full-refresh"]
    with (tmp_path / "build.log").open("wb") as log:
        build = subprocess.Popen(command, env=server.environment, stdout=log, stderr=log, start_new_session=True)
    lock = tmp_path / "home" / "dagster" / "build.lock"
    deadline = time.monotonic() + 200
    while not is_locked(lock):
        assert time.monotonic() < deadline, (tmp_path / "build.log").read_text()
        time.sleep(0.1)
    os.killpg(build.pid, signal.SIGINT)
    assert build.wait(30) == 130
    assert not is_locked(lock)
    with dg.DagsterInstance.from_config(str(lock.parent)) as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.CANCELED]
