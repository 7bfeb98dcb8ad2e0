"""Lines of files: numbered, whatever they are compressed with, in bounded memory."""

import bz2
import gzip
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from collector.imports.text_lines import BLOCK_BYTES, MAX_LINE_BYTES, LineSplitter, open_text, read_blocks
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


@pytest.mark.parametrize("cut", [0.3, 0.97], ids=["in the middle", "near the end"])
@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress],
    ids=["gzip", "bz2", "xz", "zstd"],
)
def test_a_compressed_file_that_was_cut_off_is_refused_after_what_can_be_read(
    tmp_path: Path, pack: Callable[[bytes], bytes], cut: float
) -> None:
    path = tmp_path / "cut"
    packed = pack(b"\n".join(b"%x" % (number * 2_654_435_761) for number in range(20_000)))
    path.write_bytes(packed[: int(len(packed) * cut)])
    with pytest.raises(Refused, match="cut off"):
        list(read_blocks(path))


def test_a_few_bytes_that_unpack_to_gigabytes_are_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zst"
    path.write_bytes(zstandard.ZstdCompressor(level=19).compress(bytes(64_000_000)))
    assert path.stat().st_size < 10_000
    raw, content = open_text(path)
    with raw:
        pieces = [len(content.read(BLOCK_BYTES)) for _ in range(3)]
        assert raw.tell() < path.stat().st_size
    assert max(pieces) <= BLOCK_BYTES


def test_pipes_and_archives_are_refused_with_a_remedy(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    archive = tmp_path / "logs.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("access.log", TEXT)
    for path, remedy in ((pipe, "write what comes out of it to a file"), (archive, "unpack it")):
        with pytest.raises(Refused, match=remedy):
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


def test_a_log_that_was_emptied_while_it_was_written_keeps_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(bytes(BLOCK_BYTES + 1_000) + b"one\n\0\0two\n")
    assert lines_of(path) == [(1, "one"), (2, "two")]
