"""All Dagster definitions of Event Lens; `dagster definitions validate -m orchestration.definitions` checks it."""

import os
import sys
from datetime import date
from functools import cache
from typing import TextIO

import dagster as dg

from event_lens.logs import set_up_logs
from event_lens.settings import Settings, read_settings
from event_lens.tracing import tracing
from orchestration.assets.checks import table_checks
from orchestration.assets.completion import BUILT_BATCHES, built_batches
from orchestration.assets.dbt_models import dbt_phases
from orchestration.assets.every_project import every_project_is_built
from orchestration.assets.partitions import daily_partitions, first_shown_day
from orchestration.assets.raw import raw_assets, raw_freshness
from orchestration.build_lock import build_lock
from orchestration.dbt import dbt_project
from orchestration.deletions import deletion_job, deletion_sensor
from orchestration.maintenance import maintenance_jobs
from orchestration.planning.runs import JOB
from orchestration.privacy_jobs import privacy_jobs
from orchestration.triggers.alerts import alert_sensors
from orchestration.triggers.schedules import expire_schedule, nightly_schedule
from orchestration.triggers.sensors import landed_sensor


def make_definitions(settings: Settings, first_shown: date | None = None) -> dg.Definitions:
    """Return the assets, checks, jobs, schedule and sensors over one warehouse; days are shown from `first_shown`
    on.
    """
    first_shown = first_shown or first_shown_day(settings)
    daily = daily_partitions(first_shown)
    project = dbt_project(settings)
    models = dbt_phases(settings, project, daily)
    tables = [key for definition in models for key in definition.keys]
    tests = [spec.name for definition in models for spec in definition.check_specs]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
        description="Copies the registry, plans, builds the models, and marks the landed batches as built.",
    )
    return dg.Definitions(
        assets=[*raw_assets(settings), *models, built_batches(settings, tables)],
        asset_checks=[
            raw_freshness(settings),
            every_project_is_built(settings),
            table_checks(settings, BUILT_BATCHES, tests),
        ],
        jobs=[job, *maintenance_jobs(settings), *privacy_jobs(settings), deletion_job(settings)],
        schedules=[nightly_schedule(settings, first_shown), expire_schedule(settings)],
        sensors=[landed_sensor(settings, first_shown), deletion_sensor(settings), *alert_sensors(settings)],
        resources={"build_lock": build_lock},
        executor=dg.in_process_executor,
    )


@cache
def loaded_definitions() -> dg.Definitions:
    """Return the definitions for this process's environment. They are made once, because runs are forked from a process
    that holds them.
    """
    settings = read_settings(os.environ)
    # Dagster captures a step's standard error for its page; our lines go to the terminal or log of this process.
    set_up_logs(settings.log_level, stream=_standard_error(), as_json=True)
    tracing.set_up(settings, "builder")
    return make_definitions(settings)


@dg.definitions
def defs() -> dg.Definitions:
    return loaded_definitions()


@cache
def _standard_error() -> TextIO:
    return os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1)
