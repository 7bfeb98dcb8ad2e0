"""`eventlens import`: history from files into lens_raw, with progress, twice without harm."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.console import console, progress_bar, show_table
from collector.enrichment.context import ProjectRules, rules_of
from collector.enrichment.geo import open_geo
from collector.enrichment.row_builder import Enricher
from collector.imports.access_log import import_id_of, read_access_log
from collector.imports.loader import LandedChunk, land_import, landed_chunks
from event_lens.clock import now_ms
from event_lens.errors import Refused
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project
from event_lens.settings import Settings
from event_lens.warehouse.access import connect


def import_access_log(settings: Settings, file: Path, project_id: str, *, all_requests: bool) -> None:
    """Lands a log's lines and says what became of them. Raises `Refused` and `Unavailable`; may be run again."""
    registry = open_registry(settings)
    try:
        project = find_project(registry, project_id)
    finally:
        registry.close()
    import_id = import_id_of(file, project_id, all_requests=all_requests)
    other_id = import_id_of(file, project_id, all_requests=not all_requests)
    with file.open("rb") as lines:
        line_count = sum(1 for _ in lines)
    rows = read_access_log(
        file,
        # A setting that leaves lines out would move the others between chunks when the import is run again.
        ProjectRules(project_id, kept_parameters=rules_of(project).kept_parameters),
        enricher=Enricher(open_geo(settings)),
        received_at_ms=now_ms(),
        first_day=settings.first_day,
        all_requests=all_requests,
        origin=f"https://{project.domains[0]}" if project.domains else "",
    )
    with connect(settings, "collector") as warehouse:
        if landed_chunks(warehouse, other_id):
            raise Refused(
                f"{file} was imported {'without' if all_requests else 'with'} --all-requests before; "
                "its pages would count twice.",
                code="import_differs",
            )
        with progress_bar(f"Reading {line_count:,} lines") as bar:
            landed = land_import(warehouse, rows, import_id, on_progress=bar.advance)
        chunks = landed_chunks(warehouse, import_id)
    show_table(
        f"Import {import_id}", ("table", "rows", "of them bots", "landed now"), list(_rows_by_table(chunks, landed))
    )
    console.print("Build the tables with `eventlens build`, or leave it to Dagster's sensor.", highlight=False)


def _rows_by_table(
    chunks: Mapping[tuple[str, str], LandedChunk], landed: Mapping[str, int]
) -> Iterator[tuple[str, int, int, int]]:
    for table in sorted({table for _, table in chunks}):
        own = [chunk for (_, of_table), chunk in chunks.items() if of_table == table]
        yield table, sum(chunk.row_count for chunk in own), sum(chunk.bot_count for chunk in own), landed[table]
