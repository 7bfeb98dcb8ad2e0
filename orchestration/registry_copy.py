"""The registry's part of a number (settings, zones, funnels), copied into the warehouse when a build starts."""

import uuid
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from event_lens.clock import now_ms
from event_lens.contract.row import timestamp
from event_lens.registry.connection import open_registry
from event_lens.registry.funnels import list_funnels
from event_lens.registry.projects import list_projects
from event_lens.registry.tables import Funnel, Project
from event_lens.settings import Settings
from event_lens.warehouse.connection import Warehouse
from orchestration.zones import offsets


def copy_registry(settings: Settings, warehouse: Warehouse) -> dict[str, int]:
    """Copies projects' settings, the offsets of their zones and the funnels; returns the rows of each table."""
    projects, funnels = _read(settings)
    copied_at = timestamp(now_ms())
    start = datetime.combine(settings.first_day - timedelta(days=3), datetime.min.time(), UTC)
    end = datetime.now(UTC) + timedelta(days=366)
    rows: dict[str, list[dict[str, Any]]] = {
        "lens_raw.project_settings": [_modelled(project) | {"copied_at": copied_at} for project in projects],
        "lens_raw.zone_offsets": [
            {
                "zone": zone,
                "from_utc": timestamp(round(moment.timestamp() * 1000)),
                "offset_seconds": seconds,
                "copied_at": copied_at,
            }
            for zone in sorted({project.timezone for project in projects})
            for moment, seconds in offsets(zone, start, end)
        ],
        "lens_raw.funnel_definitions": [_defined(funnel) | {"copied_at": copied_at} for funnel in funnels],
    }
    for table, table_rows in rows.items():
        if table_rows:
            body = b"".join(msgspec.json.encode(row) + b"\n" for row in table_rows)
            warehouse.insert_lines(table, body, token=f"{table}-{uuid.uuid4()}")
    return {table: len(table_rows) for table, table_rows in rows.items()}


def registry_fingerprint(settings: Settings) -> str:
    """Text that differs when a project, a setting that models read, or a funnel does."""
    projects, funnels = _read(settings)
    read = [_modelled(project) for project in projects], [_defined(funnel) for funnel in funnels]
    return blake2b(msgspec.json.encode(read), digest_size=16).hexdigest()


def _modelled(project: Project) -> dict[str, Any]:
    """The settings that models read; what only collectors follow is none of theirs, and its change rebuilds nothing."""
    return {
        "project_id": project.project_id,
        "name": project.name,
        "timezone": project.timezone,
        "currency": project.currency,
        "session_timeout_seconds": project.session_timeout_seconds,
        "duplicate_window_ms": project.duplicate_window_ms,
        "allowed_bots": project.allowed_bots,
    }


def _defined(funnel: Funnel) -> dict[str, Any]:
    return {
        "project_id": funnel.project_id,
        "funnel_id": funnel.funnel_id,
        "name": funnel.name,
        "step_names": funnel.step_names,
        "window_seconds": funnel.window_seconds,
    }


def _read(settings: Settings) -> tuple[list[Project], list[Funnel]]:
    registry = open_registry(settings)
    try:
        return list_projects(registry), list_funnels(registry)
    finally:
        registry.close()
