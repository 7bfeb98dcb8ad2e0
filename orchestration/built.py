"""The end of a build: its batches are marked as built, and answers call themselves complete through them."""

from collections.abc import Sequence

import dagster as dg

from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from orchestration.mark import mark_built
from orchestration.models import EVERYTHING, days_of_run, scope_of
from orchestration.plan import read_plan


def built_batches(settings: Settings, tables: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset `lens_staging/built_batches`: it runs when every table of the build is there."""

    @dg.asset(
        key=dg.AssetKey(["lens_staging", "built_batches"]),
        deps=list(tables),
        group_name="build",
        description="Landed batches that the tables of lens hold.",
        kinds={"clickhouse"},
    )
    def mark(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with connect(settings, "builder") as warehouse:
            plan = read_plan(warehouse, context.run_id, settings)
            is_everything = scope_of(context.run.tags) == EVERYTHING
            days = None if is_everything else days_of_run(context.run.tags, plan)
            marked = mark_built(warehouse, context.run_id, days, settings)
        return dg.MaterializeResult(metadata={"batches": marked})

    return mark
