"""The dbt models as assets, in the three phases of a build.

`facts` are events and sessions by day, without identities; `daily` are the public daily tables, in which identities are
resolved; `folded` are the tables over all days.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)
from dagster_dbt import DbtProject, dbt_assets

from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from orchestration.assets.apart import choice_of, run_apart
from orchestration.assets.table_size import with_size
from orchestration.assets.translator import TableTranslator
from orchestration.choice import FILTERS, choice_environment
from orchestration.dbt_args import PLAN, dbt_args, dbt_days
from orchestration.planning.chunks import chunk_ends
from orchestration.planning.days import between
from orchestration.planning.plan import Plan, buildable, read_plan
from orchestration.run_tags import DAYS_TAG, EVERYTHING, TOUCHED, plan_of, scope_of


@dataclass(frozen=True)
class Phase:
    """The days that one phase of one run rebuilds, and how it rebuilds them."""

    days: list[date]
    receive_days: list[date]
    chunk_ends: list[date]
    is_full_refresh: bool


def dbt_phases(settings: Settings, project: DbtProject, daily: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Return the assets of all dbt models, one definition for each phase."""

    def phase_assets(phase: str, partitions: dg.PartitionsDefinition | None) -> dg.AssetsDefinition:
        @dbt_assets(
            manifest=project.manifest_path,
            select=f"tag:{phase}",
            name=f"dbt_{phase}",
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
            dagster_dbt_translator=TableTranslator(),
            project=project,
        )
        def models(context: dg.AssetExecutionContext, build_lock: dg.ResourceParam[None]) -> Iterator[Any]:
            chosen = choose_days(context, settings, phase)
            # dbt reads this process's environment when its command begins.
            os.environ.update(dbt_days(chosen.days, chosen.receive_days, chosen.chunk_ends))
            os.environ[PLAN] = plan_id = plan_of(context.run)
            args = dbt_args(is_full_refresh=chosen.is_full_refresh)
            days = None if chosen.is_full_refresh or partitions is None else chosen.days
            with connect(settings, "builder") as warehouse:
                for event in run_apart(context, settings, project, args, plan_id=plan_id):
                    yield with_size(context, warehouse, days, event) if isinstance(event, dg.Output) else event

        return models

    return [phase_assets("facts", daily), phase_assets("daily", daily), phase_assets("folded", None)]


def choose_days(context: dg.AssetExecutionContext, settings: Settings, phase: str) -> Phase:
    """Return the days that this run rebuilds in `phase`.

    A run over a range of partitions (a backfill from Dagster's page) rebuilds all days of its range. A run of
    `eventlens build` or the sensor rebuilds the touched days of its plan, wherever they are. The phases after `facts`
    also rebuild the days whose devices changed owner.
    """
    scope = scope_of(context.run.tags)
    with connect(settings, "builder") as warehouse:
        if scope == EVERYTHING:
            return Phase([], [], chunk_ends(warehouse, None, settings.build_memory_bytes), is_full_refresh=True)
        plan = read_plan(warehouse, plan_of(context.run), settings)
        days = days_of_run(context.run.tags, plan)
        if phase != "facts":
            choice = choice_environment(warehouse, choice_of(warehouse, context.run.tags, plan_of(context.run)))
            days = sorted({*days, *_days_with_a_new_owner(warehouse, settings, choice[FILTERS])})
        ends = chunk_ends(warehouse, days, settings.build_memory_bytes)
    receive_days = plan.receive_days if scope == TOUCHED else sorted({*plan.receive_days, *days})
    return Phase(days, receive_days, ends, is_full_refresh=False)


def days_of_run(tags: Mapping[str, str], plan: Plan) -> list[date]:
    """Return the days for which the run was requested. A run for touched days gets the days of its plan, if the plan
    has any.
    """
    start, _, end = tags.get(DAYS_TAG, "").partition("/")
    if not end:
        start = tags.get(ASSET_PARTITION_RANGE_START_TAG) or tags.get(PARTITION_NAME_TAG) or ""
        end = tags.get(ASSET_PARTITION_RANGE_END_TAG) or tags.get(PARTITION_NAME_TAG) or ""
    if not start or not end:
        return plan.days
    days = between(date.fromisoformat(start), date.fromisoformat(end))
    # Another run may have built the touched days since: then this run builds its partitions once more.
    return plan.days or days if scope_of(tags) == TOUCHED else days


def _days_with_a_new_owner(warehouse: Warehouse, settings: Settings, filters: str) -> list[date]:
    """Return the days on which devices changed owner, for the projects of this build only: the rows of other projects
    come from an earlier build.
    """
    first, last = buildable(settings)
    changed = "SELECT DISTINCT local_day FROM lens_staging.int_owner_changes"
    rows = warehouse.rows(changed, settings={"additional_table_filters": filters})
    return sorted(row["local_day"] for row in rows if first <= row["local_day"] <= last)
