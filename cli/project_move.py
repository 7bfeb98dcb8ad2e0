"""`eventlens project move`: moves all rows of a project to another shard, while events come in and questions are
asked.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from event_lens.registry.database import Registry
from event_lens.registry.placements import advance_move, begin_move, end_move
from event_lens.registry.projects import find_project, list_projects
from event_lens.settings import Settings
from event_lens.shards import all_shards, cluster_of_replicas, cluster_of_shards, settings_of_shard
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.moving import check_no_import, copy_rows, drop_rows, hide_project, wait_for_inserts
from event_lens.warehouse.spanning import span_shards
from orchestration.build import build
from orchestration.build_lock import held_lock
from orchestration.dagster_home import prepare_dagster_home

MAX_STATEMENT_SECONDS = 3600
QUESTION_SECONDS = 30.0
"""The time limit of an API's question: questions that began before the switch still read the old shard."""

OnStage = Callable[[str], None]
BuildShard = Callable[[Settings], None]
"""Builds the unbuilt days, with the settings of the shard's home."""


def build_touched(settings: Settings) -> None:
    build(settings, lambda *_: None, start=None, end=None, is_full_refresh=False)


def move_project(
    settings: Settings,
    registry: Registry,
    project_id: str,
    to_shard: int,
    on_stage: OnStage,
    *,
    build_shard: BuildShard = build_touched,
    question_seconds: float = QUESTION_SECONDS,
) -> bool:
    """Move the project, or resume a stopped move; return False when the project is already on that shard. Blocks. If it
    is killed at any point, it can be repeated: the registry holds the stage that was reached, and each stage may be
    repeated. At first rows land on the old shard. They wait in the spool while the last rows are copied, and then land
    on the new shard.
    """
    with _admin(settings, find_project(registry, project_id).shard) as warehouse:
        check_no_import(warehouse, project_id)
    move = begin_move(registry, project_id, to_shard)
    if move is None:
        return False
    with ExitStack() as stack:
        source, target = (stack.enter_context(_admin(settings, at)) for at in (move.from_shard, move.to_shard))
        if move.stage == "copying":
            on_stage(f"Copying raw rows to shard {to_shard}")
            hide_project(target, project_id, is_hidden=True)
            with builds_wait(settings, to_shard):
                copy_rows(source, target, move, cluster_of_shards(settings), is_noted=False)
            move = advance_move(registry, move, "building")
        if move.stage == "building":
            on_stage(f"Building shard {to_shard}")
            build_shard(settings_of_shard(settings, to_shard))
        if move.stage in ("building", "held"):
            on_stage("Copying what has landed since; new rows wait in the spool")
            with builds_wait(settings, to_shard):
                move = advance_move(registry, move, "held")
                wait_for_inserts(source, cluster_of_replicas(settings, move.from_shard))
                copy_rows(source, target, move, cluster_of_shards(settings), is_noted=True)
                move = advance_move(registry, move, "switched")
        on_stage(f"Removing the rows of shard {move.from_shard}")
        hide_project(target, project_id, is_hidden=False)
        _span_all(settings, registry)
        hide_project(source, project_id, is_hidden=True)
        time.sleep(question_seconds)
        with builds_wait(settings, move.from_shard):
            drop_rows(source, project_id)
    end_move(registry, move)
    return True


def _admin(settings: Settings, shard: int) -> Warehouse:
    return connect(settings, "admin", shard=shard, query_timeout_seconds=MAX_STATEMENT_SECONDS)


@contextmanager
def builds_wait(settings: Settings, shard: int) -> Iterator[None]:
    """Wait for a running build of the shard, then keep builds of the shard from writing while the block runs."""
    with held_lock(prepare_dagster_home(settings_of_shard(settings, shard)) / "build.lock", None):
        yield


def _span_all(settings: Settings, registry: Registry) -> None:
    shard_of = {project.project_id: project.shard for project in list_projects(registry)}
    for shard in all_shards(settings):
        with _admin(settings, shard) as warehouse:
            span_shards(warehouse, settings_of_shard(settings, shard), shard_of)
