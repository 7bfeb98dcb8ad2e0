"""What the terminal shows of a run."""

from datetime import date
from pathlib import Path

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from orchestration.dagster_home import write_configuration
from orchestration.planning.runs import JOB, BuildRun
from orchestration.resident import end_run, told

DAYS = BuildRun(date(2026, 3, 1), date(2026, 3, 5), "touched").tags


def test_a_build_is_one_line(tmp_path: Path) -> None:
    write_configuration(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        built = create_run_for_test(instance, job_name=JOB, tags=DAYS, status=dg.DagsterRunStatus.SUCCESS)
        record = instance.get_run_record_by_id(built.run_id)
        assert record is not None
        assert told(record) == "Built what changed, 2026-03-01 to 2026-03-05, in 0.0 s."


def test_a_run_that_died_is_ended_and_one_that_ended_is_left(tmp_path: Path) -> None:
    write_configuration(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        died = create_run_for_test(instance, job_name=JOB, tags=DAYS, status=dg.DagsterRunStatus.STARTED)
        built = create_run_for_test(instance, job_name=JOB, status=dg.DagsterRunStatus.SUCCESS)
        for run in (died, built):
            end_run(tmp_path, run.run_id)
        record = instance.get_run_record_by_id(died.run_id)
        assert record is not None
        assert "ended after" in told(record)
        assert f"failure, run {died.run_id}" in told(record)
        left = instance.get_run_by_id(built.run_id)
        assert left is not None
        assert left.is_success
