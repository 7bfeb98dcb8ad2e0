"""From a sealed segment to its rows in `lens_raw`: inserted once, counted in `lens_raw.batches`, then removed."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from collector.folder import Folder
from collector.segment import SegmentName, Verified, frame, row_of, verify
from collector.tally import QUARANTINE, tally
from event_lens.clock import Clock, now_ms
from event_lens.contract.row import BatchRow, QuarantineRow
from event_lens.errors import Refused, Unavailable
from event_lens.logs import get_log
from event_lens.metrics import metrics

log = get_log("landing")

BATCHES = "lens_raw.batches"

WHOLE_STATEMENT = frozenset(
    f"warehouse_{code}" for code in (16, 47, 60, 81, 115, 164, 192, 193, 194, 195, 291, 492, 497, 516)
)
"""Refusals that speak of tables, columns, settings and rights: no row is at fault, and waiting may mend them."""


class Insert(Protocol):
    """The part of the warehouse that landing needs."""

    def insert_lines(self, table: str, body: bytes, *, token: str) -> None: ...


class RefusedLine(NamedTuple):
    line: bytes
    error: Refused


def land_segment(warehouse: Insert, folder: Folder, name: SegmentName, *, clock: Clock = now_ms) -> None:
    """Lands a sealed segment and takes it out of `folder`. Doing it again after a crash lands nothing twice.

    Lines that fail their checksum are set aside; rows that the warehouse refuses go to quarantine. Blocks; raises
    `Unavailable` when the warehouse does not take it now: the segment stays.
    """
    found = verify((folder.path / name.file_name).read_bytes(), name.segment_id)
    _report(folder, name, found)
    batch_id = name.segment_id
    refused = _insert(warehouse, name.table, found.lines, batch_id)
    if refused:
        _quarantine(warehouse, folder, name, refused, clock)
    gone = {refusal.line for refusal in refused}
    landed = [line for line in found.lines if line not in gone] if gone else found.lines
    if landed:
        _count(warehouse, tally(landed, batch_id=batch_id, table=name.table, landed_at_ms=clock()))
    folder.remove(name)
    metrics.count("eventlens_landed_segments_total")
    metrics.count("eventlens_landed_rows_total", len(landed), name.table)


def land_lines(warehouse: Insert, table: str, lines: Sequence[bytes], batch_id: str, token: str) -> None:
    """One INSERT of framed lines. Raises `Refused` when rows are at fault, else `Unavailable`."""
    try:
        warehouse.insert_lines(table, b"".join(lines), token=token)
    except Refused as error:
        if error.code not in WHOLE_STATEMENT:
            raise
        raise Unavailable(
            f"The warehouse is not ready for {table} ({error.message}). Run `eventlens migrate` and check its user.",
            code=error.code,
            retry_after_seconds=5,
        ) from error


def _count(warehouse: Insert, batch: BatchRow) -> None:
    line = msgspec.json.encode(batch)
    land_lines(warehouse, BATCHES, [line], batch.batch_id, f"{batch.batch_id}.{batch.table_name}.batch")


def _insert(warehouse: Insert, table: str, lines: Sequence[bytes], token: str) -> list[RefusedLine]:
    """Inserts all lines that the warehouse takes, and returns those it does not, each alone.

    Halves of the same lines get the same tokens whenever it is tried again.
    """
    if not lines:
        return []
    try:
        land_lines(warehouse, table, lines, token, token)
    except Refused as error:
        if len(lines) == 1:
            return [RefusedLine(lines[0], error)]
        log.warning("batch_split", batch=token, rows=len(lines), code=error.code)
        middle = len(lines) // 2
        return _insert(warehouse, table, lines[:middle], f"{token}-a") + _insert(
            warehouse, table, lines[middle:], f"{token}-b"
        )
    return []


class Sender(msgspec.Struct):
    """What quarantine keeps of a refused row beside its text."""

    project_id: str
    received_at: str
    device_id: str = ""
    user_agent: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    import_id: str = ""


def _quarantine(warehouse: Insert, folder: Folder, name: SegmentName, refused: list[RefusedLine], clock: Clock) -> None:
    metrics.count("eventlens_landing_refused_rows_total", len(refused))
    log.error("rows_refused", batch=name.segment_id, rows=len(refused), code=refused[0].error.code)
    batch_id = f"{name.segment_id}-q"
    if name.table == QUARANTINE:
        folder.set_aside(f"{batch_id}.jsonl", b"".join(refusal.line for refusal in refused))
        return
    rows = [msgspec.json.encode(_quarantine_row(refusal)) for refusal in refused]
    lines = frame(rows, batch_id, 0).splitlines(keepends=True)
    land_lines(warehouse, QUARANTINE, lines, batch_id, batch_id)
    _count(warehouse, tally(lines, batch_id=batch_id, table=QUARANTINE, landed_at_ms=clock()))


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


def _report(folder: Folder, name: SegmentName, found: Verified) -> None:
    if found.is_torn:
        metrics.count("eventlens_spool_torn_tails_total")
        log.warning("torn_tail_cut_off", batch=name.segment_id)
    if found.corrupt:
        metrics.count("eventlens_spool_corrupt_lines_total", len(found.corrupt))
        log.error("corrupt_lines_set_aside", batch=name.segment_id, lines=len(found.corrupt))
        folder.set_aside(f"{name.segment_id}.jsonl", b"".join(found.corrupt))
