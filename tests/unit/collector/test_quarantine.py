"""What was refused is kept with its reason, and without what must not be kept."""

from typing import Any

import msgspec
import pytest

from collector.quarantine import quarantined
from event_lens.contract.parse import Envelope, Rejection, decode_batch, parse
from event_lens.contract.rows import QuarantineRow
from tests.unit.collector.enrichment.test_row_builder import ADDRESS, CHROME, SERVER, source


def refused(kind: str, payload: dict[str, Any]) -> QuarantineRow:
    envelope = Envelope(kind, payload, "client", "secret-of-client")
    with pytest.raises(Rejection) as caught:
        source().row(parse(envelope))  # type: ignore[arg-type]
    return quarantined(caught.value, source(), envelope=envelope)


def test_an_event_is_kept_with_reason_device_and_agent() -> None:
    row = refused("track", {"name": "x" * 256, "properties": {"a": [1, {"b": None}]}})
    assert (row.project_id, row.code, row.user_agent) == ("p", "name_too_long", CHROME)
    assert "255" in row.message
    assert row.device_id == source().own_device().device_id
    assert msgspec.json.decode(row.body) == {
        "type": "track",
        "payload": {"name": "x" * 256, "properties": {"a": [1, {"b": None}]}},
    }


def test_secrets_and_addresses_are_left_out_at_every_depth() -> None:
    hidden = {"clientSecret": "hush", "__ip": "192.0.2.9", "kept": 1}
    row = refused("track", {"name": "", **hidden, "properties": {**hidden, "list": [hidden]}})
    text = msgspec.json.encode(row).decode()
    assert "hush" not in text
    assert "192.0.2.9" not in text
    assert ADDRESS not in text
    assert "secret-of-client" not in text
    assert text.count("kept") == 3


def test_a_nested_bomb_is_kept_without_its_depth() -> None:
    bomb: Any = "boom"
    for _ in range(900):
        bomb = {"a": bomb}
    row = refused("track", {"name": "a", "properties": bomb})
    assert row.code == "properties_too_deep"
    assert "boom" not in row.body


def test_of_an_unreadable_body_only_length_and_hash_are_kept() -> None:
    body = b'[{"type":"track","payload":{"email":"ada@example.com","x":NaN}}]'
    (item,) = decode_batch(body).items
    assert isinstance(item, Rejection)
    row = quarantined(item, source())
    assert (row.body, row.body_length, row.code) == ("", len(body) - 2, "properties_not_storable")
    whole = quarantined(Rejection("no", code="body_not_json"), source(SERVER), body=body)
    assert (whole.body, whole.body_length, len(whole.body_hash)) == ("", len(body), 32)
    assert whole.body_hash != row.body_hash


def test_a_key_with_a_dot_hides_neither_secret_nor_address() -> None:
    row = refused("track", {"name": "", "properties": {"a.__ip": "192.0.2.9", "clientSecret.x": "hush", "a.b": 1}})
    assert msgspec.json.decode(row.body)["payload"]["properties"] == {"a.b": 1}
