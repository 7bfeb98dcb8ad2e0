"""A project is deleted: its keys at once, then every row of it, however often that is stopped, and no other's."""

from contextlib import suppress
from pathlib import Path

import pytest

from cli.project_delete import delete_project
from event_lens.errors import Refused
from event_lens.registry.audit import list_audit
from event_lens.registry.clients import create_client, find_client, list_clients
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import create_project, list_projects
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.client import Warehouse
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.rows import Project

TABLES = ("lens_raw.events", "lens_raw.profile_operations", "lens_raw.quarantine", "lens_raw.project_settings")


class StopError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def settings(tmp_path: Path, warehouse_url: str) -> Settings:
    return read_settings({"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_WAREHOUSE_URL": warehouse_url})


def send(registry: Registry, warehouse: Warehouse, name: str) -> str:
    project = Project(create_project(registry, name).project_id)
    project.view("2026-03-02 10:00", "/", "d1")
    project.operation("2026-03-02 10:01", "identify", "ann")
    project.reject("2026-03-02 10:02")
    land_settings(warehouse, [project])
    land(warehouse, rows_of([project]), [])
    return project.project_id


def rows(warehouse: Warehouse, project_id: str) -> list[int]:
    count = "SELECT count() FROM {table} WHERE project_id = {{project:String}}"
    return [warehouse.value(count.format(table=table), {"project": project_id}) for table in TABLES]


def test_a_project_is_deleted_wherever_the_deletion_was_stopped_and_the_other_project_stays(
    settings: Settings, warehouse: Warehouse
) -> None:
    registry = open_registry(settings)
    gone, kept = (send(registry, warehouse, name) for name in ("Gone", "Kept"))
    key, _ = create_client(registry, gone, "write")
    other, _ = create_client(registry, kept, "write")
    with pytest.raises(Refused, match="is called 'Gone', not 'Kept'"):
        delete_project(settings, registry, gone, "Kept", lambda _: None)
    assert rows(warehouse, gone) == [1, 1, 1, 1]
    stages: list[str] = []

    def stop_once(stage: str) -> None:
        if stage not in stages:
            stages.append(stage)
            raise StopError

    is_gone = False
    while not is_gone:
        with suppress(StopError):
            is_gone = delete_project(settings, registry, gone, "Gone", stop_once, followed_after_seconds=0)
        if len(stages) == 2:
            assert [client.revoked_at is None for client in list_clients(registry, gone)] == [False]
    assert len(stages) == 5
    assert rows(warehouse, gone) == [0, 0, 0, 0]
    assert rows(warehouse, kept) == [1, 1, 1, 1]
    assert [project.project_id for project in list_projects(registry)] == [kept]
    assert find_client(registry, key.client_id) is None
    assert find_client(registry, other.client_id) is not None
    removed = [(entry.subject, entry.action) for entry in list_audit(registry, gone)][:2]
    assert sorted(removed) == [("client", "remove"), ("project", "remove")]
    registry.close()
