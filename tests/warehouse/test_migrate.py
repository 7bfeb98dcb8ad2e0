"""Migrations are applied once and in order, and never changed afterwards."""

from typing import Any
from uuid import uuid4

import pytest

from event_lens.errors import Broken, EventLensError, Refused
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.migrate import Migration, migrate, shipped_migrations


class Renamed:
    """The real warehouse with a record and a database of the test's own in place of the shared ones."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.database = f"lens_raw_{uuid4().hex[:12]}"

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self._warehouse.rows(sql.replace("lens_raw", self.database))

    def command(self, sql: str) -> None:
        self._warehouse.command(sql.replace("lens_raw", self.database))


@pytest.fixture
def fresh(warehouse: Warehouse) -> Renamed:
    return Renamed(warehouse)


FIRST = Migration("0001_first.sql", b"CREATE TABLE lens_raw.steps (step String) ENGINE = MergeTree ORDER BY step; -- ;")
SECOND = Migration(
    "0002_second.sql", b"INSERT INTO lens_raw.steps SELECT 'a;b';\nINSERT INTO lens_raw.steps SELECT 'c'"
)


def test_the_shipped_migrations_are_applied_and_a_second_run_applies_none(warehouse: Warehouse) -> None:
    assert migrate(warehouse) == []
    applied = {row["name"]: row["checksum"] for row in warehouse.rows("SELECT name, checksum FROM lens_raw.migrations")}
    assert applied == {migration.name: migration.checksum for migration in shipped_migrations()}


def test_only_new_migrations_are_applied_and_in_order(fresh: Renamed) -> None:
    assert migrate(fresh, [FIRST]) == ["0001_first.sql"]
    assert migrate(fresh, [FIRST, SECOND]) == ["0002_second.sql"]
    assert migrate(fresh, [FIRST, SECOND]) == []
    assert fresh.rows("SELECT step FROM lens_raw.steps ORDER BY step") == [{"step": "a;b"}, {"step": "c"}]


@pytest.mark.parametrize(
    ("later", "kind", "code"),
    [
        ([Migration(FIRST.name, FIRST.script + b" "), SECOND], Broken, "migration_edited"),
        ([FIRST], Refused, "migration_unknown"),
        ([FIRST, Migration("0001_late.sql", b"SELECT 1"), SECOND], Broken, "migration_out_of_order"),
        ([FIRST, SECOND, Migration("0003_torn.sql", b"SELECT 'x")], Broken, "migration_unreadable"),
    ],
)
def test_a_history_that_does_not_fit_is_refused(
    fresh: Renamed, later: list[Migration], kind: type[EventLensError], code: str
) -> None:
    migrate(fresh, [FIRST, SECOND])
    with pytest.raises(kind) as refusal:
        migrate(fresh, later)
    assert refusal.value.code == code
    assert any(migration.name in refusal.value.message for migration in [FIRST, SECOND, *later])


def test_a_migration_that_fails_is_not_recorded(fresh: Renamed) -> None:
    with pytest.raises(EventLensError):
        migrate(fresh, [Migration("0001_wrong.sql", b"CREATE TABLE lens_raw.steps (step Nonsense) ENGINE = Memory")])
    assert migrate(fresh, [Migration("0001_wrong.sql", FIRST.script)]) == ["0001_wrong.sql"]
