"""Everything Dagster knows of Event Lens; `dagster definitions validate -m orchestration.definitions` checks it."""

import os

import dagster as dg
from dagster_dbt import DbtCliResource

from event_lens.settings import Settings, read_settings
from orchestration.build_lock import build_lock
from orchestration.built import built_batches
from orchestration.models import dbt_phases
from orchestration.partitions import daily_partitions
from orchestration.project import DBT, dbt_project
from orchestration.raw import raw_assets, raw_freshness
from orchestration.runs import JOB
from orchestration.schedules import nightly_schedule
from orchestration.sensors import landed_sensor


def make_definitions(settings: Settings) -> dg.Definitions:
    """The assets, checks, job, schedule and sensor over one warehouse."""
    daily = daily_partitions(settings)
    project = dbt_project(settings)
    models = dbt_phases(settings, project, daily)
    tables = [key for definition in models for key in definition.keys]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
        description="Copies the registry, plans, builds the models, and marks the landed batches as built.",
    )
    return dg.Definitions(
        assets=[*raw_assets(settings), *models, built_batches(settings, tables)],
        asset_checks=[raw_freshness(settings)],
        jobs=[job],
        schedules=[nightly_schedule(settings)],
        sensors=[landed_sensor(settings)],
        resources={"dbt": DbtCliResource(project_dir=project, dbt_executable=str(DBT)), "build_lock": build_lock},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    return make_definitions(read_settings(os.environ))
