"""Starts runs as Dagster does by default, and tells Dagster's monitor which of them lost their process."""

import time
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from orchestration.file_lock import is_locked
from orchestration.lease import is_run_alive, lease_path


class LeasedRunLauncher(DefaultRunLauncher):
    """The monitor ends a started run whose lease is free, whether the daemon or a shell started it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        record = self._instance.get_run_record_by_id(run.run_id)
        started = record.start_time if record and record.start_time else time.time()
        path = lease_path(Path(self._instance.root_directory), run.run_id)
        is_leased = is_locked(path) if path.exists() else None
        if is_run_alive(is_leased=is_leased, seconds_since_start=time.time() - started):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "The process of this run ended in the middle of it.")
