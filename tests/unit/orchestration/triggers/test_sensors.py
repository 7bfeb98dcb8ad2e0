"""What the sensor asks for, look by look."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import uuid4

import dagster as dg
import msgspec
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.test_utils import create_run_for_test

from event_lens.clock import now_ms
from event_lens.errors import Unavailable
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.goals import create_goal
from event_lens.registry.projects import create_project
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.access import Service, connect
from event_lens.warehouse.client import Warehouse
from orchestration.dagster_home import prepare_dagster_home
from orchestration.planning.plan import SETTINGS, has_unbuilt_batches
from orchestration.planning.runs import ERRORS_IN_TERMINAL, JOB
from orchestration.planning.set_aside import Failure, set_aside
from orchestration.run_tags import PLAN_TAG, PROJECT_TAG
from orchestration.triggers.retry import DELAYS_SECONDS
from orchestration.triggers.sensors import NOTHING_TO_BUILD, landed_sensor
from orchestration.triggers.watch import Landings
from tests.conftest import EmbeddedServer

# After all events that land here, as if older events had come since the definitions were loaded.
FIRST_SHOWN = date(2026, 5, 3)

pytestmark = pytest.mark.usefixtures("only_embedded")


@dataclass
class Looks:
    """A sensor over a warehouse of its own, looked at again and again."""

    settings: Settings
    instance: dg.DagsterInstance
    project_id: str
    cursor: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    def look(self) -> SensorExecutionData:
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        seen = landed_sensor(self.settings, FIRST_SHOWN).evaluate_tick(context)
        self.cursor = seen.cursor
        self.asked += [dict(request.tags) for request in seen.run_requests or []]
        assert all(request.run_config == ERRORS_IN_TERMINAL for request in seen.run_requests or [])
        return seen

    def end(self, status: dg.DagsterRunStatus) -> None:
        """The build that was asked for last ends."""
        run = create_run_for_test(self.instance, job_name=JOB, tags=self.asked[-1])
        self.instance.run_storage.handle_run_event(run.run_id, _event(status))

    def mark_built(self) -> None:
        with connect(self.settings, "builder") as warehouse:
            warehouse.command(
                "INSERT INTO lens_staging.built_projects (project_id, settings_hash, built_at) "
                f"SELECT project_id, settings_hash, now64(3, 'UTC') FROM ({SETTINGS})"
            )

    def define_a_goal(self) -> None:
        registry = open_registry(self.settings)
        create_goal(registry, self.project_id, f"Goal {uuid4()}", "purchase")
        registry.close()


def _event(status: dg.DagsterRunStatus) -> dg.DagsterEvent:
    kind = {
        dg.DagsterRunStatus.SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
        dg.DagsterRunStatus.FAILURE: dg.DagsterEventType.RUN_FAILURE,
        dg.DagsterRunStatus.STARTED: dg.DagsterEventType.RUN_START,
    }[status]
    return dg.DagsterEvent(event_type_value=kind.value, job_name=JOB)


@pytest.fixture
def looks(tmp_path: Path, start_embedded: Callable[[Path], EmbeddedServer]) -> Looks:
    server = start_embedded(tmp_path / "home").wait()
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_WAREHOUSE_PORT": str(server.port)})
    registry = open_registry(settings)
    project_id = create_project(registry, "Shop").project_id
    registry.close()
    row = {"project_id": project_id, "name": "click", "created_at": "2026-05-01 12:00:00.000", "day": "2026-05-01"}
    with connect(settings, "builder") as warehouse:
        warehouse.insert_lines("lens_raw.events", msgspec.json.encode(row) + b"\n", token=project_id)
    return Looks(settings, dg.DagsterInstance.from_config(str(prepare_dagster_home(settings))), project_id)


def test_changed_definitions_are_asked_for_until_a_build_took_them_in(looks: Looks) -> None:
    looks.look()
    assert len(looks.asked) == 1
    looks.end(dg.DagsterRunStatus.FAILURE)
    looks.look()
    assert len(looks.asked) == 2
    looks.end(dg.DagsterRunStatus.SUCCESS)
    looks.mark_built()
    assert "is built" in (looks.look().skip_message or "")
    built = looks.cursor
    looks.define_a_goal()
    looks.look()
    assert len(looks.asked) == 3
    assert looks.cursor == built
    assert looks.asked[2] != looks.asked[1]


def test_a_project_that_is_set_aside_is_tried_again_alone_and_its_failures_hold_up_no_build(looks: Looks) -> None:
    looks.look()
    looks.end(dg.DagsterRunStatus.SUCCESS)
    looks.mark_built()
    with connect(looks.settings, "builder") as warehouse:
        failure = Failure("profiles", "It took too much memory.", "build", "1")
        set_aside(warehouse, [looks.project_id], failure, {}, now_ms() - 60_000)
    for asked in range(2, 2 + len(DELAYS_SECONDS) + 2):
        looks.look()
        assert len(looks.asked) == asked
        assert looks.asked[-1][PROJECT_TAG] == looks.project_id
        looks.end(dg.DagsterRunStatus.FAILURE)


def test_no_build_is_requested_while_another_runs(looks: Looks) -> None:
    looks.look()
    looks.end(dg.DagsterRunStatus.STARTED)
    assert looks.look().skip_message == "A build is under way."
    assert len(looks.asked) == 1


def test_a_landed_batch_is_news_until_its_build_is_requested(looks: Looks) -> None:
    landings = Landings(looks.instance, looks.settings)
    assert not landings.is_left()
    with connect(looks.settings, "builder") as warehouse:
        warehouse.insert_lines("lens_raw.batches", b'{"batch_id": "b", "table_name": "lens_raw.events"}\n', token="b")
    assert landings.is_left()
    assert landings.is_rested()
    looks.look()
    looks.end(dg.DagsterRunStatus.STARTED)
    assert not landings.is_left()


def test_a_warehouse_that_answers_late_is_asked_once_more_and_no_answer_is_a_failure(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks.look()
    looks.end(dg.DagsterRunStatus.SUCCESS)
    looks.mark_built()
    asked = []
    ordinary_seconds = 60

    def ask_slowly(warehouse: Warehouse) -> bool:
        asked.append(warehouse)
        warehouse.value("SELECT sum(sleepEachRow(0.5)) FROM numbers(3) SETTINGS max_block_size = 1")
        return has_unbuilt_batches(warehouse)

    def connect_for_seconds(settings: Settings, service: Service, query_timeout_seconds: int = 0) -> Warehouse:
        return connect(settings, service, query_timeout_seconds=query_timeout_seconds or ordinary_seconds)

    looks.look()
    monkeypatch.setattr("orchestration.triggers.sensors.ANSWER_SECONDS", 1)
    monkeypatch.setattr("orchestration.triggers.sensors.connect", connect_for_seconds)
    monkeypatch.setattr("orchestration.triggers.sensors.has_unbuilt_batches", ask_slowly)
    assert looks.look().skip_message == NOTHING_TO_BUILD
    assert len(asked) == 2
    ordinary_seconds = 1
    with pytest.raises(Unavailable, match="TIMEOUT_EXCEEDED"):
        looks.look()
    assert len(asked) == 4


def test_a_run_carries_the_plan_that_the_sensor_made(looks: Looks) -> None:
    looks.look()
    with connect(looks.settings, "builder") as warehouse:
        plans = warehouse.rows("SELECT DISTINCT build_id FROM lens_staging.planned_batches")
    assert [plan["build_id"] for plan in plans] == [looks.asked[0][PLAN_TAG]]


def test_after_failures_in_a_row_a_person_is_told_once_in_the_log_and_at_every_look(
    looks: Looks, capfd: pytest.CaptureFixture[str]
) -> None:
    looks.look()
    for _ in range(len(DELAYS_SECONDS) + 1):
        looks.end(dg.DagsterRunStatus.FAILURE)
    capfd.readouterr()
    told = [looks.look().skip_message or "" for _ in range(2)]
    assert all("wait for a person" in message for message in told)
    assert capfd.readouterr().err.count("wait for a person") == 1
    assert len(looks.asked) == 1
    looks.define_a_goal()
    looks.look()
    assert len(looks.asked) == 2
