"""The runs that would bring the tables up to date: a range of partitions and tags each."""

import uuid
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from event_lens.errors import Refused
from event_lens.settings import Settings
from event_lens.warehouse.connection import Warehouse
from orchestration.days import runs_of
from orchestration.models import EVERYTHING, RANGE, SCOPE_TAG, TOUCHED
from orchestration.plan import buildable, make_plan, read_plan
from orchestration.registry_copy import copy_registry

JOB = "build_lens"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dataclass(frozen=True)
class BuildRun:
    """One run of the job: the first and last day of its partitions and what it rebuilds of them."""

    start: date
    end: date
    scope: str

    @property
    def tags(self) -> dict[str, str]:
        return {
            ASSET_PARTITION_RANGE_START_TAG: self.start.isoformat(),
            ASSET_PARTITION_RANGE_END_TAG: self.end.isoformat(),
            SCOPE_TAG: self.scope,
        }


def touched_runs(settings: Settings, warehouse: Warehouse) -> list[BuildRun]:
    """The runs for everything that is landed or changed and not built yet; none when the tables are up to date."""
    copy_registry(settings, warehouse)
    probe = f"probe-{uuid.uuid4()}"
    make_plan(warehouse, probe)
    plan = read_plan(warehouse, probe, settings)
    return [BuildRun(start, end, TOUCHED) for start, end in runs_of(plan.days)]


def range_run(settings: Settings, start: date | None, end: date | None) -> BuildRun:
    """The run that rebuilds all days from `start` to `end`, both inclusive.

    Raises `Refused` (`range_empty`) when there is no such day from the first accepted one to tomorrow.
    """
    first, last = buildable(settings)
    run = BuildRun(max(start or first, first), min(end or last, last), RANGE)
    if run.start > run.end:
        raise Refused(
            f"There is no day to build from {start or first} to {end or last}; days are {first} to {last}.",
            code="range_empty",
        )
    return run


def full_refresh_run(settings: Settings, warehouse: Warehouse) -> BuildRun:
    """The run that builds every table anew; its partitions are the days that have events."""
    first, last = buildable(settings)
    days = warehouse.rows("SELECT min(day) AS first, max(day) AS last, count() AS events FROM lens_raw.events")[0]
    if not days["events"]:
        return BuildRun(last, last, EVERYTHING)
    covered = [day for day in (days["first"], days["last"]) if first <= day <= last] or [last]
    return BuildRun(min(covered), max(covered), EVERYTHING)
