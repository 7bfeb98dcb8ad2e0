"""The plan of a build and its end, on a real warehouse. Other tests land batches too, so each looks at its own."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from event_lens.contract.rows import timestamp
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.funnels import create_funnel
from event_lens.registry.projects import change_project, create_project
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.client import Warehouse
from orchestration.assets.built_batches import mark_built
from orchestration.assets.registry_sync import copy_registry, registry_fingerprint
from orchestration.planning.days import REACH_AFTER, between
from orchestration.planning.plan import make_plan, read_plan

SENT = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})


@pytest.fixture
def project(settings: Settings, warehouse: Warehouse) -> Iterator[str]:
    registry = open_registry(settings)
    # At 20:00 UTC it is the next day in Kolkata.
    yield create_project(registry, "plan", timezone="Asia/Kolkata").project_id
    registry.close()


def land(
    warehouse: Warehouse,
    project: str,
    created_at: datetime,
    *,
    received_at: datetime | None = None,
    message: str = "",
    event_id: str = "",
) -> str:
    """Lands a batch of one event, as the writer does, and returns its id."""
    batch_id = f"batch-{uuid.uuid4()}"
    received = timestamp(int((received_at or created_at).timestamp() * 1000))
    event: dict[str, Any] = {
        "event_id": event_id or str(uuid.uuid4()),
        "message_id": message,
        "project_id": project,
        "name": "screen_view",
        "device_id": "d",
        "device_kind": "client",
        "created_at": timestamp(int(created_at.timestamp() * 1000)),
        "received_at": received,
        "batch_id": batch_id,
    }
    batch = {
        "batch_id": batch_id,
        "table_name": "lens_raw.events",
        "landed_at": received,
        "row_count": 1,
        "first_received_at": received,
        "last_received_at": received,
    }
    warehouse.insert_lines("lens_raw.events", msgspec.json.encode(event), token=batch_id)
    warehouse.insert_lines("lens_raw.batches", msgspec.json.encode(batch), token=batch_id)
    return batch_id


def planned(warehouse: Warehouse, settings: Settings, batch_id: str) -> tuple[str, list[date]]:
    """Plans a build; returns its id and the local days of one batch in it, none when it is not in the plan."""
    copy_registry(settings, warehouse)
    build = f"build-{uuid.uuid4()}"
    make_plan(warehouse, build)
    rows = warehouse.rows(
        "SELECT days FROM lens_staging.planned_batches WHERE build_id = {build:String} AND batch_id = {batch:String}",
        {"build": build, "batch": batch_id},
    )
    return build, sorted(day for row in rows for day in row["days"])


def test_a_batch_touches_the_local_day_of_its_events(warehouse: Warehouse, settings: Settings, project: str) -> None:
    batch = land(warehouse, project, SENT)
    assert planned(warehouse, settings, batch)[1] == [date(2026, 3, 11)]


def test_a_copy_touches_the_days_of_the_other_copies(warehouse: Warehouse, settings: Settings, project: str) -> None:
    event_id = str(uuid.uuid4())
    first = land(warehouse, project, SENT, message="m", event_id=event_id)
    build, _ = planned(warehouse, settings, first)
    mark_built(warehouse, build, None, settings)
    later = SENT + timedelta(days=3)
    copy = land(warehouse, project, later, message="m", event_id=event_id)
    assert planned(warehouse, settings, copy)[1] == [date(2026, 3, 11), date(2026, 3, 14)]


def test_a_built_batch_is_not_planned_again(warehouse: Warehouse, settings: Settings, project: str) -> None:
    batch = land(warehouse, project, SENT)
    build, _ = planned(warehouse, settings, batch)
    assert mark_built(warehouse, build, None, settings) >= 1
    assert planned(warehouse, settings, batch)[1] == []


def test_a_batch_over_far_days_is_built_when_both_runs_are_through(
    warehouse: Warehouse, settings: Settings, project: str
) -> None:
    event_id = str(uuid.uuid4())
    land(warehouse, project, SENT - timedelta(days=100), received_at=SENT, message="far", event_id=event_id)
    batch = land(warehouse, project, SENT, received_at=SENT, message="far", event_id=event_id)
    build, days = planned(warehouse, settings, batch)
    assert len(days) == 2
    mark_built(warehouse, build, between(days[0] - timedelta(days=1), days[0] + timedelta(days=REACH_AFTER)), settings)
    build, days_again = planned(warehouse, settings, batch)
    assert days_again == days
    mark_built(warehouse, build, between(days[1] - timedelta(days=1), days[1] + timedelta(days=REACH_AFTER)), settings)
    assert planned(warehouse, settings, batch)[1] == []


def test_a_plan_that_is_never_finished_changes_nothing(warehouse: Warehouse, settings: Settings, project: str) -> None:
    batch = land(warehouse, project, SENT)
    assert planned(warehouse, settings, batch)[1] == planned(warehouse, settings, batch)[1] == [date(2026, 3, 11)]


def test_a_changed_setting_touches_every_day_of_its_project(
    warehouse: Warehouse, settings: Settings, project: str
) -> None:
    for days in (0, 40):
        batch = land(warehouse, project, SENT + timedelta(days=days))
    build, _ = planned(warehouse, settings, batch)
    mark_built(warehouse, build, None, settings)
    build, _ = planned(warehouse, settings, batch)
    assert not _days_of_settings(warehouse, build, project)
    registry = open_registry(settings)
    change_project(registry, project, session_timeout_seconds=60)
    registry.close()
    build, _ = planned(warehouse, settings, batch)
    assert _days_of_settings(warehouse, build, project) == [date(2026, 3, 10), date(2026, 4, 19)]


def test_a_new_funnel_touches_every_day_of_its_project(warehouse: Warehouse, settings: Settings, project: str) -> None:
    batch = land(warehouse, project, SENT)
    build, _ = planned(warehouse, settings, batch)
    mark_built(warehouse, build, None, settings)
    registry = open_registry(settings)
    create_funnel(registry, project, "to a purchase", ("screen_view", "purchase"))
    registry.close()
    build, _ = planned(warehouse, settings, batch)
    assert _days_of_settings(warehouse, build, project) == [date(2026, 3, 10)]
    mark_built(warehouse, build, None, settings)
    build, _ = planned(warehouse, settings, batch)
    assert not _days_of_settings(warehouse, build, project)


def test_the_fingerprint_of_the_registry_follows_every_change(settings: Settings, project: str) -> None:
    first = registry_fingerprint(settings)
    assert registry_fingerprint(settings) == first
    registry = open_registry(settings)
    change_project(registry, project, currency="EUR")
    second = registry_fingerprint(settings)
    create_funnel(registry, project, "f", ("a", "b"))
    registry.close()
    assert len({first, second, registry_fingerprint(settings)}) == 3


def test_a_setting_that_only_collectors_follow_needs_no_build(
    warehouse: Warehouse, settings: Settings, project: str
) -> None:
    batch = land(warehouse, project, SENT)
    build, _ = planned(warehouse, settings, batch)
    mark_built(warehouse, build, None, settings)
    before = registry_fingerprint(settings)
    registry = open_registry(settings)
    collectors_own: dict[str, object] = {
        "own_addresses": ["192.0.2.7"],
        "hostnames": ["example.com"],
        "query_allow_list": ["q"],
        "honour_gpc": True,
        "honour_dnt": True,
        "hash_routes": True,
        "fold_trailing_slash": True,
        "device_salt": "monthly",
        "allow_unsafe_revenue": True,
        "domains": ["example.com"],
    }
    change_project(registry, project, **collectors_own)
    registry.close()
    assert registry_fingerprint(settings) == before
    build, _ = planned(warehouse, settings, batch)
    assert not _days_of_settings(warehouse, build, project)


def test_days_outside_of_what_can_be_built_are_left_out(warehouse: Warehouse, settings: Settings, project: str) -> None:
    batch = land(warehouse, project, datetime(2100, 1, 1, tzinfo=UTC), received_at=SENT)
    build, days = planned(warehouse, settings, batch)
    assert days == [date(2100, 1, 1)]
    assert max(read_plan(warehouse, build, settings).days) < date(2100, 1, 1)


def _days_of_settings(warehouse: Warehouse, build: str, project: str) -> list[date]:
    rows = warehouse.rows(
        "SELECT days FROM lens_staging.planned_batches WHERE build_id = {build:String} AND project_id = {p:String}",
        {"build": build, "p": project},
    )
    return sorted(day for row in rows for day in row["days"])
