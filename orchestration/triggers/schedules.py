"""The nightly schedules: the last days are rebuilt unconditionally, and rows past their limits are dropped."""

from datetime import date, timedelta

import dagster as dg

from event_lens.settings import Settings
from orchestration.assets.partitions import shown_tags
from orchestration.expiry import projects_to_expire
from orchestration.planning.runs import ERRORS_IN_TERMINAL, JOB, range_run
from orchestration.privacy_jobs import DROP, EXPIRE

REBUILT_DAYS = 3


def nightly_schedule(settings: Settings, first_shown: date) -> dg.ScheduleDefinition:
    @dg.schedule(
        job_name=JOB,
        cron_schedule="30 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Rebuilds the last days every night.",
    )
    def build_lens_nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        today = context.scheduled_execution_time.date()
        run = range_run(settings, today - timedelta(days=REBUILT_DAYS), today + timedelta(days=1))
        tags = shown_tags(run.tags, first_shown)
        return dg.RunRequest(run_key=today.isoformat(), tags=tags, run_config=ERRORS_IN_TERMINAL)

    return build_lens_nightly


def expire_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Request the expiry before the days are rebuilt; request no run if no project has a limit."""

    @dg.schedule(
        job_name=EXPIRE,
        cron_schedule="30 2 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Drops, every night, rows that projects keep for a limited number of days.",
    )
    def expire_nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not projects_to_expire(settings):
            return dg.SkipReason("Every project keeps its rows without a limit.")
        form = {"ops": {DROP: {"config": {"dry_run": False}}}}
        return dg.RunRequest(
            run_key=context.scheduled_execution_time.date().isoformat(), run_config={**form, **ERRORS_IN_TERMINAL}
        )

    return expire_nightly
