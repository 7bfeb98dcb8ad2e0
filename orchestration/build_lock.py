"""Lets only one build at a time write the tables, whether the daemon, a page or a shell started it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.errors import raise_execution_interrupts

from event_lens.file_lock import try_lock
from orchestration.dbt_run import is_dbt_running
from orchestration.lease import take_lease
from orchestration.old_runs import delete_old_runs

SECONDS_BETWEEN_TRIES = 0.2


@dg.resource(description="Lets one build at a time write the tables; the others wait.")
def build_lock(context: dg.InitResourceContext) -> Iterator[None]:
    """Hold the lock from before the first step of a run until after its last."""
    if context.instance is None or context.run is None:
        raise dg.DagsterInvariantViolationError("Only a run can hold the build lock.")
    home = Path(context.instance.root_directory)
    take_lease(home, context.run.run_id)
    with held_lock(home / "build.lock", context.log):
        yield
        delete_old_runs(context.instance)


@contextmanager
def held_lock(path: Path, log: dg.DagsterLogManager | None) -> Iterator[None]:
    """Hold the lock inside the block. Waits for it, and can be interrupted meanwhile."""
    descriptor = try_lock(path)
    if descriptor is None and log is not None:
        log.info("Another build is writing the tables; this one waits for its end.")
    with raise_execution_interrupts():
        while descriptor is None:
            time.sleep(SECONDS_BETWEEN_TRIES)
            descriptor = try_lock(path)
    try:
        yield
    finally:
        # After an interrupt dbt continues until the process ends, and the lock is released with the process.
        if not is_dbt_running():
            os.close(descriptor)
