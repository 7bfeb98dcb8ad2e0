"""`eventlens project delete`: removes a project and all its data."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from cli.project_move import MAX_STATEMENT_SECONDS, builds_wait
from collector.auth.client_cache import KEPT_MS
from collector.loading.waiting import land_waiting
from event_lens.clock import now_ms
from event_lens.registry.database import Registry
from event_lens.registry.projects import close_project, forget_project
from event_lens.settings import Settings
from event_lens.shards import all_shards
from event_lens.warehouse.access import connect
from event_lens.warehouse.erasing import drop_replaced_files
from event_lens.warehouse.moving import drop_rows

FILES_GO_WITHIN_SECONDS = 900.0

OnStage = Callable[[str], None]


def delete_project(
    settings: Settings,
    registry: Registry,
    project_id: str,
    name: str,
    on_stage: OnStage,
    *,
    followed_after_seconds: float = KEPT_MS / 1000,
) -> bool:
    """Delete the project that is called `name`; return False when its replaced files are still on the disk. Blocks.

    If it is killed at any point, it can be repeated: the project is removed from the registry last, and each stage may
    be repeated. From the first stage on, the project's keys can neither send nor read. Raises `Refused`
    (`project_unknown`, `project_not_confirmed`) and `Unavailable` (`project_moving`, `spool_waits`).
    """
    on_stage("Closing the project: its keys are refused")
    close_project(registry, project_id, name)
    # Collectors cache keys, and accept events under a cached key, for this long.
    time.sleep(followed_after_seconds)
    on_stage("Landing what waits in the spool")
    land_waiting(settings, registry, now_ms())
    with ExitStack() as stack:
        warehouses = {
            shard: stack.enter_context(
                connect(settings, "admin", shard=shard, query_timeout_seconds=MAX_STATEMENT_SECONDS)
            )
            for shard in all_shards(settings)
        }
        on_stage("Deleting its rows")
        for shard, warehouse in warehouses.items():
            with builds_wait(settings, shard):
                drop_rows(warehouse, project_id)
        on_stage("Deleting replaced files")
        are_gone = [drop_replaced_files(warehouse, FILES_GO_WITHIN_SECONDS) for warehouse in warehouses.values()]
        if not all(are_gone):
            on_stage("The warehouse still keeps replaced files. Run this again later: it looks once more.")
            return False
    on_stage("Forgetting the project")
    forget_project(registry, project_id)
    return True
