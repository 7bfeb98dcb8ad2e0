"""The tables of `lens` over all shards: `Distributed` tables over the tables that a build made on each shard. They know
the shard of each project, so that a question about one project goes to its shard only.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b

from event_lens.errors import Broken
from event_lens.settings import Settings
from event_lens.shards import OWN, SPANNING, cluster_of_replicas, cluster_of_shards, shard_of_home
from event_lens.warehouse.client import Warehouse

_PROJECT_ID = re.compile(r"[A-Za-z0-9_.-]+")
# A table that a build is filling has `__` in its name.
_OWN_TABLES = f"""
    SELECT tables.name AS name, columns.described AS described
    FROM (
        SELECT name FROM system.tables
        WHERE database = '{OWN}' AND match(engine, 'MergeTree$|^View$') AND position(name, '__') = 0
    ) AS tables
    INNER JOIN (
        SELECT table, arrayStringConcat(groupArray(concat(name, ' ', type)), ', ') AS described
        FROM (SELECT * FROM system.columns WHERE database = '{OWN}' ORDER BY table, position)
        GROUP BY table
    ) AS columns ON columns.table = tables.name
"""
# A view that reads `lens` would read all shards once `lens` spans them.
_TABLES_ALONE = f"""
    SELECT name, position(name, '__') != 0 OR position(as_select, '{SPANNING}.') != 0 OR name IN
        (SELECT name FROM system.tables WHERE database = '{OWN}') AS is_needless
    FROM system.tables
    WHERE database = '{SPANNING}' AND engine != 'Distributed'
"""
_SPANNING_TABLES = f"SELECT name, engine, comment FROM system.tables WHERE database = '{SPANNING}'"


def adopt_tables(warehouse: Warehouse, replicas: str = "") -> list[str]:
    """Move the tables of a warehouse of one shard into its shard's database, on all of its `replicas`; return their
    names. The row policies of SQL users apply to that database, so no SQL user may read a table that is left in `lens`.
    """
    on_cluster = f' ON CLUSTER "{replicas}"' if replicas else ""
    adopted = []
    for row in warehouse.rows(_TABLES_ALONE):
        name = row["name"]
        if row["is_needless"]:
            warehouse.command(f"DROP TABLE {SPANNING}.`{name}`{on_cluster} SYNC")
        else:
            warehouse.command(f"CREATE DATABASE IF NOT EXISTS {OWN}{on_cluster}")
            warehouse.command(f"RENAME TABLE {SPANNING}.`{name}` TO {OWN}.`{name}`{on_cluster}")
            adopted.append(name)
    return adopted


def span_shards(warehouse: Warehouse, settings: Settings, shard_of: Mapping[str, int]) -> list[str]:
    """Bring the tables of `lens` on this home's shard up to date; return the names of the changed tables.

    `shard_of` has every project. A table is replaced atomically; running questions finish on the old one.
    """
    replicas = cluster_of_replicas(settings, shard_of_home(settings))
    on_cluster = f' ON CLUSTER "{replicas}"' if replicas else ""
    key = _sharding_key(shard_of)
    present = {row["name"]: row for row in warehouse.rows(_SPANNING_TABLES)}
    wanted = {row["name"]: row["described"] for row in warehouse.rows(_OWN_TABLES)}
    made = []
    for name, columns in sorted(wanted.items()):
        mark = blake2b(f"{columns} by {key}".encode(), digest_size=12).hexdigest()
        if name in present and present[name]["comment"] == mark:
            continue
        warehouse.command(
            f"CREATE OR REPLACE TABLE {SPANNING}.{name}{on_cluster} AS {OWN}.{name} "
            f"ENGINE = Distributed('{cluster_of_shards(settings)}', '{OWN}', '{name}', {key}) COMMENT '{mark}'"
        )
        made.append(name)
    for name, row in present.items():
        if name not in wanted and row["engine"] == "Distributed":
            warehouse.command(f"DROP TABLE {SPANNING}.{name}{on_cluster} SYNC")
    return made


def _sharding_key(shard_of: Mapping[str, int]) -> str:
    """Return an expression that gives a project's shard, counted from 0; it lists the projects that are not on the
    first shard.
    """
    elsewhere = sorted((project_id, shard) for project_id, shard in shard_of.items() if shard != 1)
    faulty = [project_id for project_id, _ in elsewhere if not _PROJECT_ID.fullmatch(project_id)]
    if faulty:
        raise Broken(f"{faulty[0][:80]!r} cannot stand in a statement.", code="project_id_faulty")
    names = ", ".join(f"'{project_id}'" for project_id in ("", *(project_id for project_id, _ in elsewhere)))
    shards = ", ".join(str(shard - 1) for shard in (1, *(shard for _, shard in elsewhere)))
    return f"transform(project_id, [{names}], [{shards}], 0)"
