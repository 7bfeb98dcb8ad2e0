"""The registry's settings, zones and definitions that numbers depend on, copied into the warehouse when a build
starts.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from event_lens.clock import now_ms
from event_lens.contract.rows import timestamp
from event_lens.registry.database import open_registry
from event_lens.registry.placements import list_moves
from event_lens.registry.projects import list_projects
from event_lens.registry.tables import PROJECT_SETTINGS, Project
from event_lens.settings import Settings
from event_lens.shards import count_shards, shard_of_home
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.spanning import span_shards
from orchestration.assets.definition_rows import DEFINED, defined_rows
from orchestration.assets.zone_offsets import offsets

COPIED = ("project_settings", "zone_offsets", *DEFINED)


@dataclass(frozen=True)
class _Registry:
    """The part of the registry that models read: the projects of this home's shard, and the rows of each definition
    table.

    `shard_of` has the shard of every project.
    """

    projects: list[Project]
    definitions: dict[str, list[dict[str, Any]]]
    shard_of: dict[str, int]


def copy_registry(settings: Settings, warehouse: Warehouse) -> dict[str, int]:
    """Copy projects' settings, the offsets of their zones and all definitions; return the number of rows by table.

    A removed definition gets a row that marks it as removed, and readers no longer see it.
    """
    registry = _read(settings)
    copied_at = {"copied_at": timestamp(now_ms())}
    start = datetime.combine(settings.first_day - timedelta(days=3), datetime.min.time(), UTC)
    end = datetime.now(UTC) + timedelta(days=366)
    rows: dict[str, list[dict[str, Any]]] = {
        "project_settings": [_modelled(project) for project in registry.projects],
        "zone_offsets": [
            {"zone": zone, "from_utc": timestamp(round(moment.timestamp() * 1000)), "offset_seconds": seconds}
            for zone in sorted({project.timezone for project in registry.projects})
            for moment, seconds in offsets(zone, start, end)
        ],
        **registry.definitions,
    }
    for table, table_rows in rows.items():
        removed = _removed(warehouse, table, registry.projects, table_rows) if table in DEFINED else []
        if body := b"".join(msgspec.json.encode(row | copied_at) + b"\n" for row in (*table_rows, *removed)):
            warehouse.insert_lines(f"lens_raw.{table}", body, token=f"{table}-{uuid.uuid4()}")
    if count_shards(settings) > 1:
        span_shards(warehouse, settings, registry.shard_of)
    return {f"lens_raw.{table}": len(table_rows) for table, table_rows in rows.items()}


def span_built(settings: Settings, warehouse: Warehouse) -> None:
    """Let `lens`, which spans all shards, read the tables that a build has made on this shard."""
    span_shards(warehouse, settings, _read(settings).shard_of)


def registry_fingerprint(settings: Settings) -> str:
    """Return a text that changes when a project, its shard, a setting that models read, or a definition changes."""
    registry = _read(settings)
    read = [_modelled(project) for project in registry.projects], registry.definitions, registry.shard_of
    return blake2b(msgspec.json.encode(read), digest_size=16).hexdigest()


def _removed(
    warehouse: Warehouse, table: str, projects: Iterable[Project], kept: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return rows that remove those definitions of these projects that an earlier copy has and the registry no longer
    has.
    """
    key = DEFINED[table]
    copied = warehouse.rows(
        f"SELECT project_id, {key} FROM lens_raw.{table} FINAL WHERE has({{projects:Array(String)}}, project_id)",
        {"projects": [project.project_id for project in projects]},
    )
    known = {row[key] for row in kept}
    return [row | {"is_removed": 1} for row in copied if row[key] not in known]


def _modelled(project: Project) -> dict[str, Any]:
    """Return the settings of a project that models read or that readers are shown; a change of any other setting causes
    no rebuild.
    """
    copied = {each.name: getattr(project, each.name) for each in PROJECT_SETTINGS.values() if each.is_copied}
    return {"project_id": project.project_id, **copied, "rebuild_count": project.rebuild_count}


def _read(settings: Settings) -> _Registry:
    registry = open_registry(settings)
    try:
        everywhere, definitions, moves = list_projects(registry), defined_rows(registry), list_moves(registry)
    finally:
        registry.close()
    shard = shard_of_home(settings)
    # A moving project is built on its new shard as soon as all of its rows are there.
    coming = {move.project_id for move in moves if move.to_shard == shard and move.stage != "copying"}
    here = [project for project in everywhere if project.shard == shard or project.project_id in coming]
    known = {project.project_id for project in here}
    return _Registry(
        here,
        {table: [row for row in rows if row["project_id"] in known] for table, rows in definitions.items()},
        {project.project_id: project.shard for project in everywhere},
    )
