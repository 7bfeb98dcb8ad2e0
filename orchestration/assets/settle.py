"""Moves built batches out of the working set, so that questions read only the batches that are not built yet.

`lens_raw.batches` holds landed batches that are not settled, and `lens_staging.built_batches` marks the built batches
among them. A built batch is copied to `lens_raw.settled_batches`; then its row is deleted, and after the row its mark.
So a batch leaves the working set only by its own id and only when it is built: no clock decides, and a batch that lands
late is in the working set like any other (docs/decisions/0018-watermark.md).
"""

from event_lens.warehouse.client import Warehouse

_SETTLED_MARKS = """
    SELECT batch_id FROM lens_raw.settled_batches
    WHERE batch_id IN (SELECT batch_id FROM lens_staging.built_batches)
"""

# First the marks whose rows were deleted by the last call. A reader that began between two statements still finds the
# marks of the rows it sees. Each statement is valid at any time, and repeating all of them after a crash has the same
# result.
FORGET_MARKS = f"""
    ALTER TABLE lens_staging.built_batches
    DELETE WHERE batch_id IN ({_SETTLED_MARKS}) AND batch_id NOT IN (SELECT batch_id FROM lens_raw.batches)
"""
COPY = """
    INSERT INTO lens_raw.settled_batches (batch_id, table_name, landed_at, row_count, bot_count, import_id)
    SELECT batch_id, table_name, landed_at, row_count, bot_count, import_id
    FROM lens_raw.batches
    WHERE batch_id IN (SELECT batch_id FROM lens_staging.built_batches)
"""
REMOVE = f"ALTER TABLE lens_raw.batches DELETE WHERE batch_id IN ({_SETTLED_MARKS})"

# A replica that runs the deletion over its own rows may see fewer marks, and then it deletes fewer rows.
_AT_ONCE = {"mutations_sync": 1, "allow_nondeterministic_mutations": 1}


def settle_built(warehouse: Warehouse) -> None:
    """Move built batches out of the working set. Raises what `Warehouse` raises; the next call continues where this
    call stopped.
    """
    for statement in (FORGET_MARKS, COPY, REMOVE):
        warehouse.command(statement, settings=_AT_ONCE)
