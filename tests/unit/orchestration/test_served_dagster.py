"""`eventlens dagster` as a person runs it: page and daemon, one of each for a home."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.daemon import IntervalDaemon

from event_lens.file_lock import is_locked
from event_lens.processes import running
from event_lens.settings import read_settings
from orchestration.daemon import daemons_of, end_runs_left_starting
from orchestration.dagster_home import prepare_dagster_home
from orchestration.instance import open_instance
from orchestration.serve import DAEMON_LOCK
from orchestration.triggers.watch import PromptQueue, RareWaking
from tests.ports import free_port


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    return kept | {"EVENTLENS_HOME": str(tmp_path / "home"), "COLUMNS": "200"}


@pytest.fixture
def served(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[bytes]]:
    # The first start over a home parses all models, which takes its time beside other work.
    monkeypatch.setattr("event_lens.processes.START_WITHIN_SECONDS", 240)
    port = free_port()
    own = environ | {"EVENTLENS_DAGSTER_PORT": str(port)}
    with running("dagster", own, f"http://127.0.0.1:{port}/server_info", tmp_path / "dagster.log") as process:
        yield process


def wait_until(is_so: bool, lock: Path) -> None:
    deadline = time.monotonic() + 120
    while is_locked(lock) != is_so:
        assert time.monotonic() < deadline, f"the daemon's lock is not {is_so}"
        time.sleep(0.1)


def test_a_second_dagster_over_a_home_is_refused_and_the_first_says_little_and_stops_cleanly(
    tmp_path: Path, environ: dict[str, str], served: subprocess.Popen[bytes]
) -> None:
    lock = tmp_path / "home" / "dagster" / DAEMON_LOCK
    wait_until(True, lock)
    for command in (["cli.main", "dagster"], ["orchestration.daemon"]):
        second = subprocess.run(
            [sys.executable, "-m", *command],
            env=environ | {"EVENTLENS_DAGSTER_PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert "Another Dagster runs over" in second.stderr
        assert "Traceback" not in second.stderr
    served.send_signal(signal.SIGTERM)
    assert served.wait(40) == 0
    assert not is_locked(lock)
    assert processes_of(tmp_path / "home") == []
    assert "Starting Dagster code server" not in (tmp_path / "dagster.log").read_text()


def processes_of(home: Path) -> list[str]:
    """The processes that were started for `home` and live still."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"EVENTLENS_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_a_run_that_a_killed_daemon_was_starting_is_ended_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        left = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTING)
        started = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
        end_runs_left_starting(tmp_path)
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {left.run_id: dg.DagsterRunStatus.FAILURE, started.run_id: dg.DagsterRunStatus.STARTED}


def test_the_daemon_wakes_rarely_and_has_no_thread_for_conditions_of_assets_since_no_asset_has_any(
    tmp_path: Path,
) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})
    with open_instance(prepare_dagster_home(settings)) as instance:
        kinds = set(instance.get_required_daemon_types())
        waking = [daemon for daemon in daemons_of(instance, settings) if isinstance(daemon, IntervalDaemon)]
    assert waking
    # Those of Dagster's own wake twice a second.
    assert {daemon.daemon_type() for daemon in waking if not isinstance(daemon, (RareWaking, PromptQueue))} == set()
    assert kinds == {"SENSOR", "SCHEDULER", "QUEUED_RUN_COORDINATOR", "BACKFILL", "MONITORING", "FRESHNESS_DAEMON"}
