"""Builds from the shell: one at a time, and one that was killed is ended when the next begins.

A process that is killed leaves its run as started and its place in the pool taken, for good.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

TAG = {"eventlens/from": "shell"}


@contextmanager
def turn(folder: Path, instance: dg.DagsterInstance) -> Iterator[None]:
    """Waits until no other build from the shell runs, and ends those that were killed.

    The lock on `folder` goes with its process, so whoever holds it knows that every other such run is dead.
    """
    descriptor = os.open(folder / "build.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        running = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
        for run in instance.get_runs(dg.RunsFilter(tags=TAG, statuses=running)):
            instance.report_run_failed(run, "The process of this build ended in the middle of it.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        yield
    finally:
        os.close(descriptor)
