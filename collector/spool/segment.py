"""A segment: a file of lines with checksums that is, unchanged, the body of one JSONEachRow INSERT.

A line is `{"_crc":"xxxxxxxx","batch_id":"<segment>","batch_row":<n>,` and the encoded row without its `{`. The checksum
covers everything after its own field, so a torn, flipped or foreign line is recognised from the line alone. ClickHouse
skips the field `_crc`.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from event_lens.clock import Clock
from event_lens.contract.rows import TABLES

TABLE_KEYS = {table.removeprefix("lens_raw."): table for table in TABLES.values()}
"""The part of a file name that says which table a segment is for."""

_OPEN = ".open"
_SEALED = ".jsonl"
_FRESH = "fresh"
_CRC_FIELD = b'{"_crc":"'
_BODY_AT = len(b'{"_crc":"xxxxxxxx",')


def new_segment_id(clock: Clock) -> str:
    """Return a unique id that sorts by its millisecond: it is the batch id, and the deduplication token of the INSERT.
    Ids of one millisecond have no order.
    """
    return f"{clock():012x}-{secrets.token_hex(6)}"


@dataclass(frozen=True, order=True)
class SegmentName:
    """The parts of a segment's file name. The name is `<id>.<table>.open` at first, `<id>.<table>.<rows>.fresh.jsonl`
    once the segment is sealed, and `<id>.<table>.<rows>.jsonl` from its first try at the warehouse on.
    """

    segment_id: str
    table: str
    row_count: int | None = None
    is_fresh: bool = False
    """Sealed, and never sent to a warehouse."""

    @property
    def file_name(self) -> str:
        key = self.table.removeprefix("lens_raw.")
        if self.row_count is None:
            return f"{self.segment_id}.{key}{_OPEN}"
        fresh = f".{_FRESH}" if self.is_fresh else ""
        return f"{self.segment_id}.{key}.{self.row_count}{fresh}{_SEALED}"

    @property
    def created_ms(self) -> int:
        return int(self.segment_id[:12], 16)

    def sealed(self, row_count: int) -> "SegmentName":
        return SegmentName(self.segment_id, self.table, row_count, is_fresh=True)

    @property
    def tried(self) -> "SegmentName":
        """Return the segment's name after its first try at the warehouse."""
        return SegmentName(self.segment_id, self.table, self.row_count)


def parse_name(file_name: str) -> SegmentName | None:
    """Return the segment that a file name describes, or None for any other file."""
    parts = file_name.split(".")
    if len(parts) < 3 or parts[1] not in TABLE_KEYS or not _is_id(parts[0]):
        return None
    table, ends = TABLE_KEYS[parts[1]], parts[3:]
    if not ends and f".{parts[2]}" == _OPEN:
        return SegmentName(parts[0], table)
    is_fresh = ends[:1] == [_FRESH]
    if parts[2].isascii() and parts[2].isdigit() and [f".{end}" for end in ends[is_fresh:]] == [_SEALED]:
        return SegmentName(parts[0], table, int(parts[2]), is_fresh)
    return None


def _is_id(text: str) -> bool:
    moment, _, rest = text.partition("-")
    return len(moment) == 12 and len(rest) == 12 and all(letter in "0123456789abcdef" for letter in moment + rest)


def frame(rows: Sequence[bytes], batch_id: str, first_row: int) -> bytes:
    """Return the lines of encoded `rows` in batch `batch_id`, numbered from `first_row`."""
    head = f'"batch_id":"{batch_id}","batch_row":'.encode()
    crc_of_head = crc32(head)
    pieces: list[bytes] = []
    for index, row in enumerate(rows, first_row):
        number, rest = b"%d," % index, row[1:]
        pieces += b'{"_crc":"%08x",' % crc32(rest, crc32(number, crc_of_head)), head, number, rest, b"\n"
    return b"".join(pieces)


@dataclass
class Verified:
    """The lines of a segment that may land, and the lines that may not, without their newlines."""

    lines: list[bytes] = field(default_factory=list)
    corrupt: list[bytes] = field(default_factory=list)
    is_torn: bool = False
    """The last line had no end: its append was never acknowledged."""
    body: bytes = b""
    """`lines` in one piece."""


def verify(content: bytes, batch_id: str) -> Verified:
    """Sort the lines of a segment: each must carry its checksum and belong to `batch_id`."""
    found = Verified()
    batch = f'"batch_id":"{batch_id}",'.encode()
    lines = content.split(b"\n")
    found.is_torn = bool(lines.pop())
    for line in lines:
        is_whole = line[:_BODY_AT] == b'%b%08x",' % (_CRC_FIELD, crc32(line[_BODY_AT:]))
        (found.lines if is_whole and line.startswith(batch, _BODY_AT) else found.corrupt).append(line)
    # A segment is nearly always whole, and then it is not copied.
    found.body = body_of(found.lines) if found.corrupt or found.is_torn else content
    return found


def body_of(lines: Sequence[bytes]) -> bytes:
    """Return lines as one text with a newline after each; they are given without newlines."""
    return b"\n".join([*lines, b""])


def row_of(line: bytes) -> bytes:
    """Return the encoded row of a verified line, as it was before it was framed."""
    return b"{" + line.split(b",", 3)[3]


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")
