"""The runs of the night, as the schedule asks for them."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from event_lens.settings import read_settings
from orchestration.triggers.schedules import nightly_schedule


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
