"""Lines of text files, compressed or not, in blocks. Reading takes constant memory, whatever the length of a file or a
line.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import polars as pl
import zstandard

from collector.imports.zstd_file import ZstdFile
from event_lens.errors import Refused

BLOCK_BYTES = 4_194_304
MAX_LINE_BYTES = 65_536
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zX": "xz"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ZIP = b"PK\x03\x04"
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, gzip.BadGzipFile)


class Block(NamedTuple):
    """`lines` has the columns `number` (from 1) and `line`; blank lines are left out. `bytes_read` counts bytes of
    the file on disk.
    """

    lines: pl.DataFrame
    bytes_read: int


def check_is_file(path: Path) -> None:
    """Raise `Refused` for a pipe: a pipe can be read only once, and a file is examined before it is read."""
    if path.exists() and not path.is_file():
        raise Refused(
            f"{path} is not a file but a pipe or a device: write what comes out of it to a file, and import that. "
            "Compressed files are read as they are.",
            code="import_file_unreadable",
        )


def open_text(path: Path) -> tuple[IO[bytes], IO[bytes]]:
    """Return the file on disk, and its decompressed content; the caller closes the file on disk. Raises `Refused`
    (`import_file_unreadable`, `import_not_utf8`).
    """
    check_is_file(path)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.", code="import_file_unreadable") from error
    begin = raw.read(4)
    raw.seek(0, io.SEEK_SET)
    kind = next((kind for magic, kind in _MAGIC.items() if begin.startswith(magic)), "")
    if begin[:2] in _UTF16:
        raw.close()
        raise Refused(f"{path} is UTF-16; write it as UTF-8 first, for example with iconv.", code="import_not_utf8")
    if begin == _ZIP:
        raw.close()
        raise Refused(
            f"{path} is a zip archive, which may hold many files: unpack it and name those to import.",
            code="import_file_unreadable",
        )
    content: Any = raw
    if kind == "gzip":
        content = gzip.GzipFile(fileobj=raw)
    elif kind == "bzip2":
        content = bz2.BZ2File(raw)
    elif kind == "xz":
        content = lzma.LZMAFile(raw)  # noqa: SIM115
    elif kind == "zstd":
        content = ZstdFile(raw)
    return raw, content


def read_blocks(path: Path) -> Iterator[Block]:
    """Yield the lines of a file, a few megabytes at a time; a line that is too long is cut to one byte more than the
    limit.

    Raises `Refused` for a file that cannot be read, and for a compressed file that is cut off.
    """
    raw, content = open_text(path)
    with raw:
        splitter = LineSplitter()
        while data := _read(content, path):
            yield Block(splitter.lines(data), raw.tell())
        yield Block(splitter.last_lines(), raw.tell())


class LineSplitter:
    """Cuts pieces of a file into numbered lines; the end of a line may come with a later piece."""

    def __init__(self) -> None:
        self._number = 1
        self._rest = BYTE_ORDER_MARK[:0]

    def lines(self, data: bytes) -> pl.DataFrame:
        """Return the lines whose end is in `data`, the next piece of the file."""
        # Emptying a log that is open for writing leaves a hole of NULs of its old length.
        whole, newline, rest = (self._rest + data).lstrip(b"\0").rpartition(b"\n")
        self._rest = rest[: MAX_LINE_BYTES + 1]
        return self._frame(whole.split(b"\n")) if newline else self._frame([])

    def last_lines(self) -> pl.DataFrame:
        """Return the text after the end of the last line as a line; return no line if there is no such text."""
        rest, self._rest = self._rest, b""
        return self._frame([rest] if rest else [])

    def _frame(self, pieces: list[bytes]) -> pl.DataFrame:
        if self._number == 1 and pieces:
            pieces[0] = pieces[0].removeprefix(BYTE_ORDER_MARK)
        text = b"\n".join(piece[: MAX_LINE_BYTES + 1] for piece in pieces) if _has_long(pieces) else b"\n".join(pieces)
        lines = text.decode("utf-8", "replace").split("\n") if pieces else []
        frame = pl.DataFrame({"line": lines}, schema={"line": pl.String}).with_row_index("number", self._number)
        self._number += len(lines)
        return frame.with_columns(pl.col("line").str.strip_chars_end("\r").str.strip_chars_start("\0")).filter(
            pl.col("line").str.contains(r"\S")
        )


def _has_long(pieces: list[bytes]) -> bool:
    return max(map(len, pieces), default=0) > MAX_LINE_BYTES


def _read(content: IO[bytes], path: Path) -> bytes:
    try:
        return content.read(BLOCK_BYTES)
    except _DAMAGE as error:
        raise Refused(
            f"{path} is compressed and damaged, or it was cut off ({error}). What came before is read; get the file "
            "again and repeat the import.",
            code="import_file_damaged",
        ) from error
