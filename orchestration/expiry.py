"""`eventlens expire`, and Dagster's job of that name: drops whole days of rows that are older than a project's
limits.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from event_lens.clock import Clock, now_ms, to_datetime
from event_lens.errors import Unavailable
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project, list_projects
from event_lens.registry.tables import Project
from event_lens.settings import Settings
from event_lens.shards import settings_of_shard
from event_lens.warehouse.access import connect
from event_lens.warehouse.retention import (
    Edges,
    Going,
    Kept,
    close_days,
    drop_days,
    edges_of,
    find_going,
    read_edges,
)
from event_lens.warehouse.too_late import has_unbuilt_before
from orchestration.build_lock import held_lock
from orchestration.dagster_home import prepare_dagster_home

MAX_STATEMENT_SECONDS = 3600


@dataclass(frozen=True)
class Expired:
    """The rows of a project that were or would be dropped, by table, and the days that are then closed."""

    project_id: str
    edges: Edges
    going: Sequence[Going]


def expire(
    settings: Settings, project_id: str | None = None, *, is_dry_run: bool, clock: Clock = now_ms
) -> list[Expired]:
    """Close days, and drop rows that are older than each project's limits. With `is_dry_run`, only return the rows that
    would be dropped. Blocks.

    If it is killed at any point, it can be repeated. It waits for a running build. Raises `Unavailable`
    (`days_unbuilt`) when unbuilt rows have landed for days that would close, because they would be refused.
    """
    with closing(open_registry(settings)) as registry:
        projects = [find_project(registry, project_id)] if project_id else list_projects(registry)
    return [_expire(settings, project, is_dry_run=is_dry_run, clock=clock) for project in projects]


def projects_to_expire(settings: Settings) -> list[str]:
    """Return the projects that keep rows for a limited number of days."""
    with closing(open_registry(settings)) as registry:
        return [each.project_id for each in list_projects(registry) if _kept(settings, each) != Kept()]


def _kept(settings: Settings, project: Project) -> Kept:
    return Kept(project.raw_kept_days or settings.raw_ttl_days, project.events_kept_days, project.profiles_kept_days)


def _expire(settings: Settings, project: Project, *, is_dry_run: bool, clock: Clock) -> Expired:
    today = to_datetime(clock()).astimezone(ZoneInfo(project.timezone)).date()
    own = settings_of_shard(settings, project.shard)
    with (
        connect(settings, "admin", shard=project.shard, query_timeout_seconds=MAX_STATEMENT_SECONDS) as warehouse,
        held_lock(prepare_dagster_home(own) / "build.lock", None),
    ):
        noted = read_edges(warehouse).get(project.project_id, Edges())
        edges = edges_of(_kept(settings, project), today).no_earlier_than(noted)
        going = find_going(warehouse, project.project_id, edges)
        if not is_dry_run and edges != Edges():
            if edges != noted:
                if has_unbuilt_before(warehouse, edges.closed_before):
                    raise Unavailable(
                        f"Something landed for days before {edges.closed_before} and is not built yet. Build it "
                        "(eventlens build), then expire.",
                        code="days_unbuilt",
                    )
                close_days(warehouse, project.project_id, edges)
            drop_days(warehouse, project.project_id, edges)
    return Expired(project.project_id, edges, going)
