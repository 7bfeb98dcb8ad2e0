"""A project moves to another shard while its events come in, and every one of them is there once."""

from pathlib import Path

import pytest

from cli.project_move import move_project
from collector.loading.loader import land_segment
from collector.loading.router import Router
from collector.spool.directory import open_directory
from event_lens.errors import Unavailable
from event_lens.registry.placements import advance_move, begin_move, end_move, list_moves
from event_lens.registry.projects import find_project
from orchestration.planning.plan import has_unbuilt_batches
from tests.shards.load import Load, counts
from tests.shards.running import Shards, Tenant
from tests.shards.segments import put, raw_counts


@pytest.fixture
def tenant(shards: Shards) -> Tenant:
    """A project of a test's own on the first shard."""
    with shards.registry() as registry:
        return Tenant(shards, registry, "moving", 1)


def move(shards: Shards, project_id: str, shard: int, stop_before: str = "") -> None:
    """Move the project without a build; with `stop_before` stop as a kill would when that stage is told."""

    def on_stage(told: str) -> None:
        if stop_before and told.startswith(stop_before):
            raise KeyboardInterrupt

    with shards.registry() as registry:
        move_project(
            shards.settings, registry, project_id, shard, on_stage, build_shard=lambda _: None, question_seconds=0.1
        )


def test_a_project_moves_under_load_and_back_and_every_event_is_there_once(shards: Shards, tenant: Tenant) -> None:
    with Load(tenant, "moving").running() as load:
        load.wait_for(50)
        for stage in ("Building", "Copying what", "Removing"):
            with pytest.raises(KeyboardInterrupt):
                move(shards, tenant.project_id, 2, stage)
        move(shards, tenant.project_id, 2)
        load.wait_for(20)
    shards.wait_until_landed()
    assert counts(shards, tenant.project_id, "moving", 2, "lens_raw.events") == (load.sent, load.sent)
    assert counts(shards, tenant.project_id, "moving", 1, "lens_raw.events") == (0, 0)
    with shards.on(2) as warehouse:
        assert has_unbuilt_batches(warehouse)
    move(shards, tenant.project_id, 1)
    assert counts(shards, tenant.project_id, "moving", 1, "lens_raw.events") == (load.sent, load.sent)
    assert counts(shards, tenant.project_id, "moving", 2, "lens_raw.events") == (0, 0)
    with shards.registry() as registry:
        assert list_moves(registry) == []


def test_a_segment_that_was_tried_before_its_project_moved_lands_once(
    shards: Shards, tenant: Tenant, tmp_path: Path
) -> None:
    """Its rows are on the old shard, the move copies them, and the collector never heard the answer."""
    folder = open_directory(tmp_path)
    name = put(folder, [tenant.project_id], 5)
    copy = (folder.path / name.file_name).read_bytes()
    with shards.on(1) as one, shards.on(2) as two, shards.registry() as registry:
        router = Router(registry, {1: one, 2: two})
        land_segment(router, folder, name)
        (folder.path / name.tried.file_name).write_bytes(copy)
        folder.grew(len(copy))
        move(shards, tenant.project_id, 2)
        land_segment(router, folder, name.tried)
        assert (raw_counts(one, tenant.project_id), raw_counts(two, tenant.project_id)) == (0, 5)
    assert folder.byte_count == 0
    folder.close()


def test_rows_wait_in_the_spool_while_the_last_ones_are_copied(shards: Shards, tenant: Tenant, tmp_path: Path) -> None:
    folder = open_directory(tmp_path)
    name = put(folder, [tenant.project_id], 5)
    with shards.on(1) as one, shards.on(2) as two, shards.registry() as registry:
        begun = begin_move(registry, tenant.project_id, 2)
        assert begun is not None
        held = advance_move(registry, begun, "held")
        router = Router(registry, {1: one, 2: two})
        with pytest.raises(Unavailable, match="on its way"):
            land_segment(router, folder, name)
        advance_move(registry, held, "switched")
        end_move(registry, held)
        land_segment(router, folder, name.tried)
        assert (raw_counts(one, tenant.project_id), raw_counts(two, tenant.project_id)) == (0, 5)
    folder.close()


def test_a_segment_stays_when_its_project_moves_away_while_it_lands(
    shards: Shards, tenant: Tenant, tmp_path: Path
) -> None:
    folder = open_directory(tmp_path)
    name = put(folder, [tenant.project_id], 5)
    with shards.on(1) as one, shards.on(2) as two, shards.registry() as registry:

        class Late:
            """The old shard; the move begins and ends between the look at the registry and the INSERT."""

            def insert_lines(self, table: str, body: bytes, *, token: str) -> int:
                if find_project(registry, tenant.project_id).shard == 1:
                    move(shards, tenant.project_id, 2)
                return one.insert_lines(table, body, token=token)

            rows = one.rows

        router = Router(registry, {1: Late(), 2: two})
        with pytest.raises(Unavailable, match="on its way"):
            land_segment(router, folder, name)
        land_segment(router, folder, name.tried)
        assert raw_counts(two, tenant.project_id) == 5
    folder.close()


def test_a_project_is_on_its_way_to_one_shard_only(shards: Shards, tenant: Tenant) -> None:
    with shards.registry() as registry:
        assert begin_move(registry, tenant.project_id, 1) is None
        begun = begin_move(registry, tenant.project_id, 2)
        assert begin_move(registry, tenant.project_id, 2) == begun
        with pytest.raises(Unavailable, match="on its way to shard 2"):
            begin_move(registry, tenant.project_id, 1)
        assert begun is not None
        end_move(registry, begun)
