"""The rows that are made, in the real tables: every column of the structs is a column there and reads back."""

from datetime import date
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace

from collector.enrichment.context import ProjectSettings
from collector.enrichment.row_builder import Enricher, RowBuilder
from collector.quarantine import quarantined
from event_lens.clock import now_ms
from event_lens.contract.parse import Envelope, Event, Operation, Rejection, Replay, parse
from event_lens.contract.rows import TABLES, EventRow, Row
from event_lens.warehouse.client import Warehouse
from tests.unit.collector.enrichment.test_row_builder import SERVER

FULL: dict[str, Any] = {
    "name": "screen_view",
    "profileId": "p",
    "deviceId": "d",
    "sessionId": "s",
    "messageId": "m",
    "groups": ["a", "b"],
    "timestamp": "2026-05-28T10:00:00.123Z",
    "utmTerm": "t",
    "properties": {
        "__path": "https://shop.example/a?utm_source=google&gclid=x#h",
        "__revenue": -12.3456,
        "__currency": "EUR",
        "__latitude": 55.7,
        "screenWidth": 65535,
        "text": "한국어\u0000",
        "nested": {"a": [1, {"b": 2}], "gone": None},
    },
}
OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("identify", {"profileId": "p", "email": "ada@example.com", "plan": {"name": "pro"}}),
    ("increment", {"profileId": "p", "property": "visits", "value": 1e-9}),
    ("decrement", {"profileId": "p", "property": "visits", "value": 1e17}),
    ("alias", {"profileId": "p", "alias": "q"}),
    ("group", {"id": 1, "type": "company", "name": "Acme"}),
    ("assign_group", {"groupIds": ["1"]}),
]


def builder_of(project_id: str) -> RowBuilder:
    return Enricher().builder(replace(SERVER, project=ProjectSettings(project_id), received_at_ms=now_ms()))


def parsed(kind: str, payload: dict[str, Any]) -> Event | Operation:
    made = parse(Envelope(kind, payload))
    assert not isinstance(made, Replay)
    return made


def land(warehouse: Warehouse, rows: list[Any]) -> None:
    kinds: list[type[Row]] = list(TABLES)
    for kind in kinds:
        body = b"\n".join(msgspec.json.encode(row) for row in rows if isinstance(row, kind))
        if body:
            warehouse.insert_lines(TABLES[kind], body, token=uuid4().hex)


def test_a_full_event_and_every_operation_land(warehouse: Warehouse) -> None:
    project_id = f"land-{uuid4().hex}"
    source = builder_of(project_id)
    rows = [source.row(parsed("track", FULL)), *(source.row(parsed(*operation)) for operation in OPERATIONS)]
    land(warehouse, rows)
    (event,) = warehouse.rows(
        "SELECT toString(event_id) AS event_id, name, groups, toString(created_at) AS created_at, path, query,"
        " click_id, utm_source, utm_term, toString(revenue) AS revenue, currency, latitude, screen_width,"
        " toString(properties) AS properties FROM lens_raw.events WHERE project_id = {p:String}",
        {"p": project_id},
    )
    made = rows[0]
    assert isinstance(made, EventRow)
    assert event["event_id"] == made.event_id
    assert (event["created_at"], event["groups"]) == ("2026-05-28 10:00:00.123", ["a", "b"])
    assert (event["path"], event["query"], event["click_id"]) == ("/a", "utm_source=google&gclid=x", "gclid")
    assert (event["utm_source"], event["utm_term"]) == ("google", "t")
    assert (event["revenue"], event["currency"], event["screen_width"]) == ("-12.3456", "EUR", 65535)
    assert msgspec.json.decode(event["properties"]) == {
        "text": "한국어\u0000",
        "nested": {"a": [1, '{"b":2}']},
    }
    operations = warehouse.rows(
        "SELECT operation, toString(value) AS value, toString(properties) AS properties"
        " FROM lens_raw.profile_operations WHERE project_id = {p:String}",
        {"p": project_id},
    )
    assert {row["operation"]: row["value"] for row in operations} == {
        "identify": "0",
        "increment": "0.000000001",
        "decrement": "100000000000000000",
        "alias": "0",
        "group": "0",
        "assign_group": "0",
    }


def test_an_early_first_day_lets_early_times_land(warehouse: Warehouse) -> None:
    project_id = f"land-{uuid4().hex}"
    request = replace(SERVER, project=ProjectSettings(project_id), first_day=date(1970, 1, 1))
    land(
        warehouse,
        [Enricher().builder(request).row(parsed("track", {"name": "a", "timestamp": "1999-12-31T23:59:59.999"}))],
    )
    found = warehouse.value(
        "SELECT toString(created_at) FROM lens_raw.events WHERE project_id = {p:String}", {"p": project_id}
    )
    assert found == "1999-12-31 23:59:59.999"


def test_a_refused_event_lands_in_quarantine(warehouse: Warehouse) -> None:
    project_id = f"land-{uuid4().hex}"
    envelope = Envelope("track", {"name": "", "text": "\u0000'\"\\ 한"})
    with pytest.raises(Rejection) as caught:
        parse(envelope)
    land(warehouse, [quarantined(caught.value, builder_of(project_id), envelope=envelope)])
    found = warehouse.rows(
        "SELECT code, body FROM lens_raw.quarantine WHERE project_id = {p:String}", {"p": project_id}
    )
    assert [row["code"] for row in found] == ["name_missing"]
    assert msgspec.json.decode(found[0]["body"])["payload"] == envelope.payload
