"""Dagster's runs and ticks in SQLite, over connections that stay open. Dagster itself connects for every statement, and
compares the versions of its tables whenever an instance is opened.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

# A process has one home, with a file of runs and one of ticks; tests have several.
MAX_ENGINES = 8
_PREPARED: set[str] = set()
"""The addresses of the files whose tables this process has created or found up to date."""


class _Kept:
    """Opens a storage of Dagster's in SQLite in the file `FILE`, over connections that stay open."""

    FILE: ClassVar[str]
    _conn_string: str

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        storage: Self = _opened(cls, cls.FILE, inst_data, config_value["base_dir"])
        return storage

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with kept_engine(self._conn_string).begin() as connection:
            yield connection


class KeptRunStorage(_Kept, SqliteRunStorage):
    """Dagster's run storage in SQLite, over connections that stay open."""

    FILE = "runs"


class KeptScheduleStorage(_Kept, SqliteScheduleStorage):
    """Dagster's schedule storage in SQLite, over connections that stay open."""

    FILE = "schedules"


@lru_cache(MAX_ENGINES)
def kept_engine(address: str) -> Engine:
    """Return this process's engine for a file. As for events (`event_log`), SQLite does not wait for the disk."""
    engine = create_engine(address, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def _opened(kind: Any, name: str, inst_data: ConfigurableClassData | None, folder: str) -> Any:
    """Open a storage. The first time in this process, its tables are created or brought up to date."""
    address = create_db_conn_string(folder, name)
    if address in _PREPARED and (Path(folder) / f"{name}.db").exists():
        return kind(address, inst_data)
    storage = kind.from_local(folder, inst_data)
    # A connection may be left to a file that was removed.
    kept_engine(address).dispose()
    _PREPARED.add(address)
    return storage
