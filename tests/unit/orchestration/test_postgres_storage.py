"""Dagster's runs and events in a real PostgreSQL, when a setting says so."""

from pathlib import Path

import dagster as dg
import pytest

from event_lens.errors import Refused
from event_lens.settings import read_settings
from orchestration.dagster_home import prepare_dagster_home
from orchestration.forgotten_form import forget_form
from orchestration.instance import open_instance
from orchestration.old_runs import delete_old_runs
from tests.postgres import PostgresServer

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-03-01")
RANGE = {"dagster/asset_partition_range_start": "2026-01-01", "dagster/asset_partition_range_end": "2026-02-28"}
FORGOTTEN = "person-4711-forgotten"


class Form(dg.Config):
    """What a person types."""

    profile: str = ""


@dg.asset(partitions_def=DAYS)
def table(config: Form) -> None:
    """A table by day."""


def test_runs_lie_in_the_database_and_old_ones_and_forms_leave_it(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.new_database()
    monkeypatch.setenv("EVENTLENS_DAGSTER_DATABASE_URL", url)
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_DAGSTER_DATABASE_URL": url})
    home = prepare_dagster_home(settings)
    job = dg.Definitions(assets=[table], jobs=[dg.define_asset_job("build", selection=[table])])
    with open_instance(home) as instance:
        definition = job.resolve_job_def("build")
        runs = []
        for profile in ("somebody", "another", FORGOTTEN):
            form = {"ops": {"table": {"config": {"profile": profile}}}}
            runs.append(definition.execute_in_process(form, instance=instance, tags=RANGE).run_id)
        planned = instance.get_records_for_run(runs[0], of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
        assert len(planned.records) == 1
        forget_form(instance, runs[2])
        assert delete_old_runs(instance, kept=1) == 2
        assert instance.get_materialized_partitions(table.key) == set(DAYS.get_partition_keys())
    with open_instance(home) as instance:
        (run,) = instance.get_runs()
        assert (run.run_id, run.is_success, run.run_config) == (runs[2], True, {})
    assert not list(home.rglob("*.db"))
    postgres.execute("CHECKPOINT")
    files = [path for path in postgres.folder.rglob("base/**/*") if path.is_file()]
    assert not [path for path in files if FORGOTTEN.encode() in path.read_bytes()]


def test_homes_of_several_shards_do_not_share_a_database(tmp_path: Path) -> None:
    settings = read_settings({
        "EVENTLENS_HOME": str(tmp_path / "a"),
        "EVENTLENS_SHARD_HOMES": f"{tmp_path / 'a'}:9000,{tmp_path / 'b'}:9001",
        "EVENTLENS_DAGSTER_DATABASE_URL": "postgresql://dagster@127.0.0.1/dagster",
    })  # fmt: skip
    with pytest.raises(Refused, match="one shard"):
        prepare_dagster_home(settings)
