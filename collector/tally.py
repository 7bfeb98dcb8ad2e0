"""What a batch says of itself in `lens_raw.batches`, counted from its rows."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import msgspec

from event_lens.clock import to_epoch_ms
from event_lens.contract.row import BatchRow, timestamp


class Counted(msgspec.Struct, gc=False):
    """The fields of a row that its batch speaks of."""

    received_at: str
    created_at: str = ""
    is_bot: bool = False


_decoder = msgspec.json.Decoder(Counted)
QUARANTINE = "lens_raw.quarantine"


def tally(lines: Iterable[bytes], *, batch_id: str, table: str, landed_at_ms: int, import_id: str = "") -> BatchRow:
    """The batch of `lines`, each an encoded row, framed or not; at least one."""
    row_count = bot_count = byte_count = max_lateness_ms = 0
    events: list[int] = []
    receipts: list[int] = []
    for line in lines:
        row = _decoder.decode(line)
        row_count += 1
        byte_count += len(line)
        bot_count += row.is_bot
        received_ms = _ms(row.received_at)
        event_ms = _ms(row.created_at) if row.created_at else received_ms
        events.append(event_ms)
        receipts.append(received_ms)
        max_lateness_ms = max(max_lateness_ms, received_ms - event_ms)
    return BatchRow(
        batch_id=batch_id,
        table_name=table,
        landed_at=timestamp(landed_at_ms),
        row_count=row_count,
        rejected_count=row_count if table == QUARANTINE else 0,
        bot_count=bot_count,
        byte_count=byte_count,
        first_event_at=timestamp(min(events)),
        last_event_at=timestamp(max(events)),
        first_received_at=timestamp(min(receipts)),
        last_received_at=timestamp(max(receipts)),
        max_lateness_seconds=max_lateness_ms // 1000,
        import_id=import_id,
    )


@lru_cache(maxsize=4096)  # all events of a request share one
def _ms(moment: str) -> int:
    """The inverse of `event_lens.contract.row.timestamp`."""
    seconds, _, milliseconds = moment.partition(".")
    if ":" in seconds:
        return to_epoch_ms(datetime.fromisoformat(f"{moment}+00:00"))
    return int(seconds) * 1000 + int(milliseconds)
