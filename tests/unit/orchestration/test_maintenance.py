"""The jobs of Dagster's page do what the commands of their names do."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from event_lens.lake.layout import read_notes
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import Settings, read_settings
from orchestration.maintenance import maintenance_jobs
from tests.conftest import EmbeddedServer


@pytest.fixture(scope="module")
def settings(embedded_warehouse: EmbeddedServer) -> Settings:
    return read_settings({
        name: value for name, value in embedded_warehouse.environment.items() if name.startswith("EVENTLENS_")
    })  # fmt: skip


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def run(settings: Settings, instance: dg.DagsterInstance, job_name: str, **config: object) -> dg.ExecuteInProcessResult:
    (job,) = [job for job in maintenance_jobs(settings) if job.name == job_name]
    return job.execute_in_process(
        instance=instance, run_config={"ops": {job_name: {"config": config}}}, raise_on_error=False
    )


def test_a_full_and_an_incremental_backup_are_made_by_the_job(settings: Settings, instance: dg.DagsterInstance) -> None:
    assert run(settings, instance, "backup", name="by-hand").success
    assert run(settings, instance, "backup", name="on-top", base="by-hand").success
    assert (settings.home / "backups" / "on-top" / "1" / ".backup").exists()
    assert not run(settings, instance, "backup", name="on-top").success


def test_a_lake_is_written_by_the_job(settings: Settings, instance: dg.DagsterInstance, tmp_path: Path) -> None:
    assert run(settings, instance, "export_lake", folder=str(tmp_path / "lake")).success
    assert (tmp_path / "lake" / "lake.json").exists()
    assert read_notes(tmp_path / "lake").exported.keys() == {"1"}


def test_quarantine_is_replayed_and_a_refusal_fails_the_run(
    settings: Settings,
    instance: dg.DagsterInstance,
    embedded_warehouse: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in embedded_warehouse.environment.items():
        monkeypatch.setenv(name, value)
    registry = open_registry(settings)
    project = create_project(registry, "replayed").project_id
    registry.close()
    assert run(settings, instance, "replay_quarantine", project=project, codes=["name_too_long"]).success
    failed = run(settings, instance, "replay_quarantine", project="nothing-of-the-kind")
    assert not failed.success
    told = str([event.step_failure_data.error for event in failed.all_events if event.is_step_failure])
    assert "nothing-of-the-kind" in told
