"""A build that was killed does not stand in the way of the next."""

from pathlib import Path

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from orchestration.models import POOL
from orchestration.shell_builds import TAG, turn


def test_the_place_of_a_killed_build_is_free_for_the_next(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        storage.set_concurrency_slots(POOL, 1)
        killed = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED, tags=TAG)
        of_the_daemon = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
        assert storage.claim_concurrency_slot(POOL, killed.run_id, "dbt_facts").is_claimed
        assert not storage.claim_concurrency_slot(POOL, "next", "dbt_facts").is_claimed
        with turn(tmp_path, instance):
            assert storage.claim_concurrency_slot(POOL, "next", "dbt_facts").is_claimed
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {
        killed.run_id: dg.DagsterRunStatus.FAILURE,
        of_the_daemon.run_id: dg.DagsterRunStatus.STARTED,
    }
