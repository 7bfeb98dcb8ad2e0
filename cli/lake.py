"""`eventlens export-lake`, with its progress in the terminal."""

from pathlib import Path

from cli.backups import no_build
from cli.console import console, progress_bar
from event_lens.lake.export import export_lake
from event_lens.settings import Settings


def write_lake(settings: Settings, folder: Path | None) -> None:
    """Update a lake to the tables and say what was written. Blocks; raises what `export_lake` raises."""
    lake = folder or settings.home / "lake"
    with no_build(settings), progress_bar("Reading the tables") as bar:
        done = export_lake(settings, lake, lambda table, count, total: bar.show(f"Wrote {table}", count, total))
    if not done.tables and not done.removed:
        console.print(f"{lake} is up to date.", highlight=False, soft_wrap=True)
        return
    console.print(
        f"Wrote {done.written:,} files of {len(done.tables)} tables to {lake} ({done.row_count:,} rows), removed "
        f"{done.removed:,}.",
        highlight=False,
        soft_wrap=True,
    )
