"""Definitions for a test: the sensor of builds waits for a file, as for a warehouse, and another sensor does not."""

import os
import time
from pathlib import Path

import dagster as dg

from orchestration.planning.runs import SENSOR

FOLDER = "TESTS_FOLDER"
ANSWER, LOOKED, TOLD = "answer", "looked", "told"
SECONDS = 20


@dg.sensor(name=SENSOR, job_name="job", minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def wait_for_an_answer() -> dg.SkipReason:
    folder, deadline = Path(os.environ[FOLDER]), time.monotonic() + SECONDS
    while not (folder / ANSWER).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    (folder / LOOKED).touch()
    return dg.SkipReason("It answered.")


@dg.sensor(job_name="job", minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def tell() -> dg.SkipReason:
    (Path(os.environ[FOLDER]) / TOLD).touch()
    return dg.SkipReason("Told.")


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def job() -> None:
    nothing()


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(jobs=[job], sensors=[wait_for_an_answer, tell])
