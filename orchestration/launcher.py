"""Lets the process that holds the definitions fork each run, and tells Dagster's monitor which runs lost their
process.
"""

import time
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus

from event_lens.file_lock import is_locked
from orchestration.fork_server import Request, ask
from orchestration.lease import is_run_alive, lease_path
from orchestration.serve import RUN_SOCKET, socket_path


class LeasedRunLauncher(DefaultRunLauncher):
    """Lets the monitor end a started run whose lease is free, whether the daemon or a shell started it.

    If the definitions are served by Dagster's own code server instead of ours, runs start as Dagster starts them.
    """

    def launch_run(self, context: LaunchRunContext) -> None:
        if self._ask(Request("run", context.dagster_run.run_id)) is None:
            super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return bool(self._ask(Request("cancel", run_id))) or bool(super().terminate(run_id))  # type: ignore[no-untyped-call]

    def _ask(self, request: Request) -> bool | None:
        return ask(socket_path(Path(self._instance.root_directory), RUN_SOCKET), request)

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
