"""A project that a root key closed is deleted by a job that a sensor starts, and no other project is."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import close_project, create_project, list_projects
from event_lens.settings import read_settings
from event_lens.warehouse.access import connect
from orchestration.deletions import deletion_job, deletion_sensor
from tests.conftest import EmbeddedServer
from tests.spec.landing import land, rows_of
from tests.spec.rows import Project


def send(registry: Registry, name: str) -> Project:
    project = Project(create_project(registry, name).project_id)
    project.view("2026-03-02 10:00")
    return project


def test_a_project_whose_deletion_was_requested_is_deleted_and_others_stay(
    tmp_path: Path, start_embedded: Callable[[Path], EmbeddedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_embedded(tmp_path / "home").wait()
    environ = {"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_WAREHOUSE_PORT": str(server.port)}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(environ)
    sensor, job = deletion_sensor(settings), deletion_job(settings)
    with (
        closing(open_registry(settings)) as registry,
        dg.DagsterInstance.ephemeral() as instance,
        connect(settings, "admin") as warehouse,
    ):
        gone, kept = send(registry, "Gone"), send(registry, "-kept")
        land(warehouse, rows_of([gone, kept]), [])

        def asked() -> list[str]:
            seen = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
            return [request.run_config["ops"]["delete"]["config"]["project"] for request in seen.run_requests or []]

        def run(project: Project) -> bool:
            form = {"ops": {"delete": {"config": {"project": project.project_id}}}}
            return job.execute_in_process(instance=instance, run_config=form, raise_on_error=False).success

        assert asked() == []
        assert not run(kept)
        close_project(registry, gone.project_id, "Gone")
        assert asked() == [gone.project_id]
        assert run(gone)
        assert asked() == []
        left = {project.project_id for project in list_projects(registry)}
        assert (gone.project_id in left, kept.project_id in left) == (False, True)
        count = "SELECT count() FROM lens_raw.events WHERE project_id = {project:String}"
        assert [warehouse.value(count, {"project": each.project_id}) for each in (gone, kept)] == [0, 1]
