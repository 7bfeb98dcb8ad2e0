"""Once a night the last days are rebuilt whatever happened, so that nothing rests on the sensor alone."""

from datetime import date, timedelta

import dagster as dg

from event_lens.settings import Settings
from orchestration.assets.partitions import shown_tags
from orchestration.planning.runs import ERRORS_IN_TERMINAL, JOB, range_run

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
