"""Builds follow landings: a sensor asks for a run whenever something is landed and not built."""

import dagster as dg

from event_lens.errors import Unavailable
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from orchestration.plan import has_unbuilt_batches
from orchestration.registry_copy import registry_fingerprint
from orchestration.runs import JOB, UNFINISHED, touched_runs

SECONDS_BETWEEN_LOOKS = 30


def landed_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        job_name=JOB,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for a build of the days that unbuilt batches touch, one build at a time.",
    )
    def build_what_landed(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if context.instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=UNFINISHED), limit=1):
            return dg.SkipReason("A build is under way.")
        try:
            with connect(settings, "builder") as warehouse:
                known = registry_fingerprint(settings)
                if context.cursor == known and not has_unbuilt_batches(warehouse):
                    return dg.SkipReason("Everything that landed is built.")
                runs = touched_runs(settings, warehouse)
        except Unavailable as error:
            return dg.SkipReason(error.message)
        return dg.SensorResult(run_requests=[dg.RunRequest(tags=run.tags) for run in runs], cursor=known)

    return build_what_landed
