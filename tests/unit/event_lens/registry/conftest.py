"""Every test of the registry runs on SQLite and on PostgreSQL, unless it asks for one of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from event_lens.registry.database import open_registry
from event_lens.registry.tables import Table
from event_lens.settings import Settings, read_settings
from tests.postgres import PostgresServer

only_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
only_new_sqlite = pytest.mark.parametrize("settings", ["nothing"], indirect=True)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry that tests copy: migrating one each would take most of their time."""
    home = tmp_path_factory.mktemp("sqlite") / "home"
    open_registry(read_settings({"EVENTLENS_HOME": str(home)})).close()
    return home / "registry.db"


@pytest.fixture(scope="session")
def migrated_database(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    """A connection to the one database that tests empty and share."""
    url = postgres.new_database()
    home = tmp_path_factory.mktemp("postgresql") / "home"
    open_registry(read_settings({"EVENTLENS_HOME": str(home), "EVENTLENS_REGISTRY_URL": url})).close()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty registry; with `nothing`, a home that is not made yet."""
    environ = {"EVENTLENS_HOME": str(tmp_path / "home")}
    if request.param == "sqlite":
        (tmp_path / "home").mkdir()
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "home" / "registry.db")
    elif request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        connection: psycopg.Connection = request.getfixturevalue("migrated_database")
        emptied = "; ".join(f"DELETE FROM {table.name}" for table in reversed(Table.metadata.sorted_tables))
        connection.execute(emptied.encode())
        environ["EVENTLENS_REGISTRY_URL"] = server.url(connection.info.dbname)
    return read_settings(environ)
