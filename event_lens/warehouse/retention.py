"""How long raw events are kept (`EVENTLENS_RAW_TTL_DAYS`)."""

from typing import Protocol

TABLES = ("lens_raw.events", "lens_raw.profile_operations")


class Commands(Protocol):
    def command(self, sql: str) -> None: ...

    def rows(self, sql: str) -> list[dict[str, str]]: ...


def keep_raw(warehouse: Commands, days: int) -> None:
    """Lets raw rows go `days` days after their event, or keeps them for good when `days` is 0.

    What has gone cannot be rebuilt: a build of such a day empties it.
    """
    for table in TABLES:
        database, name = table.split(".")
        (found,) = warehouse.rows(
            f"SELECT create_table_query AS sql FROM system.tables WHERE database = '{database}' AND name = '{name}'"
        )
        wanted = f"TTL toDateTime(created_at) + toIntervalDay({days})"
        if days and wanted not in found["sql"]:
            warehouse.command(f"ALTER TABLE {table} MODIFY {wanted}")
        elif not days and " TTL toDateTime(created_at)" in found["sql"]:
            warehouse.command(f"ALTER TABLE {table} REMOVE TTL")
