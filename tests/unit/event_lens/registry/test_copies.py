"""Rows of a registry go into another one: between SQLite and PostgreSQL, and from an older program."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from event_lens.errors import Refused
from event_lens.registry.audit import list_audit
from event_lens.registry.clients import create_client, find_client, is_secret_of
from event_lens.registry.copies import CopiedRow, copied_rows, is_empty, restore_rows
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.definitions.funnels import list_funnels
from event_lens.registry.projects import create_project, find_project
from event_lens.registry.salts import salts_on
from event_lens.registry.sql_users import create_sql_user, find_sql_user
from event_lens.registry.upgrade import newest_revision
from event_lens.settings import Settings, read_settings

OLD_PROJECT = (
    '{"project_id": "p", "name": "shop", "created_at": "2026-01-01T00:00:00", "domains": ["example.com"], '
    '"timezone": "UTC", "currency": "", "session_timeout_seconds": 60, "duplicate_window_ms": 0, '
    '"device_salt": "daily", "allow_unsafe_revenue": false, "allowed_bots": ["x"]}'
)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    with closing(open_registry(settings)) as opened:
        yield opened


@pytest.fixture
def open_other(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Registry]]:
    """Opens an empty registry on the other kind of database."""
    environ = {"EVENTLENS_HOME": str(tmp_path / "other")}
    if not settings.registry_url:
        environ["EVENTLENS_REGISTRY_URL"] = request.getfixturevalue("postgres").new_database()
    opened: list[Registry] = []

    def open_it() -> Registry:
        opened.append(open_registry(read_settings(environ)))
        return opened[0]

    yield open_it
    for each in opened:
        each.close()


def test_every_row_but_the_salts_goes_from_one_database_to_the_other(
    registry: Registry, open_other: Callable[[], Registry]
) -> None:
    project = create_project(registry, "Söhne", timezone="Europe/Berlin", domains=["example.com"])
    client, secret = create_client(registry, project.project_id, "write", origins=("https://example.com",))
    create_sql_user(registry, "analyst", [project.project_id], is_for_all_projects=False)
    salts_on(registry, "daily", date(2026, 1, 2))
    other = open_other()
    assert is_empty(other)
    assert restore_rows(other, newest_revision(), copied_rows(registry)) == 6
    assert find_project(other, project.project_id) == project
    restored = find_client(other, client.client_id)
    assert restored is not None
    assert is_secret_of(restored, secret)
    assert find_sql_user(other, "analyst") == find_sql_user(registry, "analyst")
    assert copied_rows(other) == copied_rows(registry)
    newest = list_audit(other)[0].change_id
    create_project(other, "after")
    assert list_audit(other)[0].change_id > newest
    assert salts_on(other, "daily", date(2026, 1, 2)) != salts_on(registry, "daily", date(2026, 1, 2))


def test_rows_of_an_older_program_are_upgraded_on_their_way(registry: Registry) -> None:
    funnel = (
        '{"funnel_id": "f", "project_id": "p", "name": "buy", "step_names": ["a", "b"], '
        '"created_at": "2026-01-01T00:00:00", "window_seconds": 60}'
    )
    restore_rows(registry, "0001", [CopiedRow("projects", OLD_PROJECT), CopiedRow("funnels", funnel)])
    found = find_project(registry, "p")
    assert (found.domains, found.allowed_bots, found.query_allow_list) == (["example.com"], ["x"], ["*"])
    assert (list_funnels(registry, "p")[0].step_names, list_funnels(registry, "p")[0].step_filters) == (
        ["a", "b"],
        [[], []],
    )


def test_rows_of_a_newer_program_are_refused_and_nothing_is_written(registry: Registry) -> None:
    with pytest.raises(Refused, match="Upgrade it") as refused:
        restore_rows(registry, "9999", [CopiedRow("projects", OLD_PROJECT)])
    assert refused.value.code == "registry_newer"
    assert is_empty(registry)
