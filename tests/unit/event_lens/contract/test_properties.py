"""Properties against the real JSON column: what is taken lands and reads back, what would not is refused before."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from event_lens.contract.limits import MAX_PROPERTIES_BYTES, MAX_PROPERTIES_DEPTH, MAX_PROPERTIES_KEYS
from event_lens.contract.properties import check_storable, lists_of_values
from event_lens.contract.rejection import Rejection
from event_lens.warehouse.client import Warehouse


def nested(levels: int, *, in_lists: bool = False) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value] if in_lists else {"a": value}
    return {"a": value}


TAKEN: list[dict[str, Any]] = [
    {"text": "x\n\u0000 한국어 😀", "flag": True, "count": -3, "share": 0.1, "large": 1e308, "tiny": 5e-324},
    {"unsigned": 2**64 - 1, "beyond": "2026-01-01T00:00:00Z"},
    {"a": {"b": 1, "c": {"d": "e"}}, "list": [1, "a", {"b": 1}, [2], None, True]},
    {"a.b": 1, "a": {"c": 2}},
    {"__proto__": {"x": 1}, "a`b": 1, 'c"d': 2, "e\\f": 3, "g[]": 4, "%2E": 5, "a\u0000b": 6},
    {f"k{number}": number for number in range(MAX_PROPERTIES_KEYS)},
    {"k" * 30_000: "v"},
    {"k" * 1_000: {str(number): number for number in range(60)}},
    {"k" * 15_000: [{str(number): number for number in range(900)}]},
    {"text": "x" * (MAX_PROPERTIES_BYTES - len('{"text":""}'))},
    nested(MAX_PROPERTIES_DEPTH),
    nested(MAX_PROPERTIES_DEPTH, in_lists=True),
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"a.b": 1, "a": {"b": 2}}, "properties_not_storable"),
    ({"a": 1, "a.b": 2}, "properties_not_storable"),
    ({"x": [{"a.b": 1, "a": {"b": 2}}]}, "properties_not_storable"),
    ({"x": {"y": {"a.b": 1, "a": {"b": 2}}}}, "properties_not_storable"),
    ({"half": "\ud800"}, "properties_not_storable"),
    ({"half": {"\udc00": 1}}, "properties_not_storable"),
    (nested(MAX_PROPERTIES_DEPTH + 1), "properties_too_deep"),
    (nested(MAX_PROPERTIES_DEPTH + 1, in_lists=True), "properties_too_deep"),
    (nested(100_000), "properties_too_deep"),
    ({".".join("a" * (MAX_PROPERTIES_DEPTH + 1)): 1}, "properties_too_deep"),
    ({f"k{number}": number for number in range(MAX_PROPERTIES_KEYS + 1)}, "properties_too_large"),
    ({"a": {f"k{number}": number for number in range(MAX_PROPERTIES_KEYS)}}, "properties_too_large"),
    ({"text": "x" * MAX_PROPERTIES_BYTES}, "properties_too_large"),
    ({"k" * 1_000: {str(number): number for number in range(70)}}, "properties_too_large"),
]


def test_accepted_properties_land_and_read_back(warehouse: Warehouse) -> None:
    project_id = f"storable-{uuid4().hex}"
    lines = []
    for number, properties in enumerate(TAKEN):
        check_storable(properties)
        row = {"event_id": str(uuid4()), "project_id": project_id, "name": str(number), "properties": properties}
        lines.append(msgspec.json.encode(row))
    warehouse.insert_lines("lens_raw.events", b"\n".join(lines), token=project_id)
    read = warehouse.rows(
        "SELECT toUInt32(name) AS number, toString(properties) AS json FROM lens_raw.events"
        " WHERE project_id = {project_id:String} ORDER BY number",
        {"project_id": project_id},
    )
    assert [msgspec.json.decode(row["json"]) for row in read if row["number"] != 3] == [
        properties for number, properties in enumerate(TAKEN) if number != 3
    ]
    assert msgspec.json.decode(read[3]["json"]) == {"a": {"b": 1, "c": 2}}


def test_integers_beyond_64_bits_are_kept_as_text(warehouse: Warehouse) -> None:
    project_id = f"storable-{uuid4().hex}"
    properties = {"a": 10**29 + 1}
    check_storable(properties)
    row = {"event_id": str(uuid4()), "project_id": project_id, "properties": properties}
    warehouse.insert_lines("lens_raw.events", msgspec.json.encode(row), token=project_id)
    found = warehouse.value(
        "SELECT toString(properties.a) FROM lens_raw.events WHERE project_id = {p:String}", {"p": project_id}
    )
    assert found == str(10**29 + 1)


@pytest.mark.parametrize(("properties", "code"), REFUSED, ids=range(len(REFUSED)))
def test_properties_that_would_not_read_back_are_refused(properties: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejection) as caught:
        check_storable(properties)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("properties", "is_flat"),
    [
        ({}, True),
        ({"a": 1, "b": "x", "c": None, "d": True}, True),
        ({"a": 1, "b": {}}, False),
        ({"a": []}, False),
        ({"a": 1, "b.c": 2}, False),
    ],
)
def test_properties_are_flat_when_no_path_has_two_parts(properties: dict[str, Any], is_flat: bool) -> None:
    assert check_storable(properties) is is_flat


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"a": 1, "b": {"c": [1, "x", None, True]}}, {"a": 1, "b": {"c": [1, "x", None, True]}}),
        ({"cart": [{"sku": "a", "of": {"n": 1}}, {"sku": "b"}]}, {"cart": ['{"sku":"a","of":{"n":1}}', '{"sku":"b"}']}),
        ({"a": {"b": [[1, [2]], 3]}}, {"a": {"b": ["[1,[2]]", 3]}}),
        ({}, {}),
    ],
)
def test_lists_hold_plain_values_and_nested_objects_in_them_become_json_text(
    sent: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert lists_of_values(sent) == kept


def test_merging_a_hostile_senders_rows_opens_few_files(warehouse: Warehouse) -> None:
    """Each event has lists of objects with keys of its own; unmended, a merge of these wrote 20,000 files."""
    table = f"lens_staging.merged_{uuid4().hex[:12]}"
    warehouse.command(f"CREATE TABLE {table} AS lens_raw.events SETTINGS min_bytes_for_wide_part = 0")
    for batch in range(4):
        lines = [
            msgspec.json.encode(
                {
                    "event_id": str(uuid4()),
                    "project_id": "hostile",
                    "properties": lists_of_values(
                        {
                            f"k{event}_{at}": [{f"a{batch}_{event}_{at}_{n}": n for n in range(30)}, [[at]]]
                            for at in range(20)
                        }
                    ),
                }
            )
            for event in range(50)
        ]
        warehouse.insert_lines(table, b"\n".join(lines), token=uuid4().hex)
    warehouse.command(f"OPTIMIZE TABLE {table} FINAL")
    name = table.removeprefix("lens_staging.")
    files = warehouse.value(
        "SELECT max(files) FROM system.parts WHERE active AND table = {name:String}", {"name": name}
    )
    warehouse.command(f"DROP TABLE {table}")
    assert 0 < files < 2_500
