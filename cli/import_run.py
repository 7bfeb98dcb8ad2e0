"""Runs `eventlens import SOURCE FILE...`: reads the files, shows the progress, and reports what became of the lines."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from pathlib import Path

from cli.console import Bar, console, progress_bar, show_table
from collector.enrichment.context import project_settings
from collector.enrichment.geo import open_geo
from collector.imports.event_frame import Chunk
from collector.imports.follow import LogTail
from collector.imports.record import find_unfinished, new_record
from collector.imports.row_frame import Importer
from collector.imports.run import ImportRun
from collector.imports.sources import Options, Source
from event_lens.clock import now_ms, to_datetime
from event_lens.contract.timestamps import first_ms
from event_lens.errors import Refused
from event_lens.file_lock import try_lock, waited_lock
from event_lens.printable import printable
from event_lens.registry.database import open_registry
from event_lens.registry.import_salts import import_salt
from event_lens.registry.placements import check_stays
from event_lens.registry.projects import find_project
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.retention import first_day_taken

LINES_WITH_A_RATE = 10_000
FOLLOW_SECONDS = 1.0
MAX_NAMES = 10


def import_files(
    settings: Settings, source: Source, files: Sequence[Path], project_id: str, options: Options, *, is_dry: bool
) -> None:
    """Import all files, or in a dry run say what an import would do. It may be run again. Raises `Refused` and
    `Unavailable`.
    """
    with _opened_run(settings, source, files, project_id, is_dry=is_dry) as run:
        total = sum(file.stat().st_size for file in files)
        started = time.monotonic()
        with progress_bar(f"Reading {_names(files)}", total, is_timed=True) as bar:
            done = 0
            for file in files:
                run.read(file, source.read(file, options), _teller(bar, run, file, done, started))
                done += file.stat().st_size
            bar.show(f"Landing {run.record.line_count:,} lines", total)
            run.finish()
        seconds = time.monotonic() - started
    _say(run, seconds, is_dry=is_dry)
    _check_read(run)


def follow_log(settings: Settings, source: Source, file: Path, project_id: str, options: Options) -> None:
    """Import a log and every line that is appended to it, until Ctrl-C. It may be run again. Raises `Refused` and
    `Unavailable`.
    """
    with _opened_run(settings, source, [file], project_id, is_dry=False) as run:
        tail = LogTail(file, options)
        events_of, unreadable_of = run.ids(), run.ids("unreadable")
        console.print(f"Following {file.name} until Ctrl-C; what is written lands within seconds.", highlight=False)
        started = time.monotonic()
        for ends in (signal.SIGINT, signal.SIGTERM):  # a service is ended by SIGTERM, and may ignore SIGINT
            signal.signal(ends, signal.default_int_handler)
        try:
            while True:
                chunk = tail.poll()
                if chunk is not None:
                    run.take(file, chunk, events_of, unreadable_of)
                else:
                    run.note_progress()
                    time.sleep(FOLLOW_SECONDS)
        except KeyboardInterrupt:
            run.finish()
        finally:
            tail.close()
        _say(run, time.monotonic() - started, is_dry=False)


@contextmanager
def _opened_run(
    settings: Settings, source: Source, files: Sequence[Path], project_id: str, *, is_dry: bool
) -> Iterator[ImportRun]:
    """Yield a run over these files: an earlier run that was stopped before its end, or a new run."""
    registry = open_registry(settings)
    try:
        project = find_project(registry, project_id)
        check_stays(registry, project_id)
        salt = import_salt(registry, project_id)
    finally:
        registry.close()
    names = [str(file.resolve()) for file in files]
    with (
        alone(settings, project_id, source.name, names),
        connect(settings, "collector", shard=project.shard, query_timeout_seconds=600) as warehouse,
    ):
        started_at_ms = now_ms()
        record = new_record(project_id, source.name, names, started_at_ms)
        unfinished = "" if is_dry else find_unfinished(warehouse, project_id, source.name, names)
        record.import_id = unfinished or record.import_id
        rules = project_settings(project)
        first_open = first_day_taken(rules.kept(settings.raw_ttl_days), to_datetime(started_at_ms).date())
        importer = Importer(
            project=rules,
            salt=salt,
            origin=f"https://{project.domains[0]}" if project.domains else "",
            received_at_ms=started_at_ms,
            import_id=record.import_id,
            geo=open_geo(settings),
            is_log=source.is_log,
        )
        run = ImportRun(
            warehouse,
            importer,
            record,
            first_ms=first_ms(settings.first_day),
            first_open_ms=first_ms(first_open),
            has_ids=source.has_ids,
            is_dry=is_dry,
            turn=partial(waited_lock, _lock_file(settings, project_id, source.name)),
        )
        try:
            if unfinished:
                console.print(f"Going on with import {unfinished}, which was stopped before its end.", highlight=False)
                run.resume()
            yield run
        finally:
            run.close()


@contextmanager
def alone(settings: Settings, project_id: str, source: str, files: Sequence[str]) -> Iterator[None]:
    """While the block runs, prevent other imports of these files and the undoing of their imports. Raises `Refused`
    (`import_running`) when another import of these files is running.
    """
    lock = try_lock(_lock_file(settings, project_id, source, *files))
    if lock is None:
        raise Refused(
            "An import of these files is running; wait for its end, or stop it with Ctrl-C.", code="import_running"
        )
    try:
        yield
    finally:
        os.close(lock)


def _lock_file(settings: Settings, *names: str) -> Path:
    key = blake2b("\0".join(names).encode(), digest_size=8).hexdigest()
    return settings.home / "imports" / f"{key}.lock"


def _teller(bar: Bar, run: ImportRun, file: Path, done: int, started: float) -> Callable[[Chunk], None]:
    def tell(chunk: Chunk) -> None:
        rate = run.record.line_count / max(0.001, time.monotonic() - started)
        bar.show(f"{file.name}: {run.record.line_count:,} lines, {rate:,.0f} a second", done + chunk.bytes_read)

    return tell


def _say(run: ImportRun, seconds: float, *, is_dry: bool) -> None:
    record, report = run.record, run.report
    rows: list[tuple[str, int]] = [("read", record.line_count)]
    rows += [(f"{name} events", count) for name, count in report.names.most_common(MAX_NAMES)]
    # The names of this run only; the record of a resumed import also counts events that landed before the stop.
    others = report.names.total() - sum(count for _, count in report.names.most_common(MAX_NAMES))
    if others:
        rows.append(("other events", others))
    rows += [(f"{name} calls", count) for name, count in report.operations.most_common()]
    rows += [(f"bots: {kind}", count) for kind, count in report.bot_kinds.most_common()]
    rows += [(f"left out: {reason}", count) for reason, count in sorted(record.left_out.items())]
    if record.known_count:
        rows.append(("imported before", record.known_count))
    rows += [(f"unreadable: {kind}", count) for kind, count in report.unreadable_kinds.most_common()]
    verb = "would become of" if is_dry else "became of"
    show_table(f"What {verb} {_names([Path(file) for file in record.files])}", ("", "lines"), rows)
    for kind, first in report.unreadable.items():
        console.print(
            f"First {kind}: {first.file}, line {first.number}: {first.message}", highlight=False, markup=False
        )
        console.print(f"  {first.line}", highlight=False, markup=False, soft_wrap=True)
    for file, names in report.absent.items():
        console.print(
            f"No row of {file} has {printable(', '.join(sorted(names)))}, which the mapping names: is that right?",
            highlight=False,
            markup=False,
        )
    if record.event_count:
        first_day, last_day = (to_datetime(at).date() for at in (record.first_event_ms, record.last_event_ms))
        console.print(f"Events from {first_day} to {last_day} (UTC).", highlight=False)
    if record.line_count >= LINES_WITH_A_RATE:
        console.print(f"{record.line_count / seconds:,.0f} lines a second.", highlight=False)
    if is_dry:
        console.print("Nothing was imported: this was a dry run.")
    elif record.event_count or record.operation_count or record.unreadable_count:
        console.print(
            f"Import {record.import_id}; `eventlens import undo {record.import_id}` takes it out again. "
            "Build the tables with `eventlens build`, or leave it to Dagster's sensor.",
            highlight=False,
        )
    elif not record.line_count:
        console.print("Nothing new: there is no line in it.")
    else:
        console.print("Nothing new: every line was imported before, or is left out.")


def _check_read(run: ImportRun) -> None:
    """Raise `Refused` when every line was unreadable, now or in an earlier import."""
    record, unreadable = run.record, run.report.unreadable_kinds.total()
    is_read = record.event_count or record.operation_count or record.left_out or record.known_count > unreadable
    if unreadable and not is_read:
        raise Refused(
            f"Nothing of {_names([Path(file) for file in record.files])} could be read; the reasons stand above.",
            code="import_unreadable",
        )


def _names(files: Sequence[Path]) -> str:
    return files[0].name if len(files) == 1 else f"{len(files)} files"
