"""Rows of an import into `lens_raw`, in chunks that land once however often the import is run."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from collector.loading.batch_summary import tally
from collector.loading.loader import BATCHES, count_batch, land_lines
from collector.spool.segment import frame
from event_lens.clock import Clock, now_ms
from event_lens.contract.rows import TABLES, Row
from event_lens.warehouse.client import Warehouse

CHUNK_ROWS = 10_000
"""Part of what a chunk's name stands for: another number would land a repeated import twice."""

SETTLED = "lens_raw.settled_batches"
CHUNKS = """
    SELECT batch_id, table_name, row_count, bot_count FROM {table}
    WHERE startsWith(batch_id, {{import_id:String}}) AND import_id = {{import_id:String}}
"""


class LandedChunk(NamedTuple):
    row_count: int
    bot_count: int


def landed_chunks(warehouse: Warehouse, import_id: str) -> dict[tuple[str, str], LandedChunk]:
    """The chunks of an import that have landed, by batch and table; empty when it was never run."""
    # In this order: a batch that is settled meanwhile is copied before it goes.
    return {
        (row["batch_id"], row["table_name"]): LandedChunk(row["row_count"], row["bot_count"])
        for table in (BATCHES, SETTLED)
        for row in warehouse.rows(CHUNKS.format(table=table), {"import_id": import_id})
    }


def land_import(
    warehouse: Warehouse,
    rows: Iterable[Row],
    import_id: str,
    *,
    clock: Clock = now_ms,
    on_progress: Callable[[int], None] = lambda row_count: None,
) -> dict[str, int]:
    """Lands `rows`, which must come in the same order each time, and returns how many landed now, by table.

    Chunks that have landed already are passed over. `on_progress` gets the rows read since its last call.
    Blocks; raises `Unavailable` and `Refused`: run it again, it goes on where it stopped.
    """
    done = landed_chunks(warehouse, import_id).keys()
    landed = dict.fromkeys(TABLES.values(), 0)
    chunk_counts = dict.fromkeys(TABLES.values(), 0)
    waiting: dict[str, list[bytes]] = {table: [] for table in TABLES.values()}

    def land(table: str) -> None:
        chunk, waiting[table] = waiting[table], []
        batch_id = f"{import_id}-{chunk_counts[table]:06d}"
        chunk_counts[table] += 1
        if (batch_id, table) not in done:
            body = frame(chunk, batch_id, 0)
            is_whole = land_lines(warehouse, table, body, f"{batch_id}.{table}") == len(chunk)
            batch = tally(body, batch_id=batch_id, table=table, landed_at_ms=clock(), import_id=import_id)
            count_batch(warehouse, batch, body.splitlines(), is_doubtful=not is_whole)
            landed[table] += len(chunk)
        on_progress(len(chunk))

    encode = msgspec.json.Encoder().encode
    for row in rows:
        table = TABLES[type(row)]
        waiting[table].append(encode(row))
        if len(waiting[table]) == CHUNK_ROWS:
            land(table)
    for table, chunk in waiting.items():
        if chunk:
            land(table)
    return landed
