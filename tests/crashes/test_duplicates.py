"""What makes an event the same event when it is sent again, and what does not."""

import json
from collections.abc import Iterator

import pytest

from tests.crashes.components import Sender, System
from tests.crashes.load import Line


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("duplicates")) as system:
        yield system.start()


def items(message_id: str | None, count: int, kind: str = "track") -> bytes:
    payload = {"name": "paid"} if kind == "track" else {"profileId": "p", "property": "visits"}
    if message_id is not None:
        payload["messageId"] = message_id
    return json.dumps([{"type": kind, "payload": payload}] * count).encode()


def send(system: System, sender: Sender, *bodies: bytes) -> None:
    line = Line(system.collector.port, sender)
    for body in bodies:
        assert line.post("/track/batch", body).status == 200
    line.close()


def ids(system: System, sender: Sender, table: str) -> tuple[int, int, int]:
    """Rows, event ids and batches of a project."""
    with system.connection() as warehouse:
        (found,) = warehouse.rows(
            "SELECT count() AS row_count, uniqExact(event_id) AS ids, uniqExact(batch_id) AS batches"
            f" FROM lens_raw.{table} WHERE project_id = {{project:String}}",
            {"project": sender.project_id},
        )
    return found["row_count"], found["ids"], found["batches"]


@pytest.mark.parametrize(("kind", "table"), [("track", "events"), ("increment", "profile_operations")])
def test_one_message_id_is_one_event_in_batches_segments_and_after_restarts(
    system: System, kind: str, table: str
) -> None:
    sender = system.sender("same")
    body = items("order-1", 2, kind)
    send(system, sender, body, body)
    system.drain()
    send(system, sender, body)  # another segment
    system.collector.kill()
    system.collector.start()
    send(system, sender, body)  # another process
    system.drain()
    row_count, event_ids, batches = ids(system, sender, table)
    assert (row_count, event_ids) == (8, 1)
    assert batches >= 3


def test_one_message_id_in_two_projects_is_two_events(system: System) -> None:
    senders = [system.sender("one"), system.sender("other")]
    for sender in senders:
        send(system, sender, items("order-1", 1))
    system.drain()
    with system.connection() as warehouse:
        found = warehouse.value(
            "SELECT uniqExact(event_id) FROM lens_raw.events WHERE project_id IN {projects:Array(String)}",
            {"projects": [sender.project_id for sender in senders]},
        )
    assert found == 2


def test_a_thousand_equal_increments_all_count(system: System) -> None:
    sender = system.sender("increments")
    send(system, sender, *[items(None, 100, "increment")] * 10)
    system.drain()
    assert ids(system, sender, "profile_operations")[:2] == (1000, 1000)
