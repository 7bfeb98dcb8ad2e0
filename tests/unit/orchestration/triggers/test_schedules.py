"""The runs of the night, as the schedules ask for them."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from event_lens.registry.database import open_registry
from event_lens.registry.projects import change_project, create_project
from event_lens.settings import read_settings
from orchestration.privacy_jobs import DROP, privacy_jobs
from orchestration.triggers.schedules import expire_schedule, nightly_schedule


@dg.op
def speak(context: dg.OpExecutionContext) -> None:
    context.log.info("an ordinary line")
    context.log.error("an error")


@dg.job
def talk() -> None:
    speak()


def test_a_nightly_run_shows_only_its_errors_in_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    schedule = nightly_schedule(read_settings({"EVENTLENS_HOME": str(tmp_path)}), date(2026, 1, 1))
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 3, 2, 3, 30, tzinfo=UTC))
    asked = schedule.evaluate_tick(context).run_requests
    assert asked is not None
    talk.execute_in_process(run_config=dict(asked[0].run_config))
    shown = capfd.readouterr().err
    assert "an error" in shown
    assert "an ordinary line" not in shown
    assert "STEP_START" not in shown


def test_days_expire_every_night_once_a_project_keeps_something_for_some_days_only(tmp_path: Path) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path)})
    schedule = expire_schedule(settings)
    with closing(open_registry(settings)) as registry:
        project = create_project(registry, "Kept").project_id
        night = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 3, 2, 2, 30, tzinfo=UTC))
        assert not schedule.evaluate_tick(night).run_requests
        change_project(registry, project, events_kept_days=400)
        (asked,) = schedule.evaluate_tick(night).run_requests or []
    expire, _ = privacy_jobs(settings)
    assert dg.validate_run_config(expire, dict(asked.run_config))["ops"][DROP]["config"]["dry_run"] is False
    by_default = expire_schedule(read_settings({"EVENTLENS_HOME": str(tmp_path), "EVENTLENS_RAW_TTL_DAYS": "90"}))
    assert by_default.evaluate_tick(night).run_requests
