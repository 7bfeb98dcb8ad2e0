"""`eventlens up` as a person runs it, with the commands beside it: status, doctor, stop."""

import json
import os
import signal
import time
from collections.abc import Iterator
from stat import S_ISDIR, S_ISREG

import httpx
import pytest

from tests.end_to_end.up import START_SECONDS, Up
from tests.unit.orchestration.test_served_dagster import processes_of


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    if os.environ.get("EVENTLENS_WAREHOUSE_URL"):
        pytest.skip("the warehouse under test is a ClickHouse server")
    started = Up(tmp_path_factory.mktemp("up"))
    try:
        started.wait_for("is ready")
        yield started
    finally:
        started.run("stop")
        started.process.wait(90)


def test_one_line_shows_the_addresses_of_all_parts_when_they_are_ready(up: Up) -> None:
    up.wait_for("The page with your numbers: ")
    lines = [line for line in up.output.read_text().splitlines() if "Still waiting for" not in line]
    [line, page] = lines
    [address] = [word for word in page.split() if word.startswith(f"http://127.0.0.1:{up.ports['QUERY']}/")]
    assert address.partition("#token=")[2] not in (up.home.parent / "logs" / "eventlens.log").read_text()
    assert "Event Lens is ready: " in line
    for part in ("WAREHOUSE", "COLLECTOR", "QUERY", "DAGSTER"):
        assert f"http://127.0.0.1:{up.ports[part]}" in line
    assert "collector_started" in (up.home.parent / "logs" / "collector.log").read_text()


def test_a_second_up_over_the_home_is_refused(up: Up) -> None:
    second = up.run("up")
    assert second.returncode == 1
    assert "runs over" in second.stderr
    assert "Traceback" not in second.stderr


def test_status_shows_what_runs_what_waits_and_how_fresh_each_project_is(up: Up) -> None:
    project = json.loads(up.run("project", "create", "shop", "--json").stdout)["projectId"]
    status = json.loads(up.run("status", "--json").stdout)
    assert [part["name"] for part in status["parts"]] == [
        "warehouse",
        "collector",
        "query",
        "code",
        "dagster",
        "daemon",
    ]
    assert all(part["isAnswering"] and part["pid"] for part in status["parts"])
    assert (status["up"], status["spool"]["pendingEvents"], status["lastBuild"]) == (up.process.pid, 0, None)
    [fresh] = status["freshness"]
    assert (fresh["projectId"], fresh["shard"], fresh["waitingRows"]) == (project, 1, 0)
    assert (fresh["completeThrough"], fresh["setAside"]) == (None, None)
    assert status["problems"] == []
    shown = up.run("status")
    assert shown.returncode == 0
    assert f"http://127.0.0.1:{up.ports['COLLECTOR']}" in shown.stdout


def test_doctor_finds_no_problem_in_running_parts(up: Up) -> None:
    done = up.run("doctor", "--json")
    found = {finding["subject"]: finding["level"] for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert {level for subject, level in found.items() if subject != "geoip"} == {"ok"}
    assert {"versions", "disk", "registry", "spool", "geoip", "warehouse", "clock", "builds"} <= found.keys()


def test_the_collector_takes_events_while_the_warehouse_is_started_again(up: Up) -> None:
    before = {part["name"]: part["pid"] for part in json.loads(up.run("status", "--json").stdout)["parts"]}
    os.kill(before["warehouse"], signal.SIGKILL)
    assert httpx.get(f"http://127.0.0.1:{up.ports['COLLECTOR']}/ready").status_code == 200
    up.wait_for("was ended by SIGKILL; it starts again")
    deadline = time.monotonic() + START_SECONDS
    while (after := json.loads(up.run("status", "--json").stdout))["problems"]:
        assert time.monotonic() < deadline
    pids = {part["name"]: part["pid"] for part in after["parts"]}
    assert pids["warehouse"] != before["warehouse"]
    assert pids | {"warehouse": 0} == before | {"warehouse": 0}


def test_a_closed_terminal_leaves_no_process_behind_and_doctor_says_so(up: Up) -> None:
    up.process.send_signal(signal.SIGHUP)
    assert up.process.wait(90) == 0
    assert processes_of(up.home) == []
    assert not (up.home / "up.json").exists()
    stopped = up.run("stop")
    assert (stopped.returncode, "does not run" in stopped.stdout) == (0, True)
    assert up.run("status").returncode == 1
    doctor = up.run("doctor")
    assert doctor.returncode == 1
    assert "Start it with `eventlens up`" in " ".join(doctor.stdout.replace("│", " ").split())


def test_all_that_its_parts_wrote_is_for_the_owner_only(up: Up) -> None:
    modes = {
        path: path.lstat().st_mode for folder in ("home", "logs") for path in up.home.parent.glob(f"{folder}/**/*")
    }
    assert {"registry.db", "runs.db", "dagster.yaml", "lens_raw.sql", "collector.log"} <= {path.name for path in modes}
    assert [path for path, mode in modes.items() if mode & 0o077 and (S_ISREG(mode) or S_ISDIR(mode))] == []
