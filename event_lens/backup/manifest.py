"""The manifest of a backup: a database that describes the backup and is copied with the other databases. It exists only
while the backup is made. It holds the registry and the notes, so that they are in every backup, whether in a folder or
in a bucket, of this machine or of a server.
"""

from collections.abc import Sequence

import msgspec

import event_lens
from event_lens.clock import now_ms
from event_lens.errors import Refused
from event_lens.registry.copies import CopiedRow
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.migrate import applied_migrations

FORMAT = 1
DATABASE, RESTORED = "lens_backup", "lens_restore"
"""The database's name while a backup is made, and while one is restored: the latter marks a restore that was begun."""

# The tables are in memory, since hashes of secrets in the registry must not stay in the warehouse's files.
_TABLES = (
    f"DROP DATABASE IF EXISTS {DATABASE} SYNC",
    f"CREATE DATABASE {DATABASE}",
    f"CREATE TABLE {DATABASE}.manifest (text String) ENGINE = Memory",
    f"CREATE TABLE {DATABASE}.registry (table String, columns String) ENGINE = Memory",
    f"CREATE TABLE {DATABASE}.batches (batch_id String) ENGINE = Memory",
)
_LANDED = f"""
    INSERT INTO {DATABASE}.batches
    SELECT batch_id FROM lens_raw.batches UNION DISTINCT SELECT batch_id FROM lens_raw.settled_batches
"""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`began_ms` is when the backup began. The backup holds exactly the batches that had landed by then, each of them
    whole.
    """

    format: int
    program: str
    engine: str
    registry_revision: str
    migrations: dict[str, str]
    shard: int
    shard_count: int
    began_ms: int


def write_manifest(
    warehouse: Warehouse, registry: Sequence[CopiedRow], revision: str, shard: int, shard_count: int
) -> Manifest:
    """Write down the landed batches, the registry's rows and the versions; the caller makes the backup next."""
    for statement in _TABLES:
        warehouse.command(statement)
    began_ms = now_ms()
    warehouse.command(_LANDED)
    manifest = Manifest(
        format=FORMAT,
        program=event_lens.__version__,
        engine=warehouse.value("SELECT version()"),
        registry_revision=revision,
        migrations=applied_migrations(warehouse),
        shard=shard,
        shard_count=shard_count,
        began_ms=began_ms,
    )
    _insert(warehouse, "manifest", [{"text": msgspec.json.encode(manifest).decode()}])
    _insert(warehouse, "registry", [row._asdict() for row in registry])
    return manifest


def read_manifest(warehouse: Warehouse) -> Manifest:
    """Return the manifest that a restore has brought back. Raises `Refused` (`backup_newer`, `backup_unreadable`)."""
    text = warehouse.value(f"SELECT text FROM {RESTORED}.manifest")
    try:
        manifest = msgspec.json.decode(text or "", type=Manifest)
    except msgspec.DecodeError as error:
        raise Refused(
            "The backup does not say what it holds: it was not made by Event Lens.", code="backup_unreadable"
        ) from error
    if manifest.format > FORMAT:
        raise Refused(
            f"The backup was made by Event Lens {manifest.program}, which this version cannot read. Upgrade it.",
            code="backup_newer",
        )
    return manifest


def read_registry(warehouse: Warehouse) -> list[CopiedRow]:
    return [CopiedRow(**row) for row in warehouse.rows(f"SELECT table, columns FROM {RESTORED}.registry")]


def drop_manifest(warehouse: Warehouse, database: str) -> None:
    warehouse.command(f"DROP DATABASE IF EXISTS {database} SYNC")


def _insert(warehouse: Warehouse, table: str, rows: list[dict[str, str]]) -> None:
    if rows:
        warehouse.insert_lines(f"{DATABASE}.{table}", b"\n".join(map(msgspec.json.encode, rows)), token="")
