"""A backup of a home that runs, restored into an empty one: the same rows in every table, and in the registry."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from event_lens.backup.restore import restore_backup
from event_lens.backup.take import take_backup
from event_lens.errors import Refused
from event_lens.registry.copies import LEFT_OUT
from event_lens.registry.database import open_registry
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer
from tests.end_to_end.running import House, run_eventlens
from tests.end_to_end.site import Site, event

pytestmark = pytest.mark.usefixtures("only_embedded")

TORN = "INSERT INTO lens_raw.events (project_id, batch_id, received_at) VALUES ({p:String}, 'torn', now64(3))"
LATER = "INSERT INTO lens_raw.migrations (name, checksum) VALUES ('9999_later.sql', '')"
# Undoes the rows that these tests write, which other tests of this house must not meet.
UNDO = (
    "ALTER TABLE lens_raw.events DELETE WHERE batch_id = 'torn'",
    "ALTER TABLE lens_raw.migrations DELETE WHERE name = '9999_later.sql'",
)
Held = dict[str, tuple[int, int]]
"""By table the number of rows and a sum of their hashes."""


@dataclass
class Backups:
    """What was there when a backup was made on top of another one, and what the command said."""

    tables: Held
    registry: dict[str, list[str]]
    said: str


@pytest.fixture(scope="module")
def backups(site: Site) -> Backups:
    """A full backup, one on top of it while a batch was landing, and one that a newer program could have made."""
    house = site.house
    house.eventlens("backup", "full")
    later = Site(house, "Begun after the backup")
    later.send("/track", event("screen_view", "12:00:00", "d9", "/after-the-backup"))
    house.wait_until_landed()
    house.eventlens("build")
    with house.warehouse() as warehouse:
        tables = held(warehouse)
        # Rows whose batch is not recorded yet, as between the two statements of a landing.
        warehouse.command(TORN, {"p": site.project})
        try:
            said = house.eventlens("backup", "on-top", "--base", "full")
            warehouse.command(LATER)
            house.eventlens("backup", "newer", "--base", "on-top")
        finally:
            for statement in UNDO:
                warehouse.command(statement, settings={"mutations_sync": 2})
    return Backups(tables, registry_rows(house.settings.home), said)


@pytest.fixture
def empty(backups: Backups, house: House, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A warehouse over a home of nothing, which reads the backups of the other one."""
    server = EmbeddedServer(tmp_path / "home", EVENTLENS_BACKUPS=str(house.settings.home / "backups"), COLUMNS="200")
    try:
        yield server.wait()
    finally:
        server.stop()


def held(warehouse: Warehouse) -> Held:
    """All tables as their readers see them: copies of a row that counts once may be merged at any time."""
    found: Held = {}
    columns = warehouse.rows(
        """
        SELECT concat(database, '.`', table, '`') AS relation, groupArray(name) AS column_names,
            (database, table) IN (SELECT database, name FROM system.tables WHERE engine LIKE 'Replacing%') AS last
        FROM system.columns WHERE startsWith(database, 'lens') AND NOT startsWith(type, 'AggregateFunction')
        GROUP BY ALL
        """
    )
    for table in columns:
        hashed = ", ".join(f"toString(`{name}`)" for name in table["column_names"])
        source = f"{table['relation']} {'FINAL' if table['last'] else ''}"
        (row,) = warehouse.rows(f"SELECT count() AS rows, sum(cityHash64({hashed})) AS hash FROM {source}")
        found[table["relation"]] = row["rows"], row["hash"]
    return found


def registry_rows(home: Path) -> dict[str, list[str]]:
    with sqlite3.connect(home / "registry.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(str, database.execute(f"SELECT * FROM {name}"))) for name in tables}


def test_every_table_and_the_registry_come_back_whole_into_an_empty_home(
    backups: Backups, empty: EmbeddedServer
) -> None:
    """And a batch that was landing is left out whole."""
    said, code = run_eventlens(empty.environment, "restore", "newer", is_refused=True)
    assert code == 1
    assert "9999_later.sql" in said
    assert "Upgrade Event Lens" in said
    # The refused restore has changed nothing.
    said, _ = run_eventlens(empty.environment, "restore", "on-top")
    with Warehouse(empty.url) as warehouse:
        assert held(warehouse) == backups.tables
        assert not warehouse.value("SELECT count() FROM system.databases WHERE name IN ('lens_backup', 'lens_restore')")
    assert re.search(r"lens\.events +│ +\d", said)
    restored = registry_rows(empty.home)
    for table, rows in backups.registry.items():
        assert restored[table] == ([] if table in LEFT_OUT else rows), table


def test_an_incremental_backup_is_smaller_than_a_full_one(backups: Backups, house: House) -> None:
    folder = house.settings.home / "backups"
    size = {
        name: sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
        for name in ("full", "on-top")
    }
    assert 0 < size["on-top"] < size["full"]
    assert f"Backup on-top is in {folder}" in backups.said


@pytest.mark.parametrize(
    ("name", "base", "code", "remedy"),
    [
        ("full", None, "backup_exists", "Take another name"),
        ("../full", None, "backup_name", "EVENTLENS_BACKUPS"),
        ("another", "nothing", "backup_unknown", "another on nothing"),
    ],
)
def test_a_backup_that_cannot_be_made_is_refused_and_harms_no_other(
    backups: Backups, house: House, name: str, base: str | None, code: str, remedy: str
) -> None:
    with closing(open_registry(house.settings)) as registry, pytest.raises(Refused, match=remedy) as refused:
        take_backup(house.settings, registry, name, base)
    assert refused.value.code == code
    assert (house.settings.home / "backups" / "full" / "1" / ".backup").exists()
    with house.warehouse() as warehouse:
        assert not warehouse.value("SELECT count() FROM system.databases WHERE name = 'lens_backup'")


def test_a_home_that_holds_something_is_never_restored_into(backups: Backups, house: House) -> None:
    with closing(open_registry(house.settings)) as registry, pytest.raises(Refused, match="empty home only"):
        restore_backup(house.settings, registry, "full")
