"""`eventlens backup`: a copy of everything that has landed and was built, and of the registry."""

from dataclasses import dataclass

from event_lens.backup.failures import translated
from event_lens.backup.manifest import DATABASE, drop_manifest, write_manifest
from event_lens.backup.place import target_of
from event_lens.errors import Refused
from event_lens.registry.copies import copied_rows
from event_lens.registry.database import Registry
from event_lens.registry.upgrade import newest_revision
from event_lens.settings import Settings
from event_lens.shards import all_shards, cluster_of_replicas
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse

DATABASES = ("lens_raw", "lens_staging", "lens", "lens_shard")
"""The backup holds those that exist; `lens_shard` exists on shards only."""

MAX_SECONDS = 86_400
_SIZES = "SELECT num_files, uncompressed_size FROM system.backups WHERE id = {id:String}"


@dataclass(frozen=True)
class TakenBackup:
    """A backup of one shard, as it was written. An incremental backup holds only the data that its base lacks."""

    shard: int
    file_count: int
    byte_count: int


def take_backup(settings: Settings, registry: Registry, name: str, base: str | None) -> list[TakenBackup]:
    """Copy the warehouse and the registry to the place of backups, and return the backup of each shard; blocks.

    No build may run meanwhile; events may land. With `base`, the name of another backup, only the changes since that
    backup are copied, and restoring needs both. Raises `Refused` (`backup_exists`, `backup_unknown`,
    `backup_of_replicas`, `backup_refused`).
    """
    check_no_replicas(settings)
    rows = copied_rows(registry)
    taken = []
    for shard in all_shards(settings):
        with connect(settings, "backup", shard=shard, query_timeout_seconds=MAX_SECONDS) as warehouse:
            write_manifest(warehouse, rows, newest_revision(), shard, len(all_shards(settings)))
            try:
                taken.append(_take(warehouse, settings, name, base, shard))
            finally:
                drop_manifest(warehouse, DATABASE)
    return taken


def check_no_replicas(settings: Settings) -> None:
    """Raise `Refused` (`backup_of_replicas`) for a cluster of replicas, for which BACKUP would need `ON CLUSTER`."""
    if any(cluster_of_replicas(settings, shard) for shard in all_shards(settings)):
        raise Refused(
            "The warehouse is a cluster of replicas. Back it up with ClickHouse's BACKUP ... ON CLUSTER, and the "
            "registry with pg_dump.",
            code="backup_of_replicas",
        )


def existing_databases(warehouse: Warehouse) -> list[str]:
    found = warehouse.rows(
        "SELECT name FROM system.databases WHERE name IN {names:Array(String)}", {"names": list(DATABASES)}
    )
    return sorted(row["name"] for row in found)


def _take(warehouse: Warehouse, settings: Settings, name: str, base: str | None, shard: int) -> TakenBackup:
    databases = ", ".join(f"DATABASE `{each}`" for each in [*existing_databases(warehouse), DATABASE])
    target = target_of(settings, name, shard)
    statement, parameters = f"BACKUP {databases} TO {target.sql}", dict(target.parameters)
    if base is not None:
        base_target = target_of(settings, base, shard, prefix="base_")
        statement += f" SETTINGS base_backup = {base_target.sql}"
        parameters |= base_target.parameters
    with translated(settings, name if base is None else f"{name} on {base}"):
        (made,) = warehouse.rows(statement, parameters)
    (sizes,) = warehouse.rows(_SIZES, {"id": made["id"]})
    return TakenBackup(shard, sizes["num_files"], sizes["uncompressed_size"])
