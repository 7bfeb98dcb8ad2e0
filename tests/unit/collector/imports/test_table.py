"""Tables of one's own: any names, any form of time, read by a mapping."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from collector.imports.event_frame import Chunk
from collector.imports.sources import Options
from collector.imports.table import OWN, read
from collector.imports.times import epoch_ms_of_column
from event_lens.errors import Refused

MAPPING = """
timezone = "Europe/Berlin"
[columns]
at = "When"
name = "what"
device_id = "cookie"
path = "page"
revenue = "amount"
[names]
hit = "screen_view"
noise = ""
[properties]
plan = "Plan"
"""
HEADER = "When,what,cookie,page,amount,Plan"
ROWS = (
    "2026-08-12 09:00:00,hit,c1,https://shop.example/a,,pro",
    "2026-08-12 09:01:00,buy,c1,https://shop.example/b,12.5,",
    "2026-08-12 09:02:00,noise,c1,,,",
)


def mapping(folder: Path, text: str = MAPPING) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text)
    return path


def chunks_of(folder: Path, name: str, content: str | bytes, text: str = MAPPING) -> list[Chunk]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read(path, Options(mapping=mapping(folder, text))))


def test_columns_names_and_properties_are_those_of_the_mapping(tmp_path: Path) -> None:
    (chunk,) = chunks_of(tmp_path, "t.csv", "\n".join((HEADER, *ROWS)))
    assert chunk.events.select("number", "name", "device_id", "path", "properties").rows() == [
        (2, "screen_view", "c1", "https://shop.example/a", '{"plan":"pro"}'),
        (3, "buy", "c1", "https://shop.example/b", "{}"),
    ]
    assert [float(value or 0) for value in chunk.events["revenue"]] == [0, 12.5]
    assert chunk.events["at"][0] == int(datetime(2026, 8, 12, 7, tzinfo=UTC).timestamp() * 1000)
    assert chunk.left_out == {"no name": 1}


def test_separators_compression_and_the_order_of_columns_do_not_change_an_event(tmp_path: Path) -> None:
    expected = chunks_of(tmp_path, "t.csv", "\n".join((HEADER, *ROWS)))[0].events
    semicolons = "\r\n".join((HEADER, *ROWS)).replace(",", ";")
    assert chunks_of(tmp_path, "t.csv.gz", gzip.compress(semicolons.encode()))[0].events.equals(expected)
    turned = "\n".join(",".join(reversed(row.split(","))) for row in (HEADER, *ROWS))
    assert chunks_of(tmp_path, "turned.csv", turned)[0].events.equals(expected)


def test_parquet_and_json_are_read_by_the_same_mapping(tmp_path: Path) -> None:
    frame = pl.DataFrame([dict(zip(HEADER.split(","), row.split(","), strict=True)) for row in ROWS])
    expected = chunks_of(tmp_path, "t.csv", "\n".join((HEADER, *ROWS)))[0].events.drop("number", "content")
    frame.with_columns(pl.col("When").str.to_datetime()).write_parquet(tmp_path / "t.parquet")
    frame.write_ndjson(tmp_path / "t.json")
    for name in ("t.parquet", "t.json"):
        chunks = list(read(tmp_path / name, Options(mapping=mapping(tmp_path))))
        assert pl.concat([chunk.events for chunk in chunks]).drop("number", "content").equals(expected)


def test_nested_json_is_reached_by_dots_and_an_object_is_properties(tmp_path: Path) -> None:
    line = '{"t": 1786518000, "e": "x", "user": {"id": 7}, "props": {"a": 1, "b": {"c": [2]}}}'
    text = '[columns]\nat = "t"\nname = "e"\nprofile_id = "user.id"\nproperties = "props"\n'
    chunk = chunks_of(tmp_path, "t.json", line, text)[0]
    assert chunk.events.select("profile_id", "properties").rows() == [("7", '{"a":1,"b":{"c":[2]}}')]


def test_rows_that_are_none_are_unreadable_with_their_line(tmp_path: Path) -> None:
    rows = (ROWS[0], "too,few", ROWS[1], "1,2,3,4,5,6,7")
    (chunk,) = chunks_of(tmp_path, "t.csv", "\n".join((HEADER, *rows)))
    assert chunk.events["number"].to_list() == [2, 4]
    assert chunk.unreadable.select("number", "body").rows() == [(3, "too,few"), (5, "1,2,3,4,5,6,7")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "cannot be used"),
        ('[columns]\nat = "a"\n', "say where 'name' is"),
        ('[columns]\nat = "a"\nname = "b"\nshoe_size = "c"\n', "'shoe_size' is not known"),
        ('timezone = "Mars/Base"\n[columns]\nat = "a"\nname = "b"\n', "not a time zone"),
        ('[columns]\nat = "nowhere"\nname = "what"\n', "has no column 'nowhere'"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        chunks_of(tmp_path, "t.csv", "\n".join((HEADER, *ROWS)), text)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2026-08-12 07:00:00", "2026-08-12T07:00:00.5"], [0, 500]),
        (["2026-08-12T07:00:00Z", "2026-08-12 09:00:00+02:00", "2026-08-12 07:00:00 UTC"], [0, 0, 0]),
        (["1786518000", "1786518000.25"], [0, 250]),
        ([1786518000, 1786518000123], [0, 123]),
        ([1786518000000123.0], [0]),
        (["2026-08-12", "soon", None], [-25_200_000, None, None]),
    ],
)
def test_times_are_read_in_every_usual_form(values: list[object], expected: list[int | None]) -> None:
    base = int(datetime(2026, 8, 12, 7, tzinfo=UTC).timestamp() * 1000)
    found = epoch_ms_of_column(pl.Series(values))
    assert found.to_list() == [None if value is None else base + value for value in expected]


def test_an_hour_that_comes_twice_is_the_first_and_one_that_never_comes_is_unreadable() -> None:
    found = epoch_ms_of_column(pl.Series(["2026-10-25 02:30:00", "2026-03-29 02:30:00"]), "Europe/Berlin")
    assert found[0] == int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp() * 1000)


def test_the_page_names_what_a_mapping_can_fill() -> None:
    page = (Path(__file__).parents[4] / "docs" / "imports.md").read_text()
    sentence = page.partition("What can be filled:")[2].partition("\n\n")[0]
    assert re.findall(r"`(\w+)`", sentence) == list(OWN)


def test_the_pages_mapping_can_be_used(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs" / "imports.md").read_text()
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    line = '{"created": "2026-08-12 09:00:00", "event": "pageview", "uuid": "u", "url": "/a", "plan_name": "pro"}'
    (chunk,) = chunks_of(tmp_path, "t.json", line, text)
    assert chunk.events.select("name", "content", "currency", "properties").rows() == [
        ("screen_view", "u", "EUR", '{"plan":"pro"}')
    ]
