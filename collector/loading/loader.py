"""Lands a sealed segment: inserts its rows into `lens_raw` once, records them in `lens_raw.batches`, then removes the
segment.
"""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from collector.loading.batch_summary import QUARANTINE, tally
from collector.loading.router import Part, Router
from collector.loading.verification import Insert, Landing, is_counted, missing_lines
from collector.spool.directory import SpoolDirectory
from collector.spool.segment import SegmentName, Verified, body_of, frame, row_of, verify
from event_lens.clock import Clock, now_ms
from event_lens.contract.rows import BatchRow, QuarantineRow
from event_lens.errors import Refused, Unavailable
from event_lens.logs import get_log
from event_lens.metrics import metrics

log = get_log("landing")

BATCHES = "lens_raw.batches"

ROW_FAULTS = frozenset(
    f"warehouse_{code}"
    for code in (
        *(6, 25, 26, 27, 33, 38, 41, 72, 130, 376, 441, 467, 632, 675, 676),  # cannot be read as the column's type
        *(53, 69, 70, 117, 128, 131, 190, 306, 321, 349, 407, 469),  # cannot be kept in the column
    )
)
"""Error codes that blame the data. All other refusals concern tables, rights or disks: no row is at fault, and waiting
helps.
"""


class RefusedLine(NamedTuple):
    line: bytes
    error: Refused


class Inserted(NamedTuple):
    """The outcome of an INSERT: the lines that the warehouse refuses, and whether it reports all others as written."""

    refused: list[RefusedLine]
    is_whole: bool


def land_segment(
    warehouse: Landing | Router, folder: SpoolDirectory, name: SegmentName, *, clock: Clock = now_ms
) -> None:
    """Land a sealed segment and remove it from `folder`. Repeating this after a crash lands nothing twice: for a
    segment that was tried before, the rows that are already there are looked for first. Lines that fail their checksum
    are set aside; rows that the warehouse refuses go to quarantine. Blocks. Raises `Unavailable` when the warehouse
    cannot take the segment now; then the segment stays.
    """
    is_again = folder.mark_tried(name)
    name = name.tried
    try:
        content = (folder.path / name.file_name).read_bytes()
    except FileNotFoundError:
        log.error("segment_gone", batch=name.segment_id)
        return
    found = verify(content, name.segment_id)
    _report(folder, name, found)
    if isinstance(warehouse, Router):
        parts, placements = warehouse.parts(found, name.created_ms)
        for part in parts:
            _land_part(part, folder, name, is_again, clock)
        # Rows that landed during their project's move may have stayed on the old shard.
        warehouse.check(placements)
    else:
        _land_part(Part(warehouse, found.lines, found.body), folder, name, is_again, clock)
    folder.remove(name)
    metrics.count("eventlens_landed_segments_total")


def _land_part(part: Part, folder: SpoolDirectory, name: SegmentName, is_again: bool, clock: Clock) -> None:
    """Insert the lines that go to one shard, and record them there as a batch."""
    warehouse, lines, body, _ = part
    batch_id = token = name.segment_id
    if part.may_be_there and lines:
        # Rows that a move copied have no token.
        batch = tally(body, batch_id=batch_id, table=name.table, landed_at_ms=clock())
        lines, token = missing_lines(warehouse, batch, lines), f"{batch_id}-{secrets.token_hex(4)}"
        body = body_of(lines)
    refused, is_whole = _insert(warehouse, name.table, lines, body, token)
    if refused:
        _quarantine(warehouse, folder, name, refused, is_again, clock)
    gone = {refusal.line for refusal in refused}
    landed = [line for line in part.lines if line not in gone] if gone else part.lines
    if landed:
        body = body_of(landed) if gone else part.body
        batch = tally(body, batch_id=batch_id, table=name.table, landed_at_ms=clock())
        count_batch(warehouse, batch, landed, is_doubtful=is_again or not is_whole)
    metrics.count("eventlens_landed_rows_total", len(landed), name.table)


def land_lines(warehouse: Insert, table: str, body: bytes, token: str) -> int:
    """Insert the lines in `body` at once and return the number of rows that the warehouse reports as written.

    Raises `Refused` when rows are at fault, else `Unavailable`.
    """
    try:
        return warehouse.insert_lines(table, body, token=token)
    except Refused as error:
        if error.code in ROW_FAULTS:
            raise
        raise not_taken(table, error) from error


def not_taken(table: str, error: Refused) -> Unavailable:
    """Return the error for a refused INSERT when no row of it is at fault."""
    return Unavailable(
        f"The warehouse cannot take {table} ({error.message}). Run `eventlens migrate`; check its user and disk.",
        code=error.code,
        retry_after_seconds=5,
    )


