"""`eventlens import`: imports history from files, each line once. It can also preview an import and undo it. Readers
are loaded only by the commands that need them, because importing Polars takes a while.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.client import AsJson, OfOneProject, OfProject, say_rows
from cli.console import console
from collector.imports.sources import SOURCES, Options, Source
from event_lens.settings import Settings, read_settings
from event_lens.shards import all_shards

import_app = typer.Typer(help="History from files: logs of web servers, exports of other tools.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE...")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]
RECORD_COLUMNS = (
    "import_id",
    "project_id",
    "source",
    "state",
    "started_at",
    "event_count",
    "operation_count",
    "bot_count",
    "files",
)

TITLES = ("import", "project", "source", "state", "started (UTC)", "events", "calls", "bots", "files")


@import_app.command("access-log", help=SOURCES["access-log"].about)
def import_access_log(
    files: Files,
    project: OfProject,
    format: Annotated[str, typer.Option(help="combined, json, w3c or alb; found by reading if not given.")] = "",
    all_requests: Annotated[
        bool, typer.Option(help="Import the other requests too (images, scripts), as events named `request`.")
    ] = False,
    dry_run: DryRun = False,
    follow: Annotated[bool, typer.Option(help="Go on reading what is written to the log, until Ctrl-C.")] = False,
) -> None:
    """Import access logs; a line that was imported before is skipped."""
    from cli.import_run import follow_log, import_files

    options = Options(format=format, all_requests=all_requests)
    source = SOURCES["access-log"]
    if follow:
        if len(files) != 1 or dry_run:
            raise typer.BadParameter("follows one log, and not with --dry-run", param_hint="--follow")
        follow_log(read_settings(os.environ), source, files[0], project, options)
    else:
        import_files(read_settings(os.environ), source, files, project, options, is_dry=dry_run)


def _add_command(source: Source) -> None:
    """Add a command for a source that has no options."""

    def import_source(files: Files, project: OfProject, dry_run: DryRun = False) -> None:
        from cli.import_run import import_files

        import_files(read_settings(os.environ), source, files, project, Options(), is_dry=dry_run)

    import_app.command(source.name, help=source.about)(import_source)


@import_app.command("table", help=SOURCES["table"].about)
def import_table(
    files: Files,
    project: OfProject,
    mapping: Annotated[Path, typer.Option(help="A TOML file that says which column is which.", exists=True)],
    dry_run: DryRun = False,
) -> None:
    """Import tables; a row that was imported before is skipped."""
    from cli.import_run import import_files

    options = Options(mapping=mapping)
    import_files(read_settings(os.environ), SOURCES["table"], files, project, options, is_dry=dry_run)


for _source in SOURCES.values():
    if _source.name not in ("access-log", "table"):
        _add_command(_source)


@import_app.command("list")
def import_list(project: OfOneProject = None, as_json: AsJson = False) -> None:
    """List what was imported."""
    from collector.imports.record import list_imports
    from event_lens.warehouse.access import connect

    settings = read_settings(os.environ)
    rows = []
    for shard in all_shards(settings):
        with connect(settings, "collector", shard=shard) as warehouse:
            rows += list_imports(warehouse, project or "")
    fields = [{name: _shown(row[name]) for name in RECORD_COLUMNS} for row in rows]
    say_rows("Imports", TITLES, [list(each.values()) for each in fields], fields, as_json=as_json)


@import_app.command("undo")
def import_undo(
    import_id: str, build: Annotated[bool, typer.Option(help="Rebuild the days of its events.")] = True
) -> None:
    """Remove exactly the rows of one import, and rebuild their days."""
    from cli.builds import build_touched
    from cli.import_run import alone
    from collector.imports.undo import find_import, undo_import
    from event_lens.warehouse.access import connect

    settings = read_settings(os.environ)
    with connect(settings, "admin", shard=_shard_of(settings, import_id), query_timeout_seconds=600) as warehouse:
        found = find_import(warehouse, import_id)
        with alone(settings, found["project_id"], found["source"], found["files"]):
            row_count = undo_import(warehouse, import_id)
    console.print(f"Took {row_count:,} rows of {import_id} out again.", highlight=False)
    if build:
        build_touched(settings)


def _shard_of(settings: Settings, import_id: str) -> int:
    """Return the number of the shard with the rows of the import; 1 when no shard has any."""
    from collector.imports.record import list_imports
    from event_lens.warehouse.access import connect

    for shard in all_shards(settings):
        with connect(settings, "collector", shard=shard) as warehouse:
            if list_imports(warehouse, import_id=import_id):
                return shard
    return 1


@import_app.command("compare")
def import_compare(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Days with visitors, sessions, views, bounces.")
    ],
    project: OfProject,
) -> None:
    """Compare the numbers of an old tool with the numbers here, day by day, with the reasons of differences."""
    from cli.import_compare import compare

    compare(read_settings(os.environ), file, project)


def _shown(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(Path(str(file)).name for file in value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value if isinstance(value, int) else str(value)
