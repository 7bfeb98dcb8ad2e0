"""A registry of an older program is taken over with what is in it, once however many processes start."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from event_lens.errors import Refused, Unavailable
from event_lens.registry.clients import find_client, is_secret_of
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.funnels import list_funnels
from event_lens.registry.projects import create_project, find_project, list_projects
from event_lens.registry.salts import salts_on
from event_lens.registry.upgrade import MIGRATIONS
from event_lens.settings import Settings, read_settings
from tests.ports import free_port
from tests.postgres import PostgresServer

PROJECT = (
    "INSERT INTO projects (project_id, name, created_at, domains, timezone, currency, session_timeout_seconds, "
    "duplicate_window_ms, device_salt, allow_unsafe_revenue, allowed_bots) "
    "VALUES ('p', 'shop', '2026-01-01 00:00:00', '[]', 'UTC', '', 60, 0, 'daily', false, '[\"x\"]')"
)
# The secret is `x`.
CLIENT = (
    "INSERT INTO clients (client_id, project_id, type, secret_hash, created_at, name, origins) VALUES ('c', 'p', "
    "'write', '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881', '2026-01-01 00:00:00', '', '[]')"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A registry without tables."""
    environ = {"EVENTLENS_HOME": str(tmp_path / "home")}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        environ["EVENTLENS_REGISTRY_URL"] = server.new_database()
    return read_settings(environ)


@pytest.fixture
def make_older(settings: Settings) -> Callable[..., None]:
    """Makes the tables of an earlier program and runs statements on them."""

    def make(revision: str, *statements: str) -> None:
        settings.home.mkdir(parents=True, exist_ok=True)
        engine = create_engine(settings.registry_address)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with engine.begin() as opened:
            config.attributes["connection"] = opened
            command.upgrade(config, revision)
            for statement in statements:
                opened.execute(text(statement.replace(":", r"\:")))
        engine.dispose()

    return make


def test_projects_with_clients_from_before_the_privacy_settings_stay_as_they_were(
    settings: Settings, make_older: Callable[..., None]
) -> None:
    make_older("0001", PROJECT, CLIENT, "INSERT INTO salts VALUES ('2026-03-01', 'pepper')")
    registry = open_registry(settings)
    project = find_project(registry, "p")
    assert (project.session_timeout_seconds, project.allowed_bots) == (60, ["x"])
    assert (project.own_addresses, project.hostnames, project.query_allow_list) == ([], [], ["*"])
    assert (project.honour_gpc, project.honour_dnt, project.hash_routes) == (False, False, False)
    assert project.fold_trailing_slash is False
    assert salts_on(registry, "daily", date(2026, 3, 1)) == {date(2026, 3, 1): "pepper"}
    client = find_client(registry, "c")
    assert client is not None
    assert is_secret_of(client, "x")
    registry.close()


def test_a_funnel_from_before_filters_counts_as_it_did(settings: Settings, make_older: Callable[..., None]) -> None:
    kept = "INSERT INTO funnels VALUES ('f', 'p', 'buy', '[\"a\", \"b\"]', '2026-01-01 00:00:00', 60)"
    make_older("0002", PROJECT, kept)
    registry = open_registry(settings)
    [funnel] = list_funnels(registry)
    assert (funnel.step_names, funnel.step_filters, funnel.window_seconds) == (["a", "b"], [[], []], 60)
    assert (funnel.counted_by, funnel.step_order, funnel.breakdown) == ("device", "ordered", "")
    registry.close()


def test_processes_that_start_at_once_migrate_once(settings: Settings) -> None:
    def open_it() -> str:
        registry = open_registry(settings)
        try:
            return create_project(registry, "shop").project_id
        finally:
            registry.close()

    # Threads lock one another out as processes do: each has a connection and a descriptor of its own.
    with ThreadPoolExecutor(6) as threads:
        made = [opening.result() for opening in [threads.submit(open_it) for _ in range(6)]]
    registry = open_registry(settings)
    assert {project.project_id for project in list_projects(registry)} == set(made)
    registry.close()


def test_a_registry_of_a_newer_program_is_refused(settings: Settings, make_older: Callable[..., None]) -> None:
    make_older("head", "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Refused) as refused:
        open_registry(settings)
    assert refused.value.code == "registry_newer"


def test_an_unreachable_server_is_reported_and_found_when_it_is_back(postgres: PostgresServer, tmp_path: Path) -> None:
    environ = {"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_REGISTRY_URL": postgres.new_database()}
    nowhere = f"postgresql://user:hidden@127.0.0.1:{free_port()}/registry"
    with pytest.raises(Unavailable, match="EVENTLENS_REGISTRY_URL") as away:
        open_registry(read_settings(environ | {"EVENTLENS_REGISTRY_URL": nowhere}))
    assert "hidden" not in away.value.message
    registry = open_registry(read_settings(environ))
    project = create_project(registry, "shop")
    # As a restart of the server closes connections.
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'eventlens'")
    assert find_project(registry, project.project_id).name == "shop"
    registry.close()


def test_a_user_who_may_not_make_tables_is_told_so(postgres: PostgresServer, tmp_path: Path) -> None:
    postgres.execute("CREATE ROLE reader LOGIN")
    url = postgres.new_database().replace("tests@", "reader@")
    with pytest.raises(Refused, match="right to make tables") as refused:
        open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_REGISTRY_URL": url}))
    assert refused.value.code == "registry_refused"
