"""Sensors are evaluated beside one another, and a warehouse that does not answer holds none of them up for long."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, cast

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import IWorkspaceProcessContext, WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.daemon import DaemonIterator, SpanMarker

from event_lens.settings import read_settings
from orchestration.dagster_home import prepare_dagster_home
from orchestration.instance import open_instance
from orchestration.serve import DEFINITIONS
from orchestration.triggers.watch import BUILDS, Landings, RareWaking, WatchingSensors
from tests.unit.orchestration.triggers import waiting_sensor

SECONDS = 20


def test_a_sensor_that_waits_holds_up_no_other_and_the_queue_hears_of_each_that_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(waiting_sensor.FOLDER, str(tmp_path))
    home = tmp_path / "home"
    settings = read_settings({"EVENTLENS_HOME": str(home), "EVENTLENS_WAREHOUSE_URL": "http://127.0.0.1:1"})
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name=waiting_sensor.__name__), location_name=DEFINITIONS
    )
    with (
        open_instance(prepare_dagster_home(settings)) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace,
    ):
        asked = Event()
        with WatchingSensors(instance.get_sensor_settings(), Landings(instance, settings), asked) as sensors:
            loop = sensors.core_loop(workspace, Event())

            def run_until(is_so: Callable[[], bool]) -> None:
                """Let the daemon go on, since it asks the queue only after it has started every sensor."""
                deadline = time.monotonic() + SECONDS
                while not is_so():
                    assert time.monotonic() < deadline
                    next(loop)

            run_until((tmp_path / waiting_sensor.TOLD).exists)
            assert not (tmp_path / waiting_sensor.LOOKED).exists()
            run_until(asked.is_set)
            asked.clear()
            (tmp_path / waiting_sensor.ANSWER).touch()
            run_until((tmp_path / waiting_sensor.LOOKED).exists)
            run_until(asked.is_set)
            loop.close()
        assert [state.selector_id for state in instance.all_instigator_state() if state.instigator_name != "tell"] == [
            BUILDS
        ]


def test_a_warehouse_that_is_away_wakes_no_sensor(tmp_path: Path) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path), "EVENTLENS_WAREHOUSE_URL": "http://127.0.0.1:1"})
    with dg.DagsterInstance.ephemeral() as instance:
        assert not Landings(instance, settings).is_left()


class Counting(RareWaking):
    """Counts its iterations, and how often it wakes."""

    iterations = 0

    @classmethod
    def daemon_type(cls) -> str:
        return "COUNTING"

    def run_iteration(self, workspace_process_context: IWorkspaceProcessContext[Any]) -> DaemonIterator:
        self.iterations += 1
        yield None


def test_a_daemon_wakes_once_an_interval_and_at_once_when_it_is_to_end() -> None:
    ending, nowhere = Event(), cast("IWorkspaceProcessContext[Any]", None)
    loop = Counting(interval_seconds=0.2).core_loop(nowhere, ending)
    started = time.monotonic()
    wakings = [next(loop) for _ in range(8)]
    assert wakings == [SpanMarker.START_SPAN, None, SpanMarker.END_SPAN, None] * 2
    assert 0.4 <= time.monotonic() - started < 5
    slow = Counting(interval_seconds=600).core_loop(nowhere, ending)
    ending.set()
    assert [next(slow) for _ in range(4)][-1] is None
