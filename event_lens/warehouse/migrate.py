"""Numbered SQL files, each applied once and in order, and recorded with its checksum in the warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any, Protocol

from event_lens.errors import Broken, Refused
from event_lens.settings import Settings
from event_lens.shards import all_shards, cluster_of_replicas, cluster_of_shards
from event_lens.warehouse.access import connect
from event_lens.warehouse.cluster import for_cluster
from event_lens.warehouse.retention import end_engine_ttl
from event_lens.warehouse.spanning import adopt_tables
from event_lens.warehouse.sql_lexer import split_statements

_DATABASE = b"CREATE DATABASE IF NOT EXISTS lens_raw"
_RECORD = b"""
CREATE TABLE IF NOT EXISTS lens_raw.migrations
(
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""


class Migratable(Protocol):
    """A warehouse as migrations need it: queries of a few rows, and statements without rows."""

    def rows(self, sql: str) -> list[dict[str, Any]]: ...

    def command(self, sql: str) -> None: ...


@dataclass(frozen=True)
class Migration:
    """One file: its name, such as `0001_raw.sql`, and its bytes."""

    name: str
    script: bytes

    @property
    def checksum(self) -> str:
        return sha256(self.script).hexdigest()


def shipped_migrations() -> list[Migration]:
    """Return the migrations of this program, in order."""
    folder = files("event_lens.warehouse") / "migrations"
    found = [Migration(item.name, item.read_bytes()) for item in folder.iterdir() if item.name.endswith(".sql")]
    return sorted(found, key=lambda migration: migration.name)


def migrate(warehouse: Migratable, migrations: Sequence[Migration] | None = None, cluster: str = "") -> list[str]:
    """Apply the migrations that are not applied yet and return their names, in order; blocks until done.

    With a `cluster` every statement runs on all of its replicas. A file that fails half way is not recorded and is
    applied again from its start, so each of its statements should be repeatable (`IF NOT EXISTS`).

    Raises `Refused` when a newer program migrated the warehouse (`migration_unknown`) or the cluster cannot hold our
    tables (`cluster_unknown`, `cluster_sharded`). Raises `Broken` when a file changed after it was applied
    (`migration_edited`) or has a quote or comment without an end (`migration_unreadable`).
    """
    shipped = list(migrations) if migrations is not None else shipped_migrations()
    if cluster:
        _check_cluster(warehouse, cluster)
    for statement in (_DATABASE, _RECORD):
        warehouse.command(_rendered(statement, cluster))
    applied = applied_migrations(warehouse)
    check_applied(applied, shipped)
    waiting = [migration for migration in shipped if migration.name not in applied]
    for migration in waiting:
        for statement in _statements(migration):
            warehouse.command(_rendered(statement, cluster))
        warehouse.command(
            f"INSERT INTO lens_raw.migrations (name, checksum) SELECT '{migration.name}', '{migration.checksum}'"
        )
    return [migration.name for migration in waiting]


def applied_migrations(warehouse: Migratable) -> dict[str, str]:
    """Return the checksums of applied migrations, by name."""
    return {row["name"]: row["checksum"] for row in warehouse.rows("SELECT name, checksum FROM lens_raw.migrations")}


def migrate_all(settings: Settings) -> list[str]:
    """Bring the raw tables of every shard up to date and return what was applied; raises what `migrate` raises."""
    shards = all_shards(settings)
    applied: list[str] = []
    for shard in shards:
        with connect(settings, "admin", shard=shard, query_timeout_seconds=600) as warehouse:
            if len(shards) > 1:
                check_shards(warehouse, cluster_of_shards(settings), len(shards))
            named = migrate(warehouse, cluster=cluster_of_replicas(settings, shard))
            end_engine_ttl(warehouse)
            if len(shards) > 1:
                adopt_tables(warehouse, cluster_of_replicas(settings, shard))
        applied += [f"{name} on shard {shard}" if len(shards) > 1 else name for name in named]
    return applied


def check_shards(warehouse: Migratable, cluster: str, expected: int) -> None:
    """Raise `Refused` (`cluster_unknown`) when a shard does not know all shards."""
    count = f"SELECT uniqExact(shard_num) AS shard_count FROM system.clusters WHERE cluster = '{cluster}'"
    shard_count = warehouse.rows(count)[0]["shard_count"]
    if shard_count != expected:
        raise Refused(
            f"The cluster {cluster} has {shard_count} shards on one of the servers, and EVENTLENS_WAREHOUSE_URL has "
            f"{expected} addresses. EVENTLENS_WAREHOUSE_CLUSTER takes a name from system.clusters of all servers.",
            code="cluster_unknown",
        )


def _check_cluster(warehouse: Migratable, cluster: str) -> None:
    """Raise `Refused` (`cluster_unknown`, `cluster_sharded`) unless every replica holds all rows of a table: a build
    swaps days on one replica.
    """
    shards = f"SELECT uniqExact(shard_num) AS shard_count FROM system.clusters WHERE cluster = '{cluster}'"
    shard_count = warehouse.rows(shards)[0]["shard_count"]
    if not shard_count:
        raise Refused(
            f"The warehouse knows no cluster {cluster}. EVENTLENS_WAREHOUSE_CLUSTER takes a name from system.clusters.",
            code="cluster_unknown",
        )
    if shard_count > 1:
        raise Refused(
            f"{cluster} has {shard_count} shards, and all rows of a project are on one. Name an address of each in "
            "EVENTLENS_WAREHOUSE_URL, or a cluster of one shard in EVENTLENS_WAREHOUSE_CLUSTER.",
            code="cluster_sharded",
        )


def check_applied(applied: dict[str, str], shipped: list[Migration]) -> None:
    """Raise an error when the applied migrations do not fit `shipped`, as `migrate` does."""
    known = {migration.name: migration.checksum for migration in shipped}
    unknown = sorted(set(applied) - set(known))
    if unknown:
        raise Refused(
            f"The warehouse holds migrations this program does not know: {', '.join(unknown)}. Upgrade Event Lens.",
            code="migration_unknown",
        )
    edited = sorted(name for name, checksum in applied.items() if known[name] != checksum)
    if edited:
        raise Broken(
            f"{', '.join(edited)} changed after it was applied. Restore the file, and put the change into a new one.",
            code="migration_edited",
        )
    newest = max(applied, default="")
    skipped = sorted(name for name in known if name not in applied and name < newest)
    if skipped:
        raise Broken(
            f"{', '.join(skipped)} comes before {newest}, which is applied already. Give it a higher number.",
            code="migration_out_of_order",
        )


def _rendered(statement: bytes, cluster: str) -> str:
    return (for_cluster(statement, cluster) if cluster else statement).decode()


def _statements(migration: Migration) -> list[bytes]:
    try:
        return split_statements(migration.script)
    except ValueError as error:
        raise Broken(f"{migration.name} cannot be read: {error}.", code="migration_unreadable") from error
