"""`eventlens export-lake`: writes the tables that changed since the last export, one file per project and day."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from event_lens.clock import now_ms
from event_lens.errors import Refused
from event_lens.lake.layout import (
    DATA,
    NOTES,
    LakeNotes,
    LakePart,
    LakeProject,
    LakeTable,
    data_file,
    part_files,
    read_notes,
    write_notes,
)
from event_lens.settings import Settings
from event_lens.shards import all_shards, tables_database
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.freshness import read_freshness

if TYPE_CHECKING:
    import polars

_TABLES = """
    SELECT name, partition_key, engine = 'View' AS is_view FROM system.tables
    WHERE database = {database:String} AND NOT match(name, '__(fresh|dbt)_') ORDER BY name
"""
_COLUMNS = """
    SELECT name, type FROM system.columns
    WHERE database = {database:String} AND table = {table:String} AND NOT startsWith(type, 'AggregateFunction')
    ORDER BY position
"""
# A day is swapped whole when it is built, so its parts tell whether it changed.
_PARTS = """
    SELECT if(partition = 'tuple()', '', partition) AS part, sum(rows) AS row_count,
        toString(sum(cityHash64(hash_of_uncompressed_files))) AS state
    FROM system.parts WHERE database = {database:String} AND table = {table:String} AND active
    GROUP BY part ORDER BY part
"""
# With the zone and the currency that the tables follow, which a changed setting alone does not alter.
_PROJECTS = """
SELECT
    project_id,
    if(built.timezone = '', now.timezone, built.timezone) AS timezone,
    if(built.timezone = '', now.currency, built.currency) AS currency
