"""Lands rows of an import in `lens_raw`, in batches of their own; each batch lands once, without rows that are already
there.
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec
import polars as pl

from collector.imports.event_frame import unreadable_frame
from collector.loading.loader import BATCHES, ROW_FAULTS, land_lines, not_taken
from event_lens.clock import Clock, now_ms
from event_lens.contract.rows import BatchRow, timestamp
from event_lens.errors import Refused, Unavailable
from event_lens.warehouse.client import Warehouse

EVENTS = "lens_raw.events"
OPERATIONS = "lens_raw.profile_operations"
QUARANTINE = "lens_raw.quarantine"
_TIME_COLUMN = {EVENTS: "created_at", OPERATIONS: "created_at", QUARANTINE: "received_at"}
ID_COLUMN = {EVENTS: "event_id", OPERATIONS: "event_id", QUARANTINE: "body_hash"}
_MOMENT = "fromUnixTimestamp64Milli({{{0}:Int64}}, 'UTC')".format
# Rows of other imports, whenever these began, and of earlier runs of this import.
BROUGHT = f"import_id != '' AND (import_id != {{import_id:String}} OR received_at < {_MOMENT('before')})"
KNOWN = {
    table: (
        f"SELECT toString(event_id) AS id FROM {table} WHERE project_id = {{project:String}} "
        f"AND day BETWEEN toDate({_MOMENT('first')}) AND toDate({_MOMENT('last')}) "
        f"AND created_at BETWEEN {_MOMENT('first')} AND {_MOMENT('last')} "
        f"AND {BROUGHT}"
    )
    for table in (EVENTS, OPERATIONS)
} | {
    QUARANTINE: (
        f"SELECT body_hash AS id FROM lens_raw.quarantine WHERE project_id = {{project:String}} AND {BROUGHT}"
    ),
}
LEFT_BEHIND = """
    SELECT batch_id, count() AS row_count, countIf({is_bot}) AS bot_count,
        toUnixTimestamp64Milli(min({at})) AS first_event_ms, toUnixTimestamp64Milli(max({at})) AS last_event_ms,
        toUnixTimestamp64Milli(min(received_at)) AS first_received_ms,
        toUnixTimestamp64Milli(max(received_at)) AS last_received_ms
    FROM {table}
    WHERE project_id = {{project:String}} AND import_id = {{import_id:String}}
        AND batch_id NOT IN (
            SELECT batch_id FROM lens_raw.batches WHERE import_id = {{import_id:String}}
            UNION ALL
            SELECT batch_id FROM lens_raw.settled_batches WHERE import_id = {{import_id:String}}
        )
    GROUP BY batch_id
