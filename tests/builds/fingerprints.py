"""What the public tables hold, as numbers that differ when a row does."""

from collections.abc import Mapping

from event_lens.warehouse.client import Warehouse

Held = Mapping[tuple[str, str], tuple[int, int]]
"""By table and day ('' where a table has no days): the number of rows and a sum of their hashes."""

DAYS = ("day", "local_day")


def held(warehouse: Warehouse) -> Held:
    """All of `lens`. States are left out: their numbers stand beside them."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for table, columns in _columns(warehouse).items():
        day = next((f"toString({name})" for name in DAYS if name in columns), "''")
        hashed = ", ".join(f"toString({name})" for name in columns)
        rows = warehouse.rows(
            f"SELECT {day} AS on_day, count() AS row_count, sum(cityHash64({hashed})) AS hash "
            f"FROM lens.{table} GROUP BY on_day"
        )
        found |= {(table, row["on_day"]): (row["row_count"], row["hash"]) for row in rows}
    return found


def leftovers(warehouse: Warehouse) -> list[str]:
    """Tables that no build means to leave."""
    rows = warehouse.rows(
        "SELECT concat(database, '.', name) AS name FROM system.tables "
        "WHERE startsWith(database, 'lens') AND match(name, '__(fresh|dbt)_') ORDER BY name"
    )
    return [row["name"] for row in rows]


def _columns(warehouse: Warehouse) -> dict[str, list[str]]:
    rows = warehouse.rows(
        "SELECT table, groupArray(name) AS names FROM system.columns "
        "WHERE database = 'lens' AND NOT match(table, '__(fresh|dbt)_') AND NOT startsWith(type, 'AggregateFunction') "
        "GROUP BY table"
    )
    return {row["table"]: row["names"] for row in rows}
