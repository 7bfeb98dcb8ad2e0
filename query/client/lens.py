"""A lens: one project's questions, exports and SQL."""

import sys
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import polars

from event_lens.errors import Refused
from query.client.frame import Frame, frame_of
from query.client.questions import Questions
from query.client.source import Progress, Source
from query.reports import REPORTS

SHOWN_AFTER_SECONDS = 2.0
PROJECT = "{project:"


class Lens(Questions):
    """The questions, exports and SQL of one project, from one source. Every call blocks, and raises `Refused` and
    `Unavailable`.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def project_id(self) -> str:
        """Return the id of the project that is asked about."""
        return self._source.project_id

    def _ask(self, name: str, **written: Any) -> Frame:
        report = REPORTS[name]
        fields = {field.name: field for field in msgspec.structs.fields(report.parameters)}
        given = {
            # A warehouse reads a body as the API does, where a date is text.
            fields[name].encode_name: value.isoformat() if isinstance(value, date) else value
            for name, value in written.items()
            if value != (None if fields[name].default is msgspec.NODEFAULT else fields[name].default)
        }
        return frame_of(report, given, self._source.answer(report, given))

    def export(self, file: str, target: str | Path, *, progress: Progress | None = None, **written: Any) -> Path:
        """Write an export to `target` and return its path. `file` is `events`, `sessions`, `profiles` or
        `cohort_members` with `.parquet`, `.csv`, `.ndjson`, `.json` or `.arrow`.

        `written` are the export's parameters by their names in the API. `progress` is called with the number of
        received bytes; without `progress`, a long export reports it on standard error.
        """
        path = Path(target)
        if not path.parent.is_dir():
            raise Refused(f"{path.parent} is not a folder: make it, or name another.", code="export_target_missing")
        if path.is_dir():
            raise Refused(
                f"{path} is a folder: name a file in it, such as {path / file}.", code="export_target_missing"
            )
        given = {name: value for name, value in written.items() if value is not None}
        self._source.export(file, given, path, progress or _Shown(file))
        return path

    def sql(self, statement: str, parameters: Mapping[str, Any] | None = None) -> polars.DataFrame:
        """Return the rows of a statement over the tables of `lens`; values are bound to `{name:Type}`.

        `{project:String}` is the lens's own project unless `parameters` name another. Needs a warehouse.
        """
        bound = dict(parameters or {})
        if PROJECT in statement and "project" not in bound:
            bound["project"] = self.project_id
        return self._source.sql(statement, bound)


class _Shown:
    """Shows the progress of a slow export on standard error, in one line that is overwritten."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._next = time.monotonic() + SHOWN_AFTER_SECONDS

    def __call__(self, byte_count: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SHOWN_AFTER_SECONDS
            sys.stderr.write(f"\r{self._file}: {byte_count / 1_000_000:,.1f} MB ")
            sys.stderr.flush()
