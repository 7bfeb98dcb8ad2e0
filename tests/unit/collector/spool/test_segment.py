"""A segment's lines prove themselves: what is torn, flipped or foreign is known from the line alone."""

import json

from hypothesis import given
from hypothesis import strategies as some

from collector.spool.segment import SegmentName, body_of, frame, new_segment_id, parse_name, row_of, verify

BATCH = "01a1fdac9b03-89ed23af8d4d"
ROWS = [b'{"name":"a","n":1}', b'{"name":"b,c","n":2}', b'{"name":"d"}']


def test_a_line_is_the_row_with_its_batch_and_number() -> None:
    lines = frame(ROWS, BATCH, 7).splitlines()
    assert [json.loads(line) | {"_crc": ""} for line in lines] == [
        {"_crc": "", "batch_id": BATCH, "batch_row": 7 + index, **json.loads(row)} for index, row in enumerate(ROWS)
    ]
    assert [row_of(line) for line in lines] == ROWS


def test_whole_lines_are_verified_as_they_stand() -> None:
    content = frame(ROWS, BATCH, 0)
    found = verify(content, BATCH)
    assert found.body == body_of(found.lines) == content
    assert not found.corrupt
    assert not found.is_torn


@given(cut=some.integers(min_value=0, max_value=400))
def test_a_torn_tail_is_cut_off_and_the_lines_before_it_stay(cut: int) -> None:
    content = frame(ROWS, BATCH, 0)
    torn = content[: min(cut, len(content))]
    found = verify(torn, BATCH)
    assert found.body == body_of(found.lines) == torn[: torn.rfind(b"\n") + 1]
    assert found.is_torn == (not torn.endswith(b"\n") and bool(torn))
    assert not found.corrupt


@given(place=some.integers(min_value=0), bit=some.integers(min_value=0, max_value=7))
def test_one_flipped_bit_never_passes(place: int, bit: int) -> None:
    content = bytearray(frame(ROWS, BATCH, 0))
    content[place % len(content)] ^= 1 << bit
    found = verify(bytes(content), BATCH)
    original = frame(ROWS, BATCH, 0).splitlines()
    assert set(found.lines) < set(original)
    assert len(found.lines) >= 1


def test_lines_of_another_segment_and_zeros_do_not_pass() -> None:
    other = frame(ROWS, "01a1fdac9b03-000000000000", 0)
    found = verify(other + b"\0" * 50 + b"\n", BATCH)
    assert not found.lines
    assert len(found.corrupt) == 4


def test_names_say_table_and_rows_and_nothing_else_is_a_segment() -> None:
    name = SegmentName(new_segment_id(lambda: 1_700_000_000_000), "lens_raw.events")
    assert name.created_ms == 1_700_000_000_000
    assert parse_name(name.file_name) == name
    assert parse_name(name.sealed(12).file_name) == name.sealed(12)
    assert parse_name(name.sealed(12).tried.file_name) == name.sealed(12).tried
    for foreign in (
        "lock",
        "x.events.open",
        f"{BATCH}.events",
        f"{BATCH}.salaries.open",
        f"{BATCH}.events.x.jsonl",
        f"{BATCH}.events.1.old.jsonl",
    ):
        assert parse_name(foreign) is None


def test_segment_ids_sort_by_time() -> None:
    ids = [new_segment_id(lambda moment=moment: moment) for moment in (1, 255, 256, 1_700_000_000_000)]  # type: ignore[misc]
    assert ids == sorted(ids)
