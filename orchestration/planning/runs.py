"""The runs that bring the tables up to date, and their tags."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from event_lens.clock import now_ms
from event_lens.errors import Refused
from event_lens.settings import Settings
from event_lens.shards import OWN, count_shards
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.set_aside import SetAside, read_set_aside
from orchestration.assets.apart import program_version
from orchestration.assets.built_batches import mark_built
from orchestration.assets.registry_sync import copy_registry
from orchestration.planning.plan import buildable, make_plan, read_plan, settings_hashes
from orchestration.planning.set_aside import find_due
from orchestration.run_tags import DAYS_TAG, EVERYTHING, PLAN_TAG, PROJECT_TAG, RANGE, SCOPE_TAG, TOUCHED

JOB = "build_lens"
SENSOR = "build_what_landed"
"""The sensor that asks for builds of what landed."""
# Dagster logs each event of a run to the terminal by default, some hundred lines per build; its page shows them anyway.
ERRORS_IN_TERMINAL = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
# Dagster notes every table on every day from a run's first to its last, at milliseconds each: an old event would cost
# minutes before the first statement. For touched days further apart than this, Dagster gets the last day only.
MAX_DAYS_SHOWN = 31
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dataclass(frozen=True)
class BuildRun:
    """One run of the job: its first and last day, and its scope, which says whether it rebuilds all days between them
    or only touched days. `plan_id` names the plan that was made before the run; if it is empty, the run plans when it
    begins. With a `project`, the run builds only that project, which was set aside.
    """

    start: date
    end: date
    scope: str
    plan_id: str = ""
    project: str = ""

    @property
    def tags(self) -> dict[str, str]:
        is_spread = self.scope == TOUCHED and (self.end - self.start).days >= MAX_DAYS_SHOWN
        return {
            ASSET_PARTITION_RANGE_START_TAG: (self.end if is_spread else self.start).isoformat(),
            ASSET_PARTITION_RANGE_END_TAG: self.end.isoformat(),
            DAYS_TAG: f"{self.start}/{self.end}",
            SCOPE_TAG: self.scope,
            **({PLAN_TAG: self.plan_id} if self.plan_id else {}),
            **({PROJECT_TAG: self.project} if self.project else {}),
        }


def touched_runs(settings: Settings, warehouse: Warehouse, *, must_try_again: bool = False) -> list[BuildRun]:
    """Return the run for everything that has landed or changed since the last build; no run when the tables are up to
    date.

    After it comes a run for each project that is set aside and has to be tried again: when its time has come, or at
    once if it is in `must_try_again`. The registry is copied and the plan made here, and the run carries the plan's id.
    A shard without tables builds them even if it has no rows, because questions over all shards also ask this shard.
    """
    copy_registry(settings, warehouse)
    if count_shards(settings) > 1 and not warehouse.value(
        f"SELECT count() FROM system.tables WHERE database = '{OWN}'"
    ):
        return [full_refresh_run(settings, warehouse)]
    aside = read_set_aside(warehouse)
    plan_id = str(uuid.uuid4())
    make_plan(warehouse, plan_id, aside)
    plan = read_plan(warehouse, plan_id, settings)
    if aside and plan.batch_count and not plan.days:
        # All landed rows are of left-out projects, so the tables hold everything that they can.
        mark_built(warehouse, plan_id, [], settings, left_out=aside.keys())
    again = list(aside) if must_try_again else due_again(warehouse, aside)
    return [
        *([BuildRun(plan.days[0], plan.days[-1], TOUCHED, plan_id)] if plan.days else []),
        *(again_run(settings, project) for project in again),
    ]


def due_again(warehouse: Warehouse, aside: Mapping[str, SetAside]) -> list[str]:
    """Return the set-aside projects that are to be tried again now."""
    return find_due(aside.values(), settings_hashes(warehouse), program_version(), now_ms()) if aside else []


def again_run(settings: Settings, project: str) -> BuildRun:
    """Return the run that tries a set-aside project again. It makes its plan when it begins, after the runs before
    it.
    """
    _, last = buildable(settings)
    return BuildRun(last, last, TOUCHED, project=project)


def range_run(settings: Settings, start: date | None, end: date | None) -> BuildRun:
    """Return the run that rebuilds all days from `start` to `end`, both inclusive.

    Raises `Refused` (`range_empty`) when none of these days is between the first accepted day and tomorrow.
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
    """Return the run that builds every table from scratch; its partitions are the days that have events."""
    first, last = buildable(settings)
    days = warehouse.rows("SELECT min(day) AS first, max(day) AS last, count() AS events FROM lens_raw.events")[0]
    if not days["events"]:
        return BuildRun(last, last, EVERYTHING)
    covered = [day for day in (days["first"], days["last"]) if first <= day <= last] or [last]
    return BuildRun(min(covered), max(covered), EVERYTHING)