def count_batch(warehouse: Landing, batch: BatchRow, lines: Sequence[bytes], *, is_doubtful: bool) -> None:
    """Write the batch's own row, after its rows.

    A batch is doubtful if it was tried before, or if the warehouse did not report every row as written. The rows of a
    doubtful batch are looked for first, and missing rows are inserted.
    """
    missing = missing_lines(warehouse, batch, lines) if is_doubtful else []
    if missing:
        _make_up(warehouse, batch.table_name, missing, batch.batch_id)
    line = msgspec.json.encode(batch)
    token = f"{batch.batch_id}.{batch.table_name}.batch"
    is_written = land_lines(warehouse, BATCHES, line, token) == 1
    if (is_doubtful or not is_written) and not is_counted(warehouse, batch):
        _make_up(warehouse, BATCHES, [line], token)


def _make_up(warehouse: Insert, table: str, missing: Sequence[bytes], token: str) -> None:
    """Insert under a new token the rows that the warehouse acknowledged but does not have. Raises `Unavailable`
    (`rows_not_written`) when it does not write them this time, either.
    """
    log.error("token_without_rows", token=token, rows=len(missing))
    written = land_lines(warehouse, table, body_of(missing), f"{token}-{secrets.token_hex(4)}")
    if written < len(missing):
        raise Unavailable(
            f"The warehouse took {len(missing)} rows of {table} and wrote {written}. Look at its disk and its log.",
            code="rows_not_written",
            retry_after_seconds=5,
        )


def _insert(warehouse: Insert, table: str, lines: Sequence[bytes], body: bytes, token: str) -> Inserted:
    """Insert all lines that the warehouse accepts, and return the lines that it refuses. First `body` is inserted as a
    whole; if it is refused, its lines are inserted in halves, down to single lines. A retry gives halves of the same
    lines the same tokens.
    """
    if not lines:
        return Inserted([], is_whole=True)
    try:
        return Inserted([], is_whole=land_lines(warehouse, table, body, token) == len(lines))
    except Refused as error:
        if len(lines) == 1:
            return Inserted([RefusedLine(lines[0], error)], is_whole=True)
        log.warning("batch_split", batch=token, rows=len(lines), code=error.code)
        middle = len(lines) // 2
        halves = ("a", lines[:middle]), ("b", lines[middle:])
        done = [_insert(warehouse, table, half, body_of(half), f"{token}-{key}") for key, half in halves]
        return Inserted([refusal for half in done for refusal in half.refused], all(half.is_whole for half in done))


class Sender(msgspec.Struct):
    """The columns of a refused row that quarantine keeps in addition to the row's text."""

    project_id: str
    received_at: str
    device_id: str = ""
    user_agent: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    import_id: str = ""


def _quarantine(
    warehouse: Landing,
    folder: SpoolDirectory,
    name: SegmentName,
    refused: list[RefusedLine],
    is_again: bool,
    clock: Clock,
) -> None:
    metrics.count("eventlens_landing_refused_rows_total", len(refused))
    log.error("rows_refused", batch=name.segment_id, rows=len(refused), code=refused[0].error.code)
    batch_id = f"{name.segment_id}-q"
    if name.table == QUARANTINE:
        folder.set_aside(f"{batch_id}.jsonl", body_of([refusal.line for refusal in refused]))
        return
    rows = [msgspec.json.encode(_quarantine_row(refusal)) for refusal in refused]
    body = frame(rows, batch_id, 0)
    is_whole = land_lines(warehouse, QUARANTINE, body, batch_id) == len(rows)
    batch = tally(body, batch_id=batch_id, table=QUARANTINE, landed_at_ms=clock())
    count_batch(warehouse, batch, body.splitlines(), is_doubtful=is_again or not is_whole)


def _quarantine_row(refusal: RefusedLine) -> QuarantineRow:
    row = row_of(refusal.line)
    sender = msgspec.json.decode(row, type=Sender)
    return QuarantineRow(
        **msgspec.structs.asdict(sender),
        code="warehouse_refused",
        message=refusal.error.message,
        body=row.decode(),
        body_length=len(row),
    )


def _report(folder: SpoolDirectory, name: SegmentName, found: Verified) -> None:
    if found.is_torn:
        metrics.count("eventlens_spool_torn_tails_total")
        log.warning("torn_tail_cut_off", batch=name.segment_id)
    missing = (name.row_count or 0) - len(found.lines) - len(found.corrupt)
    if missing > 0:
        metrics.count("eventlens_spool_missing_lines_total", missing)
        log.error("segment_too_short", batch=name.segment_id, missing=missing)
    if found.corrupt:
        metrics.count("eventlens_spool_corrupt_lines_total", len(found.corrupt))
        log.error("corrupt_lines_set_aside", batch=name.segment_id, lines=len(found.corrupt))
        folder.set_aside(f"{name.segment_id}.jsonl", body_of(found.corrupt))
