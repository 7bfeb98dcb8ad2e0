"""Dagster's runs, events and ticks in PostgreSQL, through the driver for which Dagster's statements are written."""

from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.run_storage import PostgresRunStorage
from dagster_postgres.schedule_storage import PostgresScheduleStorage
from dagster_postgres.utils import create_pg_engine, pg_url_from_config

# A connection that a firewall dropped silently is not used again.
RECYCLE_SECONDS = 300


def with_driver(url: str) -> str:
    """Name psycopg 2 in the address: SQLAlchemy's default is version 3, which refuses Dagster's NOTIFY."""
    return "postgresql+psycopg2://" + url.partition("://")[2]


class RunStorage(PostgresRunStorage):
    """Dagster's run storage on PostgreSQL, connected through psycopg 2."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(with_driver(pg_url_from_config(config_value)), inst_data=inst_data)


class ScheduleStorage(PostgresScheduleStorage):
    """Dagster's schedule storage on PostgreSQL, connected through psycopg 2."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(with_driver(pg_url_from_config(config_value)), inst_data=inst_data)


class PooledEventLogStorage(PostgresEventLogStorage):
    """Dagster's event log on PostgreSQL, over a connection that stays open; days are noted in bulk, as in SQLite."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._engine = create_pg_engine(
            postgres_url, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True, pool_recycle=RECYCLE_SECONDS
        )

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(with_driver(pg_url_from_config(config_value)), inst_data)

    @property
    def supports_partition_subset_in_asset_materialization_planned_events(self) -> bool:
        return True

    def dispose(self) -> None:
        self._engine.dispose()
        super().dispose()