"""


class ImportLoader:
    """Lands the frames of one import. Blocks. Raises `Unavailable`; a repeated import resumes where it stopped."""

    def __init__(
        self, warehouse: Warehouse, project_id: str, import_id: str, *, started_at_ms: int, clock: Clock = now_ms
    ) -> None:
        self._warehouse = warehouse
        self._project_id = project_id
        self._import_id = import_id
        self._started_at_ms = self._known_before_ms = started_at_ms
        self._clock = clock

    def count_left_behind(self) -> int:
        """Record the batches whose rows landed before an earlier run of this import was killed, and return the number
        of their rows.
        """
        found = 0
        values = {"project": self._project_id, "import_id": self._import_id}
        for table, at in _TIME_COLUMN.items():
            is_bot = "false" if table == QUARANTINE else "is_bot"
            for row in self._warehouse.rows(LEFT_BEHIND.format(table=table, at=at, is_bot=is_bot), values):
                batch = Landed(**row)
                # The warehouse may know the token of the killed run without having the row.
                self._count(table, batch, token=f"{batch.batch_id}.{table}.batch.{self._clock()}")
                found += batch.row_count
        return found

    def look_at_own(self) -> None:
        """From now on, treat the rows that this run has landed as known, too."""
        self._known_before_ms = self._started_at_ms + 1

    def known(self, table: str, rows: pl.DataFrame) -> pl.Series:
        """Return the ids (`event_id`, `body_hash`) of rows that were imported before and have the times of `rows`."""
        first, last = _span(rows, _TIME_COLUMN[table])
        values = {"project": self._project_id, "first": first, "last": last}
        values |= {"import_id": self._import_id, "before": self._known_before_ms}
        return self._warehouse.frame(KNOWN[table], values).get_column("id").cast(pl.String)

    def land(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Land the rows that were not imported before, and return the rows that the warehouse refuses, as unreadable
        lines. `number` and `content` are columns in addition to the table's.
        """
        try:
            self._land(table, rows)
        except Refused as error:
            if rows.height == 1:
                return unreadable_frame(rows, "warehouse_refused", error.message, "content")
            middle = rows.height // 2
            return pl.concat([self.land(table, rows[:middle]), self.land(table, rows[middle:])])
        return unreadable_frame(rows.clear(), "", "", "content")

    def _land(self, table: str, rows: pl.DataFrame) -> None:
        digest = blake2b("".join(rows[ID_COLUMN[table]]).encode(), digest_size=12).hexdigest()
        batch_id = f"{self._import_id}-{digest}"
        rows = rows.drop("number", "content", strict=False).with_columns(
            pl.lit(batch_id).alias("batch_id"), pl.int_range(rows.height, dtype=pl.UInt32).alias("batch_row")
        )
        if not self._insert(table, rows, f"{batch_id}.{table}"):
            self._make_up(table, rows, batch_id)
        bot_count = 0 if table == QUARANTINE else int(rows["is_bot"].sum())
        spans = (*_span(rows, _TIME_COLUMN[table]), *_span(rows, "received_at"))
        self._count(table, Landed(batch_id, rows.height, bot_count, *spans), token=f"{batch_id}.{table}.batch")

    def _insert(self, table: str, rows: pl.DataFrame, token: str) -> bool:
        """Insert rows and return whether the warehouse reports every row as written. Raises `Refused` when a row is
        at fault, else `Unavailable`.
        """
        try:
            return self._warehouse.insert_frame(table, rows, token=token) == rows.height
        except Refused as error:
            if error.code in ROW_FAULTS:
                raise
            raise not_taken(table, error) from error

    def _make_up(self, table: str, rows: pl.DataFrame, batch_id: str) -> None:
        """Insert under a new token the rows that the warehouse acknowledged but does not have."""
        present = self._warehouse.frame(
            f"SELECT batch_row FROM {table} WHERE project_id = {{project:String}} AND batch_id = {{batch:String}}",
            {"project": self._project_id, "batch": batch_id},
        ).get_column("batch_row")
        missing = rows.filter(~pl.col("batch_row").is_in(present.implode()))
        if missing.height and not self._insert(table, missing, f"{batch_id}.{table}.{self._clock()}"):
            raise Unavailable(
                f"The warehouse took {missing.height} rows of {table} and did not write them all. "
                "Look at its disk and its log, then run the import again.",
                code="rows_not_written",
                retry_after_seconds=5,
            )

    def _count(self, table: str, batch: "Landed", *, token: str) -> None:
        row = BatchRow(
            batch_id=batch.batch_id,
            table_name=table,
            landed_at=timestamp(self._clock()),
            row_count=batch.row_count,
            rejected_count=batch.row_count if table == QUARANTINE else 0,
            bot_count=batch.bot_count,
            first_event_at=timestamp(batch.first_event_ms),
            last_event_at=timestamp(batch.last_event_ms),
            first_received_at=timestamp(batch.first_received_ms),
            last_received_at=timestamp(batch.last_received_ms),
            max_lateness_seconds=max(0, batch.last_received_ms - batch.first_event_ms) // 1000,
            import_id=self._import_id,
        )
        land_lines(self._warehouse, BATCHES, msgspec.json.encode(row), token)


class Landed(NamedTuple):
    """A batch's summary; times are milliseconds since the epoch."""

    batch_id: str
    row_count: int
    bot_count: int
    first_event_ms: int
    last_event_ms: int
    first_received_ms: int
    last_received_ms: int


def _span(rows: pl.DataFrame, column: str) -> tuple[int, int]:
    first, last = rows.select(pl.col(column).min().dt.epoch("ms").alias("a"), pl.col(column).max().dt.epoch("ms")).row(
        0
    )
    return first, last
