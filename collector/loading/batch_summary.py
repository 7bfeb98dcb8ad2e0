"""A batch's own row in `lens_raw.batches`, counted from the batch's rows."""

from operator import sub

import msgspec

from event_lens.contract.rows import BatchRow, from_timestamp, timestamp


class Counted(msgspec.Struct, gc=False):
    """The fields of a row that go into the summary of its batch."""

    received_at: str
    created_at: str = ""
    is_bot: bool = False


_decoder = msgspec.json.Decoder(Counted)
QUARANTINE = "lens_raw.quarantine"


def tally(body: bytes, *, batch_id: str, table: str, landed_at_ms: int, import_id: str = "") -> BatchRow:
    """Return the batch that the rows in `body` form. They are encoded, framed or not, each with its newline, and there
    is at least one.
    """
    rows = _decoder.decode_lines(body)
    moments = {(row.received_at, row.created_at) for row in rows}
    receipts = [from_timestamp(received_at) for received_at, _ in moments]
    events = [from_timestamp(created_at or received_at) for received_at, created_at in moments]
    return BatchRow(
        batch_id=batch_id,
        table_name=table,
        landed_at=timestamp(landed_at_ms),
        row_count=len(rows),
        rejected_count=len(rows) if table == QUARANTINE else 0,
        bot_count=sum([row.is_bot for row in rows]),
        byte_count=len(body),
        first_event_at=timestamp(min(events)),
        last_event_at=timestamp(max(events)),
        first_received_at=timestamp(min(receipts)),
        last_received_at=timestamp(max(receipts)),
        max_lateness_seconds=max([0, *map(sub, receipts, events)]) // 1000,
        import_id=import_id,
    )
