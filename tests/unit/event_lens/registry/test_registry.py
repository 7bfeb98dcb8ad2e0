"""Projects, clients, salts and funnels on a real database file."""

import sqlite3

import pytest
from sqlalchemy import create_engine, inspect

from event_lens.errors import Refused
from event_lens.registry.clients import create_client, find_client, is_secret_of, list_clients, revoke_client
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.definitions.funnels import create_funnel, list_funnels
from event_lens.registry.projects import change_project, create_project, find_project, list_projects
from event_lens.registry.tables import Table
from event_lens.settings import Settings
from tests.unit.event_lens.registry.conftest import only_new_sqlite, only_sqlite


def test_the_migrated_tables_are_the_declared_ones(registry: Registry, settings: Settings) -> None:
    engine = create_engine(settings.registry_address)
    found = inspect(engine)
    for table in Table.metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}
    engine.dispose()


@only_new_sqlite
def test_the_registry_is_for_its_owner_only_in_a_home_made_beforehand_too(settings: Settings) -> None:
    settings.home.mkdir(mode=0o755)
    for _ in range(2):
        registry = open_registry(settings)
        create_project(registry, "shop")
        files = sorted(settings.home.glob("registry.db*"))
        assert {file.name for file in files} == {"registry.db", "registry.db-shm", "registry.db-wal"}
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        # With the rights that an earlier version gave them.
        for file in files:
            file.chmod(0o644)
        opened_again = open_registry(settings)
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        opened_again.close()
        registry.close()


def test_a_project_is_found_with_the_settings_it_was_given(registry: Registry) -> None:
    made = create_project(registry, "  My shop & café ", timezone="Asia/Kolkata", currency="INR")
    found = find_project(registry, made.project_id)
    assert (found.name, found.timezone, found.currency) == ("My shop & café", "Asia/Kolkata", "INR")
    assert found.project_id.startswith("my-shop-caf-")
    assert [project.project_id for project in list_projects(registry)] == [made.project_id]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("", {}),
        ("shop", {"timezone": "Mars/Olympus"}),
        ("shop", {"currency": "euro"}),
        ("shop", {"session_timeout_seconds": 0}),
        ("shop", {"session_timeout_seconds": 86_401}),
        ("shop", {"device_salt": "never"}),
        ("shop", {"project_id": "other"}),
    ],
)
def test_an_invalid_setting_is_refused_and_nothing_is_created(
    registry: Registry, name: str, setting: dict[str, object]
) -> None:
    with pytest.raises(Refused):
        create_project(registry, name, **setting)
    assert list_projects(registry) == []


def test_a_refused_change_leaves_the_project_as_it_was(registry: Registry) -> None:
    project = create_project(registry, "shop")
    with pytest.raises(Refused):
        change_project(registry, project.project_id, timezone="Mars/Olympus")
    assert find_project(registry, project.project_id).timezone == "UTC"


@only_sqlite
def test_a_secret_is_kept_as_a_hash_only(registry: Registry, settings: Settings) -> None:
    project = create_project(registry, "shop")
    client, secret = create_client(registry, project.project_id, "write")
    assert is_secret_of(client, secret)
    assert not is_secret_of(client, secret[:-1])
    assert not is_secret_of(client, "")
    registry.close()
    with sqlite3.connect(settings.home / "registry.db") as database:
        stored = "".join(database.iterdump())
    database.close()
    assert client.client_id in stored
    assert secret not in stored


def test_a_revoked_client_is_not_found_and_still_listed(registry: Registry) -> None:
    project = create_project(registry, "shop")
    client, _ = create_client(registry, project.project_id, "read")
    assert find_client(registry, client.client_id) is not None
    revoke_client(registry, client.client_id)
    assert find_client(registry, client.client_id) is None
    assert [listed.client_id for listed in list_clients(registry)] == [client.client_id]


@pytest.mark.parametrize("type", ["", "admin", "WRITE"])
def test_a_client_of_an_unknown_type_is_refused(registry: Registry, type: str) -> None:
    project = create_project(registry, "shop")
    with pytest.raises(Refused):
        create_client(registry, project.project_id, type)


def test_a_client_of_an_unknown_project_is_refused(registry: Registry) -> None:
    with pytest.raises(Refused) as refused:
        create_client(registry, "nowhere", "write")
    assert refused.value.code == "project_unknown"


@pytest.mark.parametrize(
    ("steps", "window"), [(("a",), 60), (tuple("abcdefghijk"), 60), (("a", ""), 60), (("a", "b"), 0)]
)
def test_an_invalid_funnel_is_refused(registry: Registry, steps: tuple[str, ...], window: int) -> None:
    project = create_project(registry, "shop")
    with pytest.raises(Refused):
        create_funnel(registry, project.project_id, "f", steps, window_seconds=window)
    assert list_funnels(registry) == []
