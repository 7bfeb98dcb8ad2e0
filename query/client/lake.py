"""A lake as a source of answers: chDB runs the warehouse's statements over the lake's files, in this process."""

import atexit
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import polars

from event_lens.clock import Clock, now_ms
from event_lens.errors import Refused, Unavailable
from event_lens.lake.layout import DATA, LakeNotes, LakeTable, project_folder, read_notes
from event_lens.registry.consequences import NUMBERS_FOLLOW
from query.client.source import Answer, Progress
from query.export import EXPORTS, FORMATS, export_statement, read_export
from query.parameters import read_parameters, texts
from query.report import AnyReport
from query.report_context import ProjectScope
from query.runner import Answers

_ENGINE = threading.Lock()
"""A process has one chDB engine for all lakes: it shows one lake at a time."""

# The rows that `Answers` reads for freshness: one batch waits, which landed right after the lake's last batch.
_FRESHNESS = (
    "CREATE DATABASE IF NOT EXISTS lens_raw",
    "CREATE DATABASE IF NOT EXISTS lens_staging",
    "CREATE OR REPLACE VIEW lens_raw.batches AS SELECT 'later' AS batch_id, {after} AS landed_at",
    "CREATE OR REPLACE VIEW lens_staging.built_batches AS SELECT '' AS batch_id",
    "CREATE OR REPLACE VIEW lens_staging.builds AS SELECT 1 AS build_id WHERE {is_built}",
    # A lake holds built rows only: it has no projects that are set aside.
    "CREATE TABLE IF NOT EXISTS lens_staging.set_aside_projects (project_id String, is_set_aside UInt8, model String, "
    "reason String, settings_hash UInt64, version String, tries UInt16, build_id String, since DateTime64(3, 'UTC'), "
    "tried_at DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree ORDER BY project_id",
    "CREATE TABLE IF NOT EXISTS lens_staging.failed_checks (check_name String, is_failing UInt8, severity String, "
    "tables Array(String), projects Array(String), since DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree "
    "ORDER BY check_name",
    "CREATE OR REPLACE VIEW lens_staging.pending_days AS SELECT '' AS project_id, now64(3, 'UTC') AS landed_at, "
    "[today()] AS days WHERE 0",
    # Its projects have the settings that its tables follow. Of a table without rows the types do not matter.
    "CREATE TABLE IF NOT EXISTS lens_staging.built_projects (project_id String, settings_hash UInt64, "
    f"{' String, '.join(NUMBERS_FOLLOW)} String) ENGINE = ReplacingMergeTree ORDER BY project_id",
)


class Lake:
    """The lake in `folder`, asked about `project`, which may be left out when the lake holds only one project.

    Raises `Refused` (`lake_unreadable`, `project_unknown`, `project_missing`) when it is first asked.
    """

    def __init__(self, folder: Path, project: str | None, clock: Clock = now_ms) -> None:
        self._folder = folder
        self._project = project
        self._clock = clock
        self._engine = _Engine(self)
        self._answers = Answers(self, clock)

    @cached_property
    def notes(self) -> LakeNotes:
        notes = read_notes(self._folder)
        if not notes.tables:
            raise Refused(
                f"{self._folder} is not a lake: `eventlens export-lake {self._folder}` writes one.",
                code="lake_unreadable",
            )
        return notes

    @property
    def project_id(self) -> str:
        return self.subject.project_id

    @cached_property
    def subject(self) -> ProjectScope:
        known = {project.project_id: project for project in self.notes.projects}
        if self._project is None and len(known) != 1:
            raise Refused(f"Say which project is asked about: {', '.join(known) or 'none'}.", code="project_missing")
        found = known.get(self._project or next(iter(known)))
        if found is None:
            raise Refused(
                f"The lake has no project {self._project!r}; it has {', '.join(known) or 'none'}.",
                code="project_unknown",
            )
        return ProjectScope(found.project_id, ZoneInfo(found.timezone), found.currency, has_states=False)

    def answer(self, report: AnyReport, written: Mapping[str, Any]) -> Answer:
        asked = report.questions(self.subject, report.read(written), self._clock())
        try:
            answer: Answer = msgspec.to_builtins(report.typed(self._answers.answer(*asked, subject=self.subject)))
        except Unavailable as error:
            if error.code == "tables_outdated":
                raise Refused(
                    f"`{report.name}` cannot be answered from a lake: it needs more than the public tables. "
                    "Ask the API or a warehouse.",
                    code="lake_cannot_answer",
                ) from error
            raise
        return answer

    def export(self, file: str, written: Mapping[str, Any], target: Path, progress: Progress) -> None:
        table, format = read_export(file)
        parameters = read_parameters(file, EXPORTS[table], texts(written))
        statement = export_statement(self.subject, table, format, parameters, self._clock())
        draft = target.with_name(f"{target.name}.part")
        with self.lend() as engine, statement.refusing():
            draft.write_bytes(engine.read(statement.sql, FORMATS[format], statement.parameters))
        progress(draft.stat().st_size)
        draft.replace(target)

    def sql(self, statement: str, parameters: Mapping[str, Any]) -> polars.DataFrame:
        with self.lend() as engine:
            return engine.frame(statement, parameters)

    @contextmanager
    def lend(self) -> Iterator["_Engine"]:
        """Yield the engine, which shows this lake's tables as `lens` inside the block. One lake at a time."""
        with _ENGINE:
            self._engine.show()
            yield self._engine


