"""Runs an import from its files to `lens_raw`, or a dry run that only reports the result."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl

from collector.imports.event_frame import Chunk, split_readable
from collector.imports.event_ids import EventIds
from collector.imports.loader import EVENTS, ID_COLUMN, OPERATIONS, QUARANTINE, ImportLoader
from collector.imports.masking import masked_line, shown_line
from collector.imports.operation_frame import make_operations
from collector.imports.record import FINISHED, ImportRecord, count_all_runs, write_record
from collector.imports.row_frame import Importer, Rows, make_rows
from event_lens.clock import Clock, now_ms
from event_lens.contract.limits import MAX_FUTURE_MS
from event_lens.warehouse.client import Warehouse

BATCH_ROWS = 50_000
MAX_BODY = 65_536
MAX_SHOWN = 300


class FirstOfKind(NamedTuple):
    """The first unreadable line per reason, masked for showing."""

    file: str
    number: int
    message: str
    line: str


@dataclass
class Report:
    """The results of an import or dry run in addition to the counts of its record."""

    bot_kinds: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    unreadable: dict[str, FirstOfKind] = field(default_factory=dict)
    unreadable_kinds: Counter[str] = field(default_factory=Counter)
    absent: dict[str, frozenset[str]] = field(default_factory=dict)


class ImportRun:
    """Takes the chunks of one file after another, and lands rows while the next chunk is read.

    The record's source is part of each event's id, so the same line of the same source is the same event. A dry run
    stores nothing. While rows land, `turn` makes other imports of the source into the project wait. Blocks. Raises
    `Unavailable`, and resumes when it is run again.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        importer: Importer,
        record: ImportRecord,
        *,
        first_ms: int,
        first_open_ms: int = 0,
        has_ids: bool = False,
        is_dry: bool = False,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Clock = now_ms,
    ) -> None:
        self.record = record
        self.report = Report()
        self._warehouse = warehouse
        self._importer = importer
        self._first_ms = first_ms
        self._first_open_ms = first_open_ms
        self._has_ids = has_ids
        self._is_dry = is_dry
        self._turn = turn
        self._clock = clock
        self._loader = ImportLoader(
            warehouse, record.project_id, record.import_id, started_at_ms=importer.received_at_ms, clock=clock
        )
        if len(record.files) > 1:  # they may hold the same lines
            self._loader.look_at_own()
        self._operation_ids = self.ids("calls")
        self._waiting: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._landing: Future[None] | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._is_recorded = False
        self._is_resumed = False

    def resume(self) -> None:
        """Resume an import that was killed: record the batches whose rows it had landed and not recorded."""
        self._loader.count_left_behind()
        self._is_recorded = True
        self._is_resumed = True

    def read(self, file: Path, chunks: Iterable[Chunk], on_chunk: Callable[[Chunk], None] = lambda chunk: None) -> None:
        """Import all chunks of a file."""
        events_of, unreadable_of = self.ids(), self.ids("unreadable")
        absent: frozenset[str] = frozenset()
        for chunk in chunks:
            self.take(file, chunk, events_of, unreadable_of)
            on_chunk(chunk)
            absent = chunk.absent
        if absent:
            self.report.absent[file.name] = absent

    def ids(self, kind: str = "") -> EventIds:
        """Return the ids for the events of one file, or for its lines of another kind."""
        return EventIds(self.record.project_id, f"{self.record.source}, {kind}" if kind else self.record.source)

    def take(self, file: Path, chunk: Chunk, events_of: EventIds, unreadable_of: EventIds) -> None:
        record = self.record
        record.line_count += chunk.line_count
        for reason, count in chunk.left_out.items():
            record.left_out[reason] = record.left_out.get(reason, 0) + count
        events, refused = self._split(chunk.events)
        calls, refused_calls = self._split(chunk.calls.unique("content", keep="first", maintain_order=True))
        record.known_count += chunk.calls.height - calls.height - refused_calls.height
        made = self._made(EVENTS, make_rows(events, self._importer), events_of, is_unique=self._has_ids)
        told = self._made(OPERATIONS, make_operations(calls, self._importer), self._operation_ids, is_unique=True)
        if made.rows.height and events_of.has_forgotten and self._importer.is_log:
            self._loader.look_at_own()  # logs are in order of time, so that few rows are looked at
        unreadable = pl.concat([chunk.unreadable, refused, refused_calls, made.unreadable, told.unreadable])
        if unreadable.height:
            self._note(file, unreadable)
            self._waiting[QUARANTINE].append(self._quarantined(file, unreadable, unreadable_of))
        if sum(rows.height for frames in self._waiting.values() for rows in frames) >= BATCH_ROWS:
            self.flush()

    def _split(self, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        last_ms = self._importer.received_at_ms + MAX_FUTURE_MS
        return split_readable(found, self._first_ms, last_ms, self._first_open_ms)

    def _made(self, table: str, made: Rows, ids: EventIds, *, is_unique: bool) -> Rows:
        """Queue rows for their table, with their ids, and count those that are left out."""
        for reason, count in made.left_out.items():
            self.record.left_out[reason] = self.record.left_out.get(reason, 0) + count
        if made.rows.height:
            named = pl.Series("event_id", ids.of(made.rows["content"].to_list(), is_unique=is_unique), dtype=pl.String)
            self._waiting[table].append(made.rows.with_columns(named))
        return made

    def flush(self) -> None:
        """Hand over the rows read so far, after waiting for the previous ones."""
        self._wait()
        waiting, self._waiting = self._waiting, defaultdict(list)
        if waiting:
            self._landing = self._threads.submit(self._land_in_turn, waiting)

    def finish(self) -> None:
        """Wait until every row has landed, and note that the import is complete."""
        self.flush()
        self._wait()
        self.record.state = FINISHED
        if self._is_resumed:
            count_all_runs(self._warehouse, self.record)
        if self._is_recorded:
            write_record(self._warehouse, self.record, self._clock())

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def note_progress(self) -> None:
        """Land the rows read so far and store the counts, for an import without an end."""
        if self._waiting:
            self.flush()
            self._wait()
            write_record(self._warehouse, self.record, self._clock())

    def _wait(self) -> None:
        if self._landing is not None:
            landing, self._landing = self._landing, None
            landing.result()

    def _land_in_turn(self, waiting: dict[str, list[pl.DataFrame]]) -> None:
        with self._turn():  # no other import lands between the look-up of known rows and the landing of the others
            self._land(waiting)

    def _land(self, waiting: dict[str, list[pl.DataFrame]]) -> None:
        for table in (EVENTS, OPERATIONS):
            if not waiting[table]:
                continue
            rows = self._new(table, waiting[table])
            self._tell(table, rows)
            if rows.height and not self._is_dry:
                self._begin()
                by_warehouse = self._loader.land(table, rows)
                if by_warehouse.height:
                    file = Path(self.record.files[0])
                    waiting[QUARANTINE].append(self._quarantined(file, by_warehouse, EventIds("", "")))
        if waiting[QUARANTINE]:
            lines = self._new(QUARANTINE, waiting[QUARANTINE])
            self.record.unreadable_count += lines.height
            if lines.height and not self._is_dry:
                self._begin()
                self._loader.land(QUARANTINE, lines)

    def _new(self, table: str, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """Return the rows that were not imported before, each id once; the others are counted as known."""
        rows, id_column = pl.concat(frames), ID_COLUMN[table]
        known = self._loader.known(table, rows)
        new = rows.filter(~pl.col(id_column).is_in(known.implode())) if known.len() else rows
        new = new.unique(id_column, keep="first", maintain_order=True)
        self.record.known_count += rows.height - new.height
        return new

    def _tell(self, table: str, rows: pl.DataFrame) -> None:
        record = self.record
        if table == OPERATIONS:
            record.operation_count += rows.height
            self.report.operations.update(dict(rows["operation"].value_counts().iter_rows()))
            return
        record.event_count += rows.height
        record.bot_count += int(rows["is_bot"].sum())
        if not rows.height:
            return
        first, last = rows.select(
            pl.col("created_at").min().dt.epoch("ms").alias("first"), pl.col("created_at").max().dt.epoch("ms")
        ).row(0)
        record.first_event_ms = min(first, record.first_event_ms or first)
        record.last_event_ms = max(last, record.last_event_ms)
        kinds = rows.filter("is_bot")["bot_reason"].str.extract(r"^([a-z_]+)").value_counts()
        self.report.bot_kinds.update(dict(kinds.iter_rows()))
        self.report.names.update(dict(rows.filter(~pl.col("is_bot"))["name"].value_counts().iter_rows()))

    def _note(self, file: Path, unreadable: pl.DataFrame) -> None:
        self.report.unreadable_kinds.update(dict(unreadable["code"].value_counts().iter_rows()))
        for number, code, message, body in unreadable.unique("code", keep="first", maintain_order=True).iter_rows():
            shown = shown_line(body, MAX_SHOWN)
            self.report.unreadable.setdefault(code, FirstOfKind(file.name, number, message, shown))

    def _quarantined(self, file: Path, unreadable: pl.DataFrame, ids: EventIds) -> pl.DataFrame:
        bodies = unreadable["body"].to_list()
        return unreadable.select(
            "number",
            pl.col("body").alias("content"),
            pl.lit(self.record.project_id).alias("project_id"),
            pl.lit(self._importer.received_at_ms).cast(pl.Datetime("ms", "UTC")).alias("received_at"),
            "code",
            (pl.col("message") + pl.lit(f" File {file.name}, line ") + pl.col("number").cast(pl.String) + ".").alias(
                "message"
            ),
            pl.Series("body", [masked_line(body[:MAX_BODY]) for body in bodies], dtype=pl.String),
            pl.Series("body_length", [len(body.encode()) for body in bodies], dtype=pl.UInt32),
            pl.Series("body_hash", ids.of(bodies), dtype=pl.String),
            pl.lit(self.record.import_id).alias("import_id"),
            line_number="number",
        )

    def _begin(self) -> None:
        if not self._is_recorded:
            self._is_recorded = True
            write_record(self._warehouse, self.record, self._clock())
