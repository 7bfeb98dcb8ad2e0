"""Orders of projects, goals behind the check of patterns, and what a build without some projects leaves."""

import os
import warnings
from dataclasses import dataclass
from unittest.mock import patch
from uuid import uuid4

from event_lens.registry.database import open_registry
from event_lens.registry.definitions.store import keep, now
from event_lens.registry.tables import Goal
from event_lens.settings import read_settings
from event_lens.warehouse.set_aside import SetAside, read_set_aside
from orchestration.build import Build, build
from orchestration.planning.plan import has_unbuilt_batches
from tests.builds.site import Site
from tests.spec.rows import Project


@dataclass
class Seen:
    """What a build left: its checks, who is set aside, and the orders of each project in the tables."""

    build: Build
    aside: dict[str, SetAside]
    orders: dict[str, int]
    conversions: dict[str, int]
    waiting: bool
    pending: int


def built(site: Site, **environ: str) -> Seen:
    """Build with further settings in `environ`."""
    settings = read_settings(site.environment | environ)
    with patch("orchestration.dbt.ROOT", site.root), patch.dict(os.environ), warnings.catch_warnings():
        # Dagster and dbt warn about their own dependencies.
        warnings.simplefilter("ignore")
        done = build(settings, lambda *_: None, start=None, end=None, is_full_refresh=False)
    with site.warehouse() as warehouse:
        orders, conversions = (
            {row["project_id"]: row["n"] for row in warehouse.rows(f"{question} AS n FROM lens.{table} GROUP BY ALL")}
            for table, question in (
                ("metrics_daily", "SELECT project_id, sum(events)"),
                ("attribution", "SELECT project_id, uniqExact(conversion_id)"),
            )
        )
        pending = warehouse.value("SELECT count() FROM lens_staging.pending_days")
        return Seen(done, read_set_aside(warehouse), orders, conversions, has_unbuilt_batches(warehouse), pending)


def order(site: Site, at: str, **counts: int) -> None:
    """Lands orders of several projects in one batch, as the writer does."""
    for project, count in counts.items():
        sent = Project(project)
        for number in range(count):
            sent.event(f"{at}:{number:02}", "order", path="/", profile_id="ann", event_id=str(uuid4()))
        site.land(sent)


def add_goal(site: Site, project: str, goal_id: str, pattern: str) -> None:
    """Adds a goal that our check of patterns has not seen."""
    filters = [{"name": "path", "operator": "regex", "value": [pattern]}]
    registry = open_registry(site.settings)
    keep(
        registry,
        Goal(goal_id=goal_id, project_id=project, name=goal_id, event_name="order", filters=filters, created_at=now()),
    )
    registry.close()
