"""Tables of one's own: any names, any form of time, read by a mapping."""

import gzip
import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from collector.imports import records
from collector.imports.csv_rows import MAX_FIELD_CHARACTERS, CsvRows
from collector.imports.event_frame import Chunk, split_readable
from collector.imports.row_frame import make_rows
from collector.imports.sources import Options
from collector.imports.table import OWN, read
from collector.imports.times import epoch_ms_of_column
from event_lens.errors import Refused
from tests.unit.collector.imports.logs import FIRST_MS, NOW, importer

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


def test_lines_that_are_not_rows_are_unreadable_with_their_number(tmp_path: Path) -> None:
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
    sentence = page.partition("These columns can be filled:")[2].partition("\n\n")[0]
    assert re.findall(r"`(\w+)`", sentence) == list(OWN)


def test_the_pages_mapping_can_be_used(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs" / "imports.md").read_text()
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    line = '{"created": "2026-08-12 09:00:00", "event": "pageview", "uuid": "u", "url": "/a", "plan_name": "pro"}'
    (chunk,) = chunks_of(tmp_path, "t.json", line, text)
    assert chunk.events.select("name", "content", "currency", "properties").rows() == [
        ("screen_view", "u", "EUR", '{"plan":"pro"}')
    ]


SIMPLE = '[columns]\nat = "at"\nname = "event"\ndevice_id = "v"\n'


def test_a_quote_that_does_not_end_costs_its_own_line_and_no_other(tmp_path: Path) -> None:
    rows = [
        '2026-08-12 07:00:00,"a,1',
        "2026-08-12 07:00:01,b,2",
        '2026-08-12 07:00:02,"c\nd",3',
        '2026-08-12,e,"4',
        "x",
    ]
    (chunk,) = chunks_of(tmp_path, "t.csv", "\n".join(("at,event,v", *rows, *[rows[1]] * 3)), SIMPLE)
    assert chunk.events.select("number", "name").rows() == [
        (3, "b"), (4, "c\nd"), (8, "b"), (9, "b"), (10, "b"),
    ]  # fmt: skip
    assert chunk.unreadable.select("number", "body").rows() == [(2, rows[0]), (6, rows[3]), (7, "x")]


def test_a_row_longer_than_any_field_may_be_is_unreadable_and_the_next_is_not(tmp_path: Path) -> None:
    text = f"at,event,v\n2026-08-12,{'x' * (3 * MAX_FIELD_CHARACTERS)},1\n2026-08-12,b,2\n"
    (chunk,) = chunks_of(tmp_path, "t.csv", text, SIMPLE)
    assert (chunk.events["name"].to_list(), chunk.unreadable["number"].to_list()) == (["b"], [2])


def test_a_hundred_thousand_columns_are_no_burden() -> None:
    header = ",".join(f"c{number}" for number in range(100_000))
    started = time.process_time()
    assert len(CsvRows(io.StringIO(f"{header}\n")).names) == 100_000
    assert time.process_time() - started < 2


def test_columns_of_one_name_are_refused_and_those_without_one_are_not(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Two columns are called 'v'"):
        chunks_of(tmp_path, "t.csv", "at,event,v,v\n2026-08-12,a,1,2\n", SIMPLE)
    (chunk,) = chunks_of(tmp_path, "t.csv", "at,event,v,,\n2026-08-12,a,1,,\n", SIMPLE)
    assert chunk.events.height == 1


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_a_column_called_number_is_the_tables_own(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame({"at": ["2026-08-12"], "event": ["a"], "v": ["1"], "number": [77]})
    path = tmp_path / "t"
    write: dict[str, Callable[[Path], object]] = {
        "csv": frame.write_csv,
        "json": frame.write_ndjson,
        "parquet": frame.write_parquet,
    }
    write[kind](path)
    (chunk,) = chunks_of(tmp_path, "t", path.read_bytes(), SIMPLE + '[properties]\nn = "number"\n')[:1]
    assert chunk.events["properties"].to_list() == ['{"n":"77"}' if kind == "csv" else '{"n":77}']


def test_a_misspelt_column_is_refused_if_all_rows_have_the_same_columns_and_reported_otherwise(tmp_path: Path) -> None:
    wrong = SIMPLE + 'path = "ulr"\n'
    with pytest.raises(Refused, match="no column 'ulr', which the mapping names"):
        chunks_of(tmp_path, "t.csv", "at,event,v,url\n2026-08-12,a,1,/\n", wrong)
    chunks = chunks_of(tmp_path, "t.json", '{"at": "2026-08-12", "event": "a", "url": "/"}', wrong)
    assert chunks[-1].absent == {"ulr", "v"}


def test_a_row_of_a_growing_file_has_one_id_whatever_its_neighbours_have(tmp_path: Path) -> None:
    first = '{"at": "2026-08-12", "event": "a", "n": 1}\n'
    alone, grown = (
        chunks_of(tmp_path, "t.json", text, SIMPLE)[0].events["content"][0]
        for text in (first, first + '{"at": "2026-08-13", "event": "b", "n": 1.5, "new": true}\n')
    )
    assert alone == grown


def test_ids_longer_than_an_integer_of_a_database_keep_every_digit(tmp_path: Path) -> None:
    text = '{"at": "2026-08-12", "event": "a", "v": 18446744073709551615}\n{"at": 1, "event": "b", "v": "x"}\n'
    assert chunks_of(tmp_path, "t.json", text, SIMPLE)[0].events["device_id"].to_list() == ["18446744073709551615", "x"]


@pytest.mark.parametrize(
    ("amount", "code"),
    [("12,50", "value_not_a_number"), ("nan", "value_not_a_number"), ("1e400", "value_out_of_range"),
     ("123456789012345", "value_out_of_range"), (" 12.5 ", ""), ("1e2", ""), ("", "")],
)  # fmt: skip
def test_an_amount_that_is_not_a_number_is_refused_and_not_taken_for_zero(
    tmp_path: Path, amount: str, code: str
) -> None:
    (chunk,) = chunks_of(
        tmp_path,
        "t.csv",
        f'at,event,r\n2026-08-12,a,"{amount}"\n',
        SIMPLE.replace("device_id", "revenue").replace('"v"', '"r"'),
    )
    kept, refused = split_readable(chunk.events, FIRST_MS, NOW)
    assert refused["code"].to_list() == ([code] if code else [])
    if not code:
        assert float(make_rows(kept, importer()).rows["revenue"][0]) == float(amount or 0)


def test_hostile_values_are_unreadable_and_no_error(tmp_path: Path) -> None:
    deep = "[" * 50_000
    text = f"at,event,v,p\n2026-08-12,a,1,{deep}\n{'9' * 40},b,1,\n262143-01-01 00:00:00,c,1,\n2026-08-12,d\0,1,\n"
    (chunk,) = chunks_of(tmp_path, "t.csv", text, SIMPLE + 'properties = "p"\n[properties]\nx = "v"\n')
    kept, refused = split_readable(chunk.events, FIRST_MS, NOW)
    assert (kept["name"].to_list(), refused["number"].to_list()) == (["a", "d\0"], [3, 4])


def test_columns_of_odd_types_are_text_and_never_an_error(tmp_path: Path) -> None:
    frame = pl.DataFrame({"at": [datetime(2026, 8, 12, tzinfo=UTC)], "event": [b"a"], "v": [timedelta(1)], "t": [[1]]})
    frame.write_parquet(tmp_path / "t.parquet")
    (chunk,) = chunks_of(tmp_path, "t.parquet", (tmp_path / "t.parquet").read_bytes(), SIMPLE)
    assert chunk.events.select("name", "device_id").rows() == [("a", "1 day, 0:00:00")]
    with_list = SIMPLE.replace('"at"', '"t"')
    (chunk,) = chunks_of(tmp_path, "t.parquet", (tmp_path / "t.parquet").read_bytes(), with_list)
    assert chunk.events["at"].to_list() == [None]


def test_a_table_of_which_no_row_can_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"Nothing of .* can be read as a table"):
        chunks_of(tmp_path, "t.json", '{\n "at": "2026-08-12",\n "event": "a"\n}\n', SIMPLE)


def test_an_array_too_long_for_the_memory_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_ARRAY_BYTES", 1_000)
    with pytest.raises(Refused, match="jq"):
        chunks_of(tmp_path, "t.json", gzip.compress(b"[" + b" " * 10_000 + b"]"), SIMPLE)
