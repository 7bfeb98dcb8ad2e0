"""Lines of files: numbered, whatever they are compressed with, in bounded memory."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from collector.imports.text_lines import BLOCK_BYTES, MAX_LINE_BYTES, LineSplitter, read_blocks
from event_lens.errors import Refused

TEXT = b"one\r\n\n  \nfour\nfive without an end"
LINES = [(1, "one"), (4, "four"), (5, "five without an end")]


def lines_of(path: Path) -> list[tuple[int, str]]:
    return pl.concat([block.lines for block in read_blocks(path)]).rows()


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress],
    ids=["plain", "gzip", "bz2", "xz", "zstd"],
)
def test_compressed_files_are_read_as_they_are(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "access.log.2"
    path.write_bytes(pack(TEXT))
    assert lines_of(path) == LINES


def test_a_file_of_several_compressed_parts_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "parts"
    for pack in (gzip.compress, bz2.compress, zstandard.ZstdCompressor().compress):
        path.write_bytes(pack(b"a\n") + pack(b"b\n"))
        assert lines_of(path) == [(1, "a"), (2, "b")]


def test_a_compressed_file_that_was_cut_off_is_refused_after_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(TEXT)[:-12])
    with pytest.raises(Refused, match="cut off"):
        list(read_blocks(path))


def test_a_byte_order_mark_is_not_a_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "windows.log"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    assert lines_of(path) == [(1, "one"), (2, "two")]
    path.write_bytes("one".encode("utf-16"))
    with pytest.raises(Refused, match="UTF-16"):
        list(read_blocks(path))


def test_lines_may_end_in_a_later_piece() -> None:
    splitter = LineSplitter()
    frames = [splitter.lines(piece) for piece in (b"on", b"e\ntw", b"o\n", b"thr")]
    assert pl.concat([*frames, splitter.last_lines()]).rows() == [(1, "one"), (2, "two"), (3, "thr")]


def test_a_line_without_end_is_cut_and_the_next_keeps_its_number(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"[" * (2 * BLOCK_BYTES) + b"\nnext\n")
    (number, text), following = lines_of(path)
    assert (number, following) == (1, (2, "next"))
    assert len(text) == MAX_LINE_BYTES + 1
