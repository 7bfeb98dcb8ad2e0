"""Sources of answers: the interface that the API, a warehouse and a lake have in common."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import polars

from query.report import AnyReport

Answer = dict[str, Any]
Progress = Callable[[int], None]
"""Called with the number of bytes received so far."""


class Source(Protocol):
    """Questions about one project. All calls block; they raise `Refused` and `Unavailable`."""

    @property
    def project_id(self) -> str:
        """Return the id of the project that questions are about."""

    def answer(self, report: AnyReport, written: Mapping[str, Any]) -> Answer:
        """Return `{"data", "meta"}` of a report; `written` are the report's parameters by their names in the API."""

    def export(self, file: str, written: Mapping[str, Any], target: Path, progress: Progress) -> None:
        """Write a file such as `events.parquet` to `target`."""

    def sql(self, statement: str, parameters: Mapping[str, Any]) -> polars.DataFrame:
        """Return the rows of a statement; `parameters` are bound to `{name:Type}`."""
