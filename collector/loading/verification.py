"""Finds the rows of a batch that are missing from the warehouse although it acknowledged their INSERT.

ClickHouse records the deduplication token before it stores the rows. If it is killed between the two, it believes that
the retry is a duplicate, and acknowledges rows that it does not have.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from event_lens.contract.rows import BatchRow


class Reader(Protocol):
    """The part of the warehouse's interface that reading needs."""

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]: ...


class Insert(Protocol):
    """The part of the warehouse's interface that an INSERT needs."""

    def insert_lines(self, table: str, body: bytes, *, token: str) -> int: ...


class Landing(Insert, Reader, Protocol):
    """The part of the warehouse's interface that landing needs."""


def missing_lines(warehouse: Reader, batch: BatchRow, lines: Sequence[bytes]) -> list[bytes]:
    """Return the framed `lines` of `batch` that its table does not hold."""
    there = (
        f"FROM {batch.table_name} WHERE batch_id = {{batch_id:String}}"
        " AND received_at BETWEEN toDateTime64({first:String}, 3, 'UTC') AND toDateTime64({last:String}, 3, 'UTC')"
    )
    values = {"batch_id": batch.batch_id, "first": batch.first_received_at, "last": batch.last_received_at}
    (found,) = warehouse.rows(f"SELECT uniqExact(batch_row) AS row_count {there}", values)
    if found["row_count"] == len(lines):  # nearly always
        return []
    present = {row["batch_row"] for row in warehouse.rows(f"SELECT batch_row {there}", values)}
    return [line for line in lines if _row_number(line) not in present]


def is_counted(warehouse: Reader, batch: BatchRow) -> bool:
    """Return whether the batch's own row was written: it is in `lens_raw.batches`, or the batch was settled since."""
    values = {"batch_id": batch.batch_id, "table": batch.table_name}
    # In this order: a row that is settled meanwhile is copied before it is deleted.
    return any(
        warehouse.rows(
            f"SELECT 1 FROM {table} WHERE batch_id = {{batch_id:String}} AND table_name = {{table:String}} LIMIT 1",
            values,
        )
        for table in ("lens_raw.batches", "lens_raw.settled_batches")
    )


def _row_number(line: bytes) -> int:
    return int(line.split(b",", 3)[2].partition(b":")[2])
