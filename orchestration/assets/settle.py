"""Batches that are built leave the working set, so that questions read only batches that are not built yet.

`lens_raw.batches` holds what landed and is not settled, `lens_staging.built_batches` which of it is built. A batch that
is built is copied to `lens_raw.settled_batches`, then its row goes, and its mark goes when the row is gone. So a batch
leaves only by its own id and only when it is built: no clock decides, and one that lands late is in the working set
like any other (docs/decisions/0018-watermark.md).
"""

from event_lens.warehouse.client import Warehouse

_SETTLED_MARKS = """
    SELECT batch_id FROM lens_raw.settled_batches
    WHERE batch_id IN (SELECT batch_id FROM lens_staging.built_batches)
"""

# Marks first: those whose rows went the last time. A reader that began between two statements still finds the marks of
# the rows it sees. Each statement holds whenever it runs, and doing all again after a death ends in the same.
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

# A replica that runs the change over rows of its own may see fewer marks, and then it removes fewer rows.
_AT_ONCE = {"mutations_sync": 1, "allow_nondeterministic_mutations": 1}


def settle_built(warehouse: Warehouse) -> None:
    """Move batches that are built out of the working set. Raises what `Warehouse` raises; the next call continues
    where this one stopped.
    """
    for statement in (FORGET_MARKS, COPY, REMOVE):
        warehouse.command(statement, settings=_AT_ONCE)
