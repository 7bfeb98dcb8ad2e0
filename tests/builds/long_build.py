"""Definitions for a Dagster of the tests: a sensor that asks for one build at a time, none of which ends by itself."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration.build_lock import build_lock
from orchestration.planning.runs import JOB, UNFINISHED

STARTED_BUILDS = "started-builds"


@dg.op
def write_tables(context: dg.OpExecutionContext, build_lock: dg.ResourceParam[None]) -> None:
    """Notes its run, its process and that of its code server."""
    with (Path(os.environ["DAGSTER_HOME"]) / STARTED_BUILDS).open("a") as started:
        started.write(f"{context.run_id} {os.getpid()} {os.getppid()}\n")
    time.sleep(600)


@dg.job(name=JOB, executor_def=dg.in_process_executor, resource_defs={"build_lock": build_lock})
def long_job() -> None:
    write_tables()


@dg.sensor(job=long_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def ask(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    if context.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED), limit=1):
        yield dg.SkipReason("A build is under way.")
    else:
        yield dg.RunRequest()


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(jobs=[long_job], sensors=[ask])
