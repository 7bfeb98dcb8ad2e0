"""`eventlens restore`: a backup into an empty home, of the version that made it or a newer one."""

from dataclasses import dataclass

from event_lens.backup.erasures import erase_again, known_of
from event_lens.backup.failures import translated
from event_lens.backup.manifest import DATABASE, RESTORED, Manifest, drop_manifest, read_manifest, read_registry
from event_lens.backup.place import target_of
from event_lens.backup.take import DATABASES, MAX_SECONDS, check_no_replicas
from event_lens.errors import EventLensError, Refused
from event_lens.registry.copies import CopiedRow, check_revision, is_empty, restore_rows
from event_lens.registry.database import Registry
from event_lens.registry.erasures import keep_notes
from event_lens.settings import Settings
from event_lens.shards import all_shards
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.migrate import check_applied, migrate_all, shipped_migrations

# The tables whose rows belong to batches.
_OF_BATCHES = ("events", "profile_operations", "quarantine", "changed_events", "batches")
_AT_ONCE = {"mutations_sync": 2, "allow_nondeterministic_mutations": 1}
_SAFE_MS = 3_600_000


@dataclass(frozen=True)
class Restored:
    """The result of a restore: the row count of each table, and the version that made the backup.

    `erased` is the number of people who were erased after the backup was made, and whom the restore therefore erased
    again. `unknown_erasures` are erasures that were made with another key, so the restore could not repeat them.
    """

    row_counts: dict[str, int]
    program: str
    erased: int
    unknown_erasures: list[str]


def restore_backup(settings: Settings, registry: Registry, name: str) -> Restored:
    """Bring the backup `name` back and return the number of rows that each table then has; blocks.

    No build may run meanwhile. Run a restore that was stopped again from its beginning. Raises `Refused` when the home
    is not empty (`restore_not_empty`), when a newer program made the backup (`backup_newer`, `migration_unknown`,
    `registry_newer`), when the backup has another number of shards (`backup_of_shards`), and as `translated` does.
    """
    check_no_replicas(settings)
    shards = all_shards(settings)
    if not is_empty(registry):
        raise _not_empty("projects", settings)
    manifests, rows = [], list[CopiedRow]()
    for shard in shards:
        with connect(settings, "backup", shard=shard, query_timeout_seconds=MAX_SECONDS) as warehouse:
            manifest = _read(warehouse, settings, name, shard)
            manifests.append(manifest)
            rows = rows or read_registry(warehouse)
    for shard, manifest in zip(shards, manifests, strict=True):
        with connect(settings, "backup", shard=shard, query_timeout_seconds=MAX_SECONDS) as warehouse:
            _restore(warehouse, settings, name, manifest)
    migrate_all(settings)
    again = erase_again(settings, known_of(rows))
    counts: dict[str, int] = {}
    for shard in shards:
        with connect(settings, "backup", shard=shard) as warehouse:
            for table, count in _counts(warehouse).items():
                counts[table] = counts.get(table, 0) + count
    # Last, because a registry with projects is refused: a restore that stopped before this line can be begun again.
    counts["registry"] = restore_rows(registry, manifests[0].registry_revision, rows)
    keep_notes(registry, again.notes)
    for shard in shards:
        with connect(settings, "backup", shard=shard) as warehouse:
            drop_manifest(warehouse, RESTORED)
    return Restored(counts, manifests[0].program, len(again.notes), again.unknown)


def _read(warehouse: Warehouse, settings: Settings, name: str, shard: int) -> Manifest:
    """Restore the manifest and compare it with this program, before anything else is restored."""
    is_begun = warehouse.value("SELECT count() FROM system.databases WHERE name = {name:String}", {"name": RESTORED})
    if not is_begun and warehouse.value("SELECT count() FROM lens_raw.batches"):
        raise _not_empty("events", settings)
    drop_manifest(warehouse, RESTORED)
    target = target_of(settings, name, shard)
    with translated(settings, name):
        warehouse.rows(f"RESTORE DATABASE {DATABASE} AS {RESTORED} FROM {target.sql}", target.parameters)
    manifest = read_manifest(warehouse)
    try:
        _check(manifest, settings, name)
    except EventLensError:
        drop_manifest(warehouse, RESTORED)
        raise
    return manifest


def _check(manifest: Manifest, settings: Settings, name: str) -> None:
    check_applied(manifest.migrations, shipped_migrations())
    check_revision(manifest.registry_revision)
    expected = len(all_shards(settings))
    if manifest.shard_count != expected:
        raise Refused(
            f"{name} is of a warehouse of {manifest.shard_count} shards, and this one has {expected}.",
            code="backup_of_shards",
        )


def _restore(warehouse: Warehouse, settings: Settings, name: str, manifest: Manifest) -> None:
    target = target_of(settings, name, manifest.shard)
    for database in DATABASES:
        warehouse.command(f"DROP DATABASE IF EXISTS `{database}` SYNC")
    with translated(settings, name):
        # The tables that were backed up.
        everything = f"RESTORE ALL EXCEPT DATABASES {DATABASE} FROM {target.sql}"
        warehouse.rows(everything, target.parameters)
    _open_again(warehouse)
    _cut(warehouse, manifest)


def _open_again(warehouse: Warehouse) -> None:
    """Close and open every table, so that the numbers of later mutations are higher than those of the restored parts.

    The name of a restored part still holds the number of its last mutation, but RESTORE lets the table count mutations
    from 1 again. The server would believe that such a part had been through the new mutations: a DELETE would succeed
    and delete nothing.
    """
    tables = warehouse.rows(
        "SELECT concat('`', database, '`.`', name, '`') AS name FROM system.tables "
        "WHERE database IN {names:Array(String)} AND endsWith(engine, 'MergeTree')",
        {"names": list(DATABASES)},
    )
    for table in tables:
        warehouse.command(f"DETACH TABLE {table['name']} SYNC")
        warehouse.command(f"ATTACH TABLE {table['name']}")


def _cut(warehouse: Warehouse, manifest: Manifest) -> None:
    """Remove the rows that landed while the backup was made, so that every batch is in it whole or not at all.

    The warehouse records a batch after the rows of the batch, so a batch that was recorded when the backup began is
    whole.
    """
    known = f"SELECT batch_id FROM {RESTORED}.batches"
    for table in _OF_BATCHES:
        late = f"batch_id NOT IN ({known})"
        if table in ("events", "profile_operations", "quarantine"):
            # Rows of an import land before their batch is noted; the import continues from them after the restore.
            late += " AND import_id = '' AND received_at >= fromUnixTimestamp64Milli({since:Int64})"
        values = {"since": manifest.began_ms - _SAFE_MS}
        if warehouse.value(f"SELECT count() FROM lens_raw.{table} WHERE {late}", values):
            warehouse.command(f"ALTER TABLE lens_raw.{table} DELETE WHERE {late}", values, _AT_ONCE)


def _counts(warehouse: Warehouse) -> dict[str, int]:
    found = warehouse.rows(
        "SELECT concat(database, '.', name) AS name, total_rows FROM system.tables "
        "WHERE database IN {names:Array(String)} AND total_rows > 0 AND endsWith(engine, 'MergeTree') ORDER BY name",
        {"names": ["lens_raw", "lens", "lens_shard"]},
    )
    return {row["name"]: row["total_rows"] for row in found}


def _not_empty(what: str, settings: Settings) -> Refused:
    return Refused(
        f"{settings.home} holds {what} already, and a backup is restored into an empty home only. Set EVENTLENS_HOME "
        "to a new folder, and EVENTLENS_BACKUPS to the place of the backup.",
        code="restore_not_empty",
    )
