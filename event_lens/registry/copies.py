"""Copies the registry's rows as text, and restores them into an empty registry from any earlier version or database."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, DateTime, Engine, MetaData, create_engine, insert, select, text
from sqlalchemy import Table as SqlTable

from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.tables import Project, QuotaUse, Salt, Table
from event_lens.registry.upgrade import newest_revision, upgrade, upgrade_to

LEFT_OUT = frozenset({Salt.__tablename__, QuotaUse.__tablename__})
"""Salts of days and months: they are deleted so that no address can be found from an id, and a copy would keep them.
The use of quotas belongs to a day that is over when a copy is restored.
"""


GO_ON_COUNTING = """
SELECT setval(pg_get_serial_sequence('audit_log', 'change_id'), max(change_id)) FROM audit_log HAVING count(*) > 0
"""
"""Ids of changes that PostgreSQL assigns from then on do not collide with the ids of the restored rows."""


class CopiedRow(NamedTuple):
    """A row of the registry: its table, and its columns as JSON."""

    table: str
    columns: str


def copied_rows(registry: Registry) -> list[CopiedRow]:
    """Return every row of the registry that a backup may hold, in an order in which the rows can be inserted."""
    with registry.session() as session:
        return list(_rows(session.connection()))


def check_revision(revision: str) -> None:
    """Raise `Refused` (`registry_newer`) when a newer program wrote the rows of `revision`."""
    if revision > newest_revision():
        raise Refused(
            f"The backup's registry is of revision {revision}, and this Event Lens knows up to {newest_revision()}. "
            "Upgrade it, or restore with the version that made the backup.",
            code="registry_newer",
        )


def is_empty(registry: Registry) -> bool:
    with registry.session() as session:
        return session.scalar(select(Project.project_id).limit(1)) is None


def restore_rows(registry: Registry, revision: str, rows: Iterable[CopiedRow]) -> int:
    """Insert the rows of a registry of `revision` into the empty `registry`, all or none, and return their number.

    The rows go through a temporary registry of their own revision, which is upgraded like any other. Raises `Refused`
    as `check_revision` does.
    """
    check_revision(revision)
    with _old_registry(revision, rows) as upgraded, registry.session() as session:
        connection, count = session.connection(), 0
        for table, columns in _rows(upgraded):
            _insert(connection, Table.metadata.tables[table], msgspec.json.decode(columns))
            count += 1
        if connection.dialect.name == "postgresql":
            connection.execute(text(GO_ON_COUNTING))
    return count


@contextmanager
def _old_registry(revision: str, rows: Iterable[CopiedRow]) -> Iterator[Connection]:
    """Yield a registry that holds `rows`, made at `revision` and upgraded to this program's tables."""
    with TemporaryDirectory(prefix="eventlens-registry-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'registry.db'}")
        try:
            upgrade_to(engine, revision)
            _fill(engine, rows)
            upgrade(engine, Path(folder) / "lock")
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def _fill(engine: Engine, rows: Iterable[CopiedRow]) -> None:
    found = MetaData()
    found.reflect(engine)
    with engine.begin() as connection:
        for table, columns in rows:
            _insert(connection, found.tables[table], msgspec.json.decode(columns))


def _rows(connection: Connection) -> Iterator[CopiedRow]:
    for table in Table.metadata.sorted_tables:
        if table.name not in LEFT_OUT:
            for row in connection.execute(select(table)).mappings():
                yield CopiedRow(str(table.name), msgspec.json.encode(dict(row)).decode())


def _insert(connection: Connection, table: SqlTable, columns: Mapping[str, Any]) -> None:
    values = {
        name: datetime.fromisoformat(value) if value and isinstance(table.c[name].type, DateTime) else value
        for name, value in columns.items()
    }
    connection.execute(insert(table).values(values))
