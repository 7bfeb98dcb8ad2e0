"""Lines of logs for the tests, in the formats that servers write, and what becomes of them."""

from datetime import date
from pathlib import Path

import polars as pl

from collector.enrichment.context import ProjectSettings
from collector.imports.access_log import read
from collector.imports.row_frame import Importer
from collector.imports.sources import Options
from event_lens.contract.timestamps import first_ms

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
NOW = 1_790_000_000_000
FIRST_MS = first_ms(date(2015, 1, 1))


def line(
    path: str = "/", address: str = "192.0.2.1", clock: str = "09:00:00", *, agent: str = CHROME, status: int = 200
) -> str:
    return f'{address} - - [12/Aug/2026:{clock} +0200] "GET {path} HTTP/1.1" {status} 512 "-" "{agent}"'


def importer(project_id: str = "p", *, is_log: bool = True, **rules: object) -> Importer:
    project = ProjectSettings(project_id, **rules)  # type: ignore[arg-type]
    return Importer(project, f"salt of {project_id}", "https://site.example", NOW, "an import", is_log=is_log)


def frame(*lines: str) -> pl.DataFrame:
    return pl.DataFrame({"line": list(lines)}, schema={"line": pl.String}).with_row_index("number", 1)


def events_of(path: Path, **options: object) -> pl.DataFrame:
    return pl.concat([chunk.events for chunk in read(path, Options(**options))])  # type: ignore[arg-type]
