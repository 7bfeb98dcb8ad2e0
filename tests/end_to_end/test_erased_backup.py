"""A backup that is older than an erasure brings nobody back."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cli.erase import erase_person
from event_lens.backup.restore import restore_backup
from event_lens.backup.take import take_backup
from event_lens.clock import now_ms
from event_lens.contract.rows import timestamp
from event_lens.registry.database import open_registry
from event_lens.registry.erasures import list_erasures
from event_lens.registry.projects import create_project
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer

pytestmark = pytest.mark.usefixtures("only_embedded")

PROFILE, EMAIL, DEVICE = "person-4711-forgotten", "forgotten-4711@example.com", "browser-of-4711"
KNOWN = (PROFILE, EMAIL, DEVICE)
MODEL = "CREATE TABLE lens.seen (project_id String, profile_id String) ENGINE = MergeTree ORDER BY project_id"


def land_person(warehouse: Warehouse, project: str) -> None:
    """What somebody did, who they are, what was refused of them, and what a model made of it; and a neighbour."""
    row = {"project_id": project, "created_at": timestamp(now_ms()), "received_at": timestamp(now_ms())}
    sent = row | {"device_kind": "client", "batch_id": "sent", "day": "2026-05-01", "name": "click"}
    events = [sent | {"device_id": DEVICE, "profile_id": PROFILE}, sent | {"device_id": "other", "profile_id": "other"}]
    identify = row | {"batch_id": "sent", "operation": "identify", "profile_id": PROFILE, "email": EMAIL}
    refused = row | {"batch_id": "sent", "code": "name_missing", "body": json.dumps({"email": EMAIL})}
    for table, rows in (
        ("events", [{**event, "batch_row": number} for number, event in enumerate(events)]),
        ("profile_operations", [identify]),
        ("quarantine", [refused]),
        ("batches", [{"batch_id": "sent", "table_name": "lens_raw.events", "landed_at": timestamp(now_ms())}]),
    ):
        body = b"".join(json.dumps(each).encode() + b"\n" for each in rows)
        warehouse.insert_lines(f"lens_raw.{table}", body, token=table)
    warehouse.command(MODEL)
    warehouse.command("INSERT INTO lens.seen SELECT project_id, profile_id FROM lens_raw.events")
    # A restored part ignores as many later mutations as it had been through before.
    for table in ("lens_raw.events", "lens.seen"):
        for number in range(5):
            rename = f"ALTER TABLE {table} UPDATE profile_id = profile_id WHERE {number} = {number}"
            warehouse.command(rename, settings={"mutations_sync": 2})


def naming_files(home: Path) -> list[Path]:
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path for path in files if any(known.encode() in path.read_bytes() for known in KNOWN)]


def settings_of(server: EmbeddedServer) -> Settings:
    return read_settings({k: v for k, v in server.environment.items() if k.startswith("EVENTLENS_")})


def test_a_person_erased_after_the_backup_is_not_in_the_restored_home(
    tmp_path: Path, start_embedded: Callable[..., EmbeddedServer]
) -> None:
    old = settings_of(start_embedded(tmp_path / "old").wait())
    with closing(open_registry(old)) as registry:
        project = create_project(registry, "Shop").project_id
        with connect(old, "admin") as warehouse:
            land_person(warehouse, project)
        take_backup(old, registry, "before", None)
        assert naming_files(old.home / "backups")
        for subject in (PROFILE, "nobody"):
            erase_person(old, registry, project, "profile", subject, lambda _: None, build_shard=lambda _: None)
        receipts = list_erasures(registry)
    server = EmbeddedServer(tmp_path / "new", EVENTLENS_BACKUPS=str(old.home / "backups"))
    try:
        new = settings_of(server.wait())
        with closing(open_registry(new)) as registry:
            restored = restore_backup(new, registry, "before")
            kept = list_erasures(registry)
        assert (restored.erased, restored.unknown_erasures) == (2, [])
        with connect(new, "admin") as warehouse:
            people = warehouse.rows(
                "SELECT DISTINCT profile_id FROM lens_raw.events UNION DISTINCT SELECT profile_id FROM lens.seen"
            )
            assert people == [{"profile_id": "other"}]
            # The erased people's days are to be rebuilt, and events of that time that arrive later are not read.
            assert warehouse.value("SELECT count() FROM lens_raw.batches WHERE startsWith(batch_id, 'erase-')") == 1
            assert naming_files(new.home) == []
            late = (
                "INSERT INTO lens_raw.events (project_id, profile_id, batch_id) SELECT {p:String}, {id:String}, 'late'"
            )
            warehouse.command(late, {"p": project, "id": PROFILE})
            assert not warehouse.value("SELECT count() FROM lens_raw.kept_events WHERE batch_id = 'late'")
        assert [(each.erasure_id, each.stage, each.rows) for each in kept] == [
            (each.erasure_id, "done", each.rows) for each in receipts
        ]
    finally:
        server.stop()