class _Engine:
    """chDB with the methods of a warehouse that answering needs."""

    shown: "Lake | None" = None

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def show(self) -> None:
        """Make this lake's tables the tables of `lens`."""
        if _Engine.shown is self._lake:
            return
        notes = self._lake.notes
        _Engine.shown = None
        _query("DROP DATABASE IF EXISTS lens", "Null")
        _query("CREATE DATABASE lens", "Null")
        for name, table in notes.tables.items():
            _query(self._view(name, table), "Null")
        after = f"fromUnixTimestamp64Milli({(notes.complete_through_ms or 0) + 1})"
        for statement in _FRESHNESS:
            is_built = int(notes.complete_through_ms is not None)
            _query(statement.replace("{after}", after).replace("{is_built}", str(is_built)), "Null")
        _Engine.shown = self._lake

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Return the rows of a statement. `settings` are ignored: they are limits for a shared server."""
        return [{name: _plain(value) for name, value in row.items()} for row in self.frame(sql, parameters).to_dicts()]

    def value(self, sql: str) -> Any:
        rows = self.frame(sql).rows()
        return rows[0][0] if rows else None

    def frame(self, sql: str, parameters: Mapping[str, object] | None = None) -> polars.DataFrame:
        body = self.read(sql, "ArrowStream", parameters)
        return polars.read_ipc_stream(body) if body else polars.DataFrame()

    def read(self, sql: str, format: str, parameters: Mapping[str, object] | None = None) -> bytes:
        return _query(sql, format, {name: _written(value) for name, value in (parameters or {}).items()})

    def _view(self, name: str, table: LakeTable) -> str:
        """Return the SQL that makes one of the warehouse's tables a view over the project's files; without files the
        view is empty.
        """
        folder = project_folder(self._lake._folder.absolute(), name, self._lake.subject.project_id)
        structure = ", ".join(f"`{column}` {kind}" for column, kind in table.stored.items())
        values = ", ".join(
            f"CAST(`{column}`, {_quoted(kind)}) AS `{column}`" if kind != table.stored[column] else f"`{column}`"
            for column, kind in table.columns.items()
        )
        pattern = folder / ("*" if table.day else "") / DATA
        if not any(folder.glob(f"{'*/' if table.day else ''}{DATA}")):
            source = f"null({_quoted(structure)})"
        else:
            source = f"file({_quoted(str(pattern))}, 'Parquet', {_quoted(structure)})"
        return f"CREATE VIEW lens.{name} AS SELECT {values} FROM {source}"


@cache
def _session() -> Any:
    from chdb.session import Session  # noqa: PLC0415 -- an engine of some hundred MB, which only a lake needs

    make: Any = Session
    session = make()
    atexit.register(session.close)
    return session


def _query(sql: str, format: str, parameters: Mapping[str, str] | None = None) -> bytes:
    """Return the result of a statement in `format`, as bytes. Raises `Refused` with the code
    `warehouse_<ClickHouse's code>`, as a warehouse does.
    """
    try:
        result = _session().query(sql, format, params=dict(parameters or {}))
    except RuntimeError as error:
        text = str(error)
        code = text.partition("Code: ")[2].partition(".")[0]
        raise Refused(f"The statement is refused: {text}", code=f"warehouse_{code}") from error
    body: bytes = result.bytes() or b""
    return body


def _plain(value: Any) -> Any:
    """Return a value as a warehouse's client would return it. Arrow turns a tuple into an object with numbered fields;
    this function turns such an object back into a tuple.
    """
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict) and all(name.isdigit() for name in value):
        return tuple(_plain(each) for each in value.values())
    return value


def _written(value: object) -> str:
    """Return a value as the text that ClickHouse reads as the value of a parameter."""
    if isinstance(value, list):
        return f"[{', '.join(_quoted(each) if isinstance(each, str) else str(each) for each in value)}]"
    return _escaped(str(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return "'" + _escaped(text).replace("'", "\\'") + "'"
