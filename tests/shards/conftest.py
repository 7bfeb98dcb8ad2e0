"""Two shards with what was sent over HTTP and random histories on both of them, built once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from event_lens.registry.tables import Project as RegisteredProject
from event_lens.shards import OWN, settings_of_shard
from event_lens.warehouse.spanning import span_shards
from tests.end_to_end.site import event
from tests.shards.running import Shards, Tenant, running_shards
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.random_history import random_project
from tests.spec.rows import Project

NOTE_BUILD = "INSERT INTO lens_staging.builds VALUES ('shards', now64(3))"
MARK_BUILT = "INSERT INTO lens_staging.built_batches SELECT DISTINCT batch_id, 'shards', now64(3) FROM lens_raw.batches"


@dataclass(frozen=True)
class Filled:
    """Two shards, a tenant on each, and the random projects by shard."""

    shards: Shards
    tenants: tuple[Tenant, Tenant]
    histories: dict[int, list[Project]]
    shard_of: dict[str, int]


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    with running_shards(tmp_path_factory.mktemp("shards")) as shards:
        yield shards


@pytest.fixture(scope="session")
def filled(shards: Shards, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    histories = {shard: [random_project(f"random-on-{shard}", shard, steps=40)] for shard in (1, 2)}
    with shards.registry() as registry:
        tenants = Tenant(shards, registry, "first", 1), Tenant(shards, registry, "second", 2)
        with registry.session() as session:
            for shard, projects in histories.items():
                for project in projects:
                    session.add(
                        RegisteredProject(
                            project_id=project.project_id,
                            name="",
                            created_at=datetime(2026, 1, 1, tzinfo=UTC),
                            shard=shard,
                        )
                    )
    for number, tenant in enumerate(tenants, 3):
        tenant.send([event("screen_view", f"09:0{minute}:00", f"device-{minute}") for minute in range(number)])
    shards.wait_until_landed()
    shard_of = {tenant.project_id: tenant.shard for tenant in tenants}
    shard_of |= {project.project_id: shard for shard, projects in histories.items() for project in projects}
    with patch.dict(os.environ, {"EVENTLENS_DBT_LENS": OWN}):
        build = Build(shards.url(1), tmp_path_factory.mktemp("dbt"))
        for shard, projects in histories.items():
            with shards.on(shard) as warehouse:
                land_settings(warehouse, projects)
                land(warehouse, rows_of(projects), [])
                build.over(shards.url(shard)).run("--full-refresh")
                warehouse.command(MARK_BUILT)
                warehouse.command(NOTE_BUILD)
                span_shards(warehouse, settings_of_shard(shards.settings, shard), shard_of)
    return Filled(shards, tenants, histories, shard_of)
