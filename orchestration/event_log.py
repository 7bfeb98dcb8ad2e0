"""Dagster's event log in SQLite with connections that stay open; Dagster itself creates an engine for every event."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

# Each run has a file of its own. A page that shows many runs must not hold all of them open.
MAX_KEPT = 8
# Dagster writes the events of one table in one batch only when this variable names a size.
BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH_SIZE = 1000


class KeptEventLogStorage(SqliteEventLogStorage):
    """Keeps connections to the event log open. SQLite does not wait for the disk here, so a power cut can lose the last
    events.

    A killed process loses none. No number depends on events: the warehouse records what is built, and the monitor ends
    a run whose end is missing.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: OrderedDict[str, Connection] = OrderedDict()
        os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    @property
    def supports_partition_subset_in_asset_materialization_planned_events(self) -> bool:
        """Return True, so that Dagster notes a run's planned days once per table, not once per day."""
        return True

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            connection = self._connection(shard)
            with connection.begin():
                yield connection

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the events of one run: events of tables and days in two transactions, all others one by one."""
        of_assets = [event for event in events if event.dagster_event_type in ASSET_EVENTS]
        for event in events:
            if event.dagster_event_type not in ASSET_EVENTS:
                self.store_event(event)
        if not of_assets:
            return
        statements = [self.prepare_insert_event(event) for event in of_assets]
        with self.run_connection(of_assets[0].run_id) as connection:
            for statement in statements:
                connection.execute(statement)
        with self.index_transaction() as connection:
            ids = [connection.execute(statement).lastrowid for statement in statements]
            self._store_asset_event_tags(connection, of_assets, ids)
            # Only each table's last event is noted with the table itself.
            last = {event.get_dagster_event().asset_key: position for position, event in enumerate(of_assets)}
            for position in last.values():
                self._store_asset_event(connection, of_assets[position], ids[position])

    def dispose(self) -> None:
        with self._db_lock:
            while self._kept:
                self._let_go_oldest()
        super().dispose()

    def _connection(self, shard: str) -> Connection:
        if shard in self._kept:
            self._kept.move_to_end(shard)
            return self._kept[shard]
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            # The lock above lets one thread at a time use it.
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        if shard not in self._initialized_dbs:
            self._initdb(engine, for_index_shard=shard == INDEX_SHARD_NAME)
            self._initialized_dbs.add(shard)
        connection = engine.connect()
        connection.execute(text("PRAGMA synchronous = NORMAL"))
        connection.commit()
        self._kept[shard] = connection
        if len(self._kept) > MAX_KEPT:
            self._let_go_oldest()
        return connection

    def _let_go_oldest(self) -> None:
        _, connection = self._kept.popitem(last=False)
        connection.close()
        connection.engine.dispose()
