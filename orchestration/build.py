"""A build from the shell: the job that Dagster's page runs, executed in this process, with its progress reported."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

import dagster as dg

from event_lens.errors import Broken
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from orchestration.assets.partitions import first_shown_day, shown_tags
from orchestration.dagster_home import prepare_dagster_home
from orchestration.definitions import make_definitions
from orchestration.instance import open_instance
from orchestration.planning.runs import JOB, BuildRun, full_refresh_run, range_run, touched_runs

SECONDS_BETWEEN_LOOKS = 1.0
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

OnProgress = Callable[[str, int, int], None]
"""Called with the last finished step, the number of finished tables and the number of all tables."""


@dataclass(frozen=True)
class Build:
    """The result of a build: its runs, and the checks that did not pass (warnings included)."""

    runs: list[BuildRun]
    failed_checks: list[str]


def build(
    settings: Settings, on_progress: OnProgress, *, start: date | None, end: date | None, is_full_refresh: bool
) -> Build:
    """Run the job for unbuilt days, for the days `start` to `end`, or for everything from scratch. Blocks until done.

    Raises `Broken` (`build_failed`) with the step and the reason when a run fails; its planned days stay unbuilt.
    """
    with connect(settings, "builder") as warehouse:
        if is_full_refresh:
            runs = [full_refresh_run(settings, warehouse)]
        elif start or end:
            runs = [range_run(settings, start, end)]
        else:
            runs = touched_runs(settings, warehouse, must_try_again=True)
    failed_checks: list[str] = []
    if runs:
        first_shown = first_shown_day(settings)
        definitions = make_definitions(settings, first_shown)
        output = settings.home / "logs" / "build.log"
        output.parent.mkdir(exist_ok=True)
        # dbt's own lines are in Dagster's log of the run; here they would disturb the progress.
        with (
            open_instance(prepare_dagster_home(settings)) as instance,
            output.open("a") as log,
            contextlib.redirect_stdout(log),
        ):
            for run in runs:
                tags = shown_tags(run.tags, first_shown)
                try:
                    failed_checks += _execute(definitions, instance, tags, on_progress)
                except Broken as error:
                    if not run.project:
                        raise
                    failed_checks.append(f"Project {run.project} is still set aside. {error.message}")
    return Build(runs, failed_checks)


def _execute(
    definitions: dg.Definitions, instance: dg.DagsterInstance, tags: dict[str, str], on_progress: OnProgress
) -> list[str]:
    """Execute one run in a thread, and report its progress from Dagster's event log. Ctrl-C cancels the run."""
    job = definitions.resolve_job_def(JOB)
    total = len(list(job.asset_layer.executable_asset_keys))
    run_id = str(uuid4())
    results: list[dg.ExecuteInProcessResult] = []
    # The thread ends with this process, and dbt with it: Dagster itself checks for Ctrl-C only from time to time.
    worker = threading.Thread(
        daemon=True,
        target=lambda: results.append(
            job.execute_in_process(run_config=QUIET, instance=instance, run_id=run_id, tags=tags, raise_on_error=False)
        ),
    )
    worker.start()
    try:
        _report_until_ended(worker, instance, run_id, total, on_progress)
    except KeyboardInterrupt:
        if interrupted := instance.get_run_by_id(run_id):
            instance.report_run_canceled(interrupted, "Ctrl-C ended this build.")
        raise
    if not results:
        raise Broken("The build could not start; the lines above say why.", code="build_failed")
    result = results[0]
    if not result.success:
        raise Broken(_reason(result), code="build_failed")
    return [
        f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    ]


def _report_until_ended(
    worker: threading.Thread, instance: dg.DagsterInstance, run_id: str, total: int, on_progress: OnProgress
) -> None:
    done: set[str] = set()
    cursor = None
    while worker.is_alive():
        worker.join(SECONDS_BETWEEN_LOOKS)
        seen = instance.get_records_for_run(run_id, cursor, dg.DagsterEventType.ASSET_MATERIALIZATION)
        cursor = seen.cursor
        for record in seen.records:
            if record.asset_key is not None:
                done.add(record.asset_key.to_user_string())
                on_progress(record.asset_key.to_user_string(), len(done), total)


def _reason(result: dg.ExecuteInProcessResult) -> str:
    failures = [event for event in result.all_events if event.is_step_failure]
    lines = [f"The build failed, and what it planned stays unbuilt (run {result.run_id})."]
    for failure in failures:
        error = failure.step_failure_data.error
        cause = error.cause if error and error.cause else error
        lines.append(f"{failure.step_key}: {cause.message.strip() if cause else 'no reason given'}")
    return "\n".join(lines)