FROM lens_raw.project_settings AS now FINAL
LEFT JOIN (SELECT * FROM lens_staging.built_projects FINAL) AS built USING (project_id)
ORDER BY project_id
SETTINGS join_use_nulls = 0
"""
_AS_DATES = {"output_format_parquet_date_as_uint16": 0, "output_format_parquet_string_as_string": 1}
_PART = "__part"
Parts = Mapping[str, Mapping[str, Any]]
"""The row count and the `state` (a hash) of each part of a table, by part (its day, its month, or '')."""

MAX_ROWS_AT_ONCE = 500_000
_QUERY_SECONDS = 3600

OnTable = Callable[[str, int, int], None]
"""Called with a table, the number of its written parts, and the number of parts to write."""


@dataclass
class Exported:
    """The result of an export: how many files it wrote and removed, and how many rows it wrote."""

    written: int = 0
    removed: int = 0
    row_count: int = 0
    tables: set[str] = field(default_factory=set)


def export_lake(settings: Settings, lake: Path, on_table: OnTable = lambda *_: None) -> Exported:
    """Update the files of `lake` to the tables and return the counts; blocks. No build may run meanwhile.

    Each file is written under another name and then renamed, so a reader never sees half a file.
    """
    try:
        lake.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"{lake} cannot be a lake: {error.strerror}. Name a folder that you may write to.", code="lake_unwritable"
        ) from error
    if not (lake / NOTES).exists():
        # Without notes no file can be recognised as old.
        for path in lake.glob(f"*/project_id=*/**/{DATA}"):
            path.unlink()
    notes, done = read_notes(lake), Exported()
    through: list[int | None] = []
    projects: dict[str, LakeProject] = {}
    for shard in all_shards(settings):
        with connect(settings, "builder", shard=shard, query_timeout_seconds=_QUERY_SECONDS) as warehouse:
            through.append(read_freshness(warehouse, now_ms()).complete_through)
            projects |= {row["project_id"]: LakeProject(**row) for row in warehouse.rows(_PROJECTS)}
            source = _Source(warehouse, tables_database(settings), lake, notes, str(shard), done)
            source.export(on_table)
    known = [instant for instant in through if instant is not None]
    notes.complete_through_ms = min(known) if known else None
    notes.projects = list(projects.values())
    write_notes(lake, notes)
    return done


@dataclass
class _Source:
    """The tables of a shard on their way into the lake."""

    warehouse: Warehouse
    database: str
    lake: Path
    notes: LakeNotes
    shard: str
    done: Exported

    def export(self, on_table: OnTable) -> None:
        states = self.notes.exported.setdefault(self.shard, {})
        rolled_up, there = "", set()
        for row in self.warehouse.rows(_TABLES, {"database": self.database}):
            name = row["name"]
            parts = {part["part"]: part for part in self._rows(_PARTS, table=name)}
            if row["is_view"]:
                # A view has no parts of its own: it is as new as the table that it sums up.
                parts = {"": {"row_count": 0, "state": rolled_up}}
            elif name == "metrics_daily":
                rolled_up = ",".join(sorted(part["state"] for part in parts.values()))
            states[name] = self._update(name, row["partition_key"], parts, states.get(name, {}), on_table)
            there.add(name)
        for name in states.keys() - there:
            self._forget(name, states.pop(name))

    def _update(
        self, name: str, partition_key: str, parts: Parts, known: Mapping[str, LakePart], on_table: OnTable
    ) -> dict[str, LakePart]:
        """Update the files of a table to `parts`, and return the state of its parts afterwards."""
        table = self._describe(name, partition_key)
        is_known = self.notes.tables.get(name) == table
        kept = {
            part: old for part, old in known.items() if is_known and part in parts and old.state == parts[part]["state"]
        }
        changed, count = [part for part in parts if part not in kept], 0
        written: set[Path] = set()
        projects: dict[str, list[str]] = {}
        for batch in _batches(changed, parts):
            for part, rows in self._read(name, table, partition_key, batch):
                projects[part] = sorted(rows["project_id"].unique())
                written |= self._write(name, table, rows)
            count += len(batch)
            on_table(name, count, len(changed))
        self._unlink(self._old_files(name, table.day, {part: known[part] for part in known.keys() - kept}) - written)
        self.notes.tables[name] = table
        return kept | {part: LakePart(parts[part]["state"], projects.get(part, [])) for part in changed}

    def _forget(self, name: str, known: Mapping[str, LakePart]) -> None:
        """Remove the shard's files of a table that no longer exists."""
        self._unlink(self._old_files(name, self.notes.tables[name].day, known))
        if not any(name in states for states in self.notes.exported.values()):
            del self.notes.tables[name]

    def _old_files(self, name: str, day: str, known: Mapping[str, LakePart]) -> set[Path]:
        """Return the files of a day that were written for the parts in `known`."""
        return {
            path
            for part, old in known.items()
            for project_id in old.projects
            for path in part_files(self.lake, name, project_id, day, part)
        }

    def _describe(self, name: str, partition_key: str) -> LakeTable:
        columns = {row["name"]: row["type"] for row in self._rows(_COLUMNS, table=name)}
        stored = {column: "String" if _is_text(kind) else _plain(kind) for column, kind in columns.items()}
        return LakeTable(columns, stored, re.sub(r"\W|toYYYYMM", "", partition_key))

    def _read(
        self, name: str, table: LakeTable, partition_key: str, parts: Sequence[str]
    ) -> Iterator[tuple[str, "polars.DataFrame"]]:
        """Yield each part in `parts` with all its rows."""
        # Every process of Dagster has this module, and few of them make a frame.
        import polars  # noqa: PLC0415

        chosen = ", ".join(_selected(column, kind) for column, kind in table.columns.items())
        part = f"toString({partition_key})" if table.day else "''"
        sql = (
            f"SELECT {chosen}, {part} AS {_PART} FROM {self.database}.{name} WHERE {part} IN {{parts:Array(String)}} "
            "ORDER BY ALL"
        )
        body = b"".join(self.warehouse.stream(sql, "Parquet", {"parts": list(parts)}, _AS_DATES))
        frame = polars.read_parquet(BytesIO(body))
        for key, rows in frame.partition_by(_PART, as_dict=True, include_key=False).items():
            yield str(key[0]), rows

    def _write(self, name: str, table: LakeTable, rows: "polars.DataFrame") -> set[Path]:
        keys = ["project_id", table.day] if table.day else ["project_id"]
        written = set()
        for key, of_file in rows.partition_by(keys, as_dict=True).items():
            path = data_file(self.lake, name, str(key[0]), table.day, str(key[-1]))
            _write_file(path, of_file)
            written.add(path)
        self.done.written += len(written)
        self.done.row_count += rows.height
        self.done.tables.add(name)
        return written

    def _unlink(self, files: set[Path]) -> None:
        for path in files:
            path.unlink()
            self.done.removed += 1

    def _rows(self, sql: str, **values: str) -> list[dict[str, Any]]:
        return self.warehouse.rows(sql, {"database": self.database, **values})


def _batches(changed: Sequence[str], parts: Parts) -> Iterator[list[str]]:
    """Yield groups of parts that have few rows together (`MAX_ROWS_AT_ONCE`); a larger part is a group of its own."""
    batch: list[str] = []
    row_count = 0
    for part in changed:
        if batch and row_count + parts[part]["row_count"] > MAX_ROWS_AT_ONCE:
            yield batch
            batch, row_count = [], 0
        batch.append(part)
        row_count += parts[part]["row_count"]
    if batch:
        yield batch


def _write_file(path: Path, rows: "polars.DataFrame") -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    rows.write_parquet(draft, compression="zstd")
    draft.replace(path)


def _selected(column: str, kind: str) -> str:
    if kind.startswith("JSON"):
        return f"toJSONString({column}) AS {column}"
    return f"toString({column}) AS {column}" if _is_text(kind) else column


def _is_text(kind: str) -> bool:
    """Return whether Parquet lacks this type."""
    return kind.startswith(("JSON", "UUID", "Enum", "LowCardinality(Enum"))


def _plain(kind: str) -> str:
    """Return a type without ClickHouse's own wrappers (`Nullable`, `LowCardinality`)."""
    return kind.removeprefix("LowCardinality(").removesuffix(")") if kind.startswith("LowCardinality(") else kind
