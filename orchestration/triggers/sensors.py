"""Starts builds after landings: a sensor requests a run whenever a landed batch is not built."""

import time
from datetime import date

import dagster as dg

from event_lens.errors import Unavailable
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import UNREACHABLE, Warehouse
from event_lens.warehouse.set_aside import read_set_aside
from orchestration.assets.partitions import shown_tags
from orchestration.assets.registry_sync import registry_fingerprint
from orchestration.planning.plan import has_unbuilt_batches
from orchestration.planning.runs import ERRORS_IN_TERMINAL, JOB, SENSOR, UNFINISHED, due_again, touched_runs
from orchestration.run_tags import PROJECT_TAG
from orchestration.triggers.retry import DELAYS_SECONDS, EndedBuild, decide_retry

# The daemon decides when to look (`triggers.watch`); this only prevents a second look right after the first.
SECONDS_BETWEEN_LOOKS = 1
# The question whether there is anything to build; making the plan may take longer.
ANSWER_SECONDS = 5
# The registry's fingerprint at the time when a run was requested.
DEFINITIONS_TAG = "eventlens/definitions"
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
# The number of builds to look through, since builds of single projects set aside are among them.
MAX_ENDED = 50
NOTHING_TO_BUILD = "Everything that landed is built."


def landed_sensor(settings: Settings, first_shown: date) -> dg.SensorDefinition:
    @dg.sensor(
        name=SENSOR,
        job_name=JOB,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for a build of the days that unbuilt batches touch, one build at a time: soon "
        "after a landing, and every half minute.",
    )
    def build_what_landed(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if context.instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=UNFINISHED), limit=1):
            return dg.SkipReason("A build is under way.")
        try:
            return _look(context, settings, first_shown)
        except Unavailable as error:
            if error.code != UNREACHABLE:
                raise
            return dg.SkipReason(error.message)

    return build_what_landed


def _look(
    context: dg.SensorEvaluationContext, settings: Settings, first_shown: date
) -> dg.SensorResult | dg.SkipReason:
    """Request runs, unless nothing has to be built or recent failures require waiting.

    The cursor holds the fingerprint of the registry for which a plan found everything built, and after it the id of the
    run whose failure was reported. It does not hold the fingerprint for which a run was requested, since that run may
    fail.
    """
    built, _, told = (context.cursor or "").partition(" ")
    known = registry_fingerprint(settings)
    if _is_all_built(settings, is_known=built == known):
        return dg.SkipReason(NOTHING_TO_BUILD)
    retry = decide_retry(_ended_builds(context.instance), known, time.time())
    if not retry.may_start:
        if retry.needs_a_person and told != retry.run_id:
            context.log.error(retry.reason)
            told = retry.run_id
        return dg.SensorResult(skip_reason=retry.reason, cursor=f"{built} {told}")
    with connect(settings, "builder") as warehouse:
        runs = touched_runs(settings, warehouse)
    if not runs:
        return dg.SensorResult(skip_reason=NOTHING_TO_BUILD, cursor=known)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                tags=shown_tags(run.tags, first_shown) | {DEFINITIONS_TAG: known}, run_config=ERRORS_IN_TERMINAL
            )
            for run in runs
        ]
    )


def _is_all_built(settings: Settings, *, is_known: bool) -> bool:
    """Return whether there is nothing to build, given whether the registry's fingerprint is that of the last build.

    A warehouse that answers, but not in time, is asked once more and has as long as other questions have.
    """
    try:
        with connect(settings, "builder", query_timeout_seconds=ANSWER_SECONDS) as warehouse:
            return _has_nothing(warehouse, is_known=is_known)
    except Unavailable as error:
        if error.code == UNREACHABLE:
            raise
    with connect(settings, "builder") as warehouse:
        return _has_nothing(warehouse, is_known=is_known)


def _has_nothing(warehouse: Warehouse, *, is_known: bool) -> bool:
    again = due_again(warehouse, read_set_aside(warehouse))
    return is_known and not again and not has_unbuilt_batches(warehouse)


def _ended_builds(instance: dg.DagsterInstance) -> list[EndedBuild]:
    """Return the latest builds that succeeded or failed, latest first, except builds that only tried a set-aside
    project.
    """
    records = instance.get_run_records(
        dg.RunsFilter(job_name=JOB, statuses=ENDED), limit=MAX_ENDED, order_by="end_time"
    )
    return [
        EndedBuild(
            record.dagster_run.run_id,
            record.dagster_run.status == dg.DagsterRunStatus.SUCCESS,
            record.end_time or record.update_timestamp.timestamp(),
            record.dagster_run.tags.get(DEFINITIONS_TAG, ""),
        )
        for record in records
        if PROJECT_TAG not in record.dagster_run.tags
    ][: len(DELAYS_SECONDS) + 1]
