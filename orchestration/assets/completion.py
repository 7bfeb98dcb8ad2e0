"""The end of a build: marks its batches as built. From then on, answers are complete through these batches."""

import time
from collections.abc import Sequence
from datetime import date

import dagster as dg

from event_lens.errors import EventLensError
from event_lens.settings import Settings
from event_lens.shards import count_shards
from event_lens.tracing import tracing
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.erasing import sweep
from orchestration.assets.apart import choice_of
from orchestration.assets.built_batches import mark_built
from orchestration.assets.dbt_models import days_of_run
from orchestration.assets.registry_sync import span_built
from orchestration.assets.settle import settle_built
from orchestration.assets.translator import OWNER
from orchestration.planning.plan import note_left_out, read_plan
from orchestration.run_tags import EVERYTHING, plan_of, scope_of

# After an upgrade or a long outage millions of batches are built at once.
SETTLE_SECONDS = 600
BUILT_BATCHES = dg.AssetKey(["lens_staging", "built_batches"])


def built_batches(settings: Settings, tables: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """Return the asset `lens_staging/built_batches`, which runs after every table of the build."""

    @dg.asset(
        key=BUILT_BATCHES,
        deps=list(tables),
        group_name="build",
        description="Landed batches that the tables of lens hold.",
        kinds={"clickhouse"},
        owners=[OWNER],
    )
    def mark(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with connect(settings, "builder") as warehouse:
            plan_id = plan_of(context.run)
            plan = read_plan(warehouse, plan_id, settings)
            is_everything = scope_of(context.run.tags) == EVERYTHING
            days = None if is_everything else days_of_run(context.run.tags, plan)
            choice = choice_of(warehouse, context.run.tags, plan_id)
            left_out = choice.projects if choice.is_but else frozenset()
            note_left_out(warehouse, left_out)
            marked = mark_built(warehouse, plan_id, days, settings, left_out=left_out)
            if count_shards(settings) > 1:
                span_built(settings, warehouse)
            if tracing.is_on:
                _trace(context, days, marked, planned_batches(warehouse, plan_id))
        try:
            with connect(settings, "builder", query_timeout_seconds=SETTLE_SECONDS) as warehouse:
                settle_built(warehouse)
                swept = sweep(warehouse, plan_id)
            if swept:
                context.log.info("%d rows of people who are erased had landed again, and were deleted", swept)
        except EventLensError as error:
            # Only the marks matter; the next build settles the batches that this one left.
            context.log.warning("Batches that are built could not be settled: %s", error.message)
        return dg.MaterializeResult(metadata={"batches": marked})

    return mark


def planned_batches(warehouse: Warehouse, plan_id: str) -> list[str]:
    """Return the ids of a plan's batches. There are at most 128 of them, the number to which a trace can link."""
    rows = warehouse.rows(
        "SELECT DISTINCT batch_id FROM lens_staging.planned_batches "
        "WHERE build_id = {plan:String} AND project_id = '' LIMIT 128",
        {"plan": plan_id},
    )
    return [row["batch_id"] for row in rows]


def _trace(
    context: dg.AssetExecutionContext, days: Sequence[date] | None, batches: int, batch_ids: Sequence[str]
) -> None:
    """Send the span of the build, from the start of its run."""
    record = context.instance.get_run_record_by_id(context.run_id)
    started = record.start_time if record and record.start_time else time.time()
    notes = {"run": context.run_id, "days": "all" if days is None else len(days), "batches": batches}
    tracing.past("build", started, batch_ids, notes)
    # The run's process may end before the next time at which spans are sent.
    tracing.flush()
