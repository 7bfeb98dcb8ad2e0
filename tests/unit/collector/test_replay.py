"""Quarantine is replayed: what passes by today's rules is an event, once, and what does not stays where it is."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from collector.enrichment.context import ProjectSettings
from collector.replay import Chosen, Replayed, day_ms, replay_quarantine
from event_lens.errors import Unavailable
from event_lens.warehouse.client import Warehouse

# Bodies are kept for thirty days.
DAY = datetime.now(UTC).date() - timedelta(days=2)
AT = f"{DAY} 09:00:00.000"
NEAR = Chosen(day_ms(DAY - timedelta(days=1)), day_ms(DAY + timedelta(days=1)))
EVENTS = (
    "SELECT toString(event_id) AS id, name, path, device_id, device_kind, toString(received_at) AS at, is_bot "
    "FROM lens_raw.events WHERE project_id = {p:String} ORDER BY name, id"
)
LEFT = "SELECT code, batch_row FROM lens_raw.quarantine WHERE project_id = {p:String} ORDER BY batch_row"
BATCHES = """
    SELECT table_name, sum(row_count) AS row_count FROM lens_raw.batches
    WHERE batch_id IN (
        SELECT batch_id FROM lens_raw.events WHERE project_id = {p:String}
        UNION ALL SELECT batch_id FROM lens_raw.profile_operations WHERE project_id = {p:String}
        UNION ALL SELECT batch_id FROM lens_raw.changed_events WHERE project_id = {p:String}
    )
    GROUP BY table_name ORDER BY table_name
"""


def track(name: str, **payload: Any) -> dict[str, Any]:
    return {"type": "track", "payload": {"name": name, "properties": {"__path": "https://example.com/a"}, **payload}}


BODIES: tuple[tuple[str, object], ...] = (
    ("name_too_long", track("view", timestamp=f"{DAY}T08:00:00Z")),
    ("batch_too_large", [track("first", deviceId="d1"), track("second", messageId="m1")]),
    ("name_missing", {"type": "track", "payload": {}}),
    ("name_too_long", {"type": "identify", "payload": {"profileId": "p1", "firstName": "A"}}),
)


@pytest.fixture
def project(warehouse: Warehouse) -> Iterator[ProjectSettings]:
    """A project with refused rows of a batch of their own, one of which is refused still."""
    project_id = f"replay-{uuid4().hex[:8]}"
    rows = [
        {
            "project_id": project_id, "received_at": AT, "code": code, "message": "", "device_id": "device-of-then",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0", "body": json.dumps(body),
            "batch_id": project_id, "batch_row": number,
        }
        for number, (code, body) in enumerate(BODIES)
    ]  # fmt: skip
    warehouse.insert_lines("lens_raw.quarantine", b"\n".join(map(msgspec.json.encode, rows)), token=project_id)
    yield ProjectSettings(project_id)
    warehouse.command(
        "ALTER TABLE lens_raw.quarantine DELETE WHERE project_id = {p:String}", {"p": project_id}, {"mutations_sync": 2}
    )


def replay(warehouse: Warehouse, project: ProjectSettings, chosen: Chosen = NEAR, *, is_dry: bool = False) -> Replayed:
    return replay_quarantine(warehouse, project, date(2015, 1, 1), chosen, is_dry=is_dry)


def test_a_passing_row_lands_as_it_was_received_and_leaves_quarantine(
    warehouse: Warehouse, project: ProjectSettings
) -> None:
    of_project = {"p": project.project_id}
    dry = replay(warehouse, project, is_dry=True)
    assert warehouse.rows(EVENTS, of_project) == []
    done = replay(warehouse, project)
    assert done == dry
    assert (done.row_count, done.event_count, dict(done.refused)) == (3, 4, {"name_missing": 1})
    rows = warehouse.rows(EVENTS, of_project)
    assert [(row["name"], row["device_id"], row["device_kind"]) for row in rows] == [
        ("first", "d1", "client"),
        ("second", "device-of-then", "derived"),
        ("view", "device-of-then", "derived"),
    ]
    assert {(row["path"], row["at"], row["is_bot"]) for row in rows} == {("/a", AT, False)}
    operations = "SELECT operation, first_name FROM lens_raw.profile_operations WHERE project_id = {p:String}"
    assert warehouse.rows(operations, of_project) == [{"operation": "identify", "first_name": "A"}]
    assert warehouse.rows(LEFT, of_project) == [{"code": "name_missing", "batch_row": 2}]
    # The next build learns of the events, and of the rows that left quarantine.
    batches = warehouse.rows(BATCHES, of_project)
    assert [(row["table_name"], row["row_count"]) for row in batches] == [
        ("lens_raw.changed_events", 0),
        ("lens_raw.events", 3),
        ("lens_raw.profile_operations", 1),
    ]


def test_only_rows_of_the_time_and_the_reasons_are_replayed(warehouse: Warehouse, project: ProjectSettings) -> None:
    assert replay(warehouse, project, Chosen(NEAR.until_ms, NEAR.until_ms + 1)).row_count == 0
    assert replay(warehouse, project, Chosen(NEAR.since_ms, day_ms(DAY))).row_count == 0
    done = replay(warehouse, project, Chosen(NEAR.since_ms, NEAR.until_ms, ["batch_too_large", "name_missing"]))
    assert (done.row_count, done.event_count) == (1, 2)
    left = warehouse.rows(LEFT, {"p": project.project_id})
    assert [row["batch_row"] for row in left] == [0, 2, 3]


class Killed(Warehouse):
    """Ends before rows leave quarantine."""

    def command(self, sql: str, *rest: Any) -> None:
        if sql.startswith("ALTER TABLE lens_raw.quarantine"):
            raise Unavailable("killed")
        super().command(sql, *rest)


def test_a_replay_that_is_killed_and_run_again_lands_each_event_once(
    warehouse: Warehouse, warehouse_url: str, project: ProjectSettings
) -> None:
    with Killed(warehouse_url) as killed, suppress(Unavailable):
        replay(killed, project)
    before = warehouse.rows(EVENTS, {"p": project.project_id})
    assert len(before) == 3
    assert len(warehouse.rows(LEFT, {"p": project.project_id})) == 4
    replay(warehouse, project)
    assert warehouse.rows(EVENTS, {"p": project.project_id}) == before
    assert len(warehouse.rows(LEFT, {"p": project.project_id})) == 1
    assert replay(warehouse, project).row_count == 0
