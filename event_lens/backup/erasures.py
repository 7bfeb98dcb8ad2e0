"""Notes of erasures, kept next to the backups, so that restoring an older backup brings no erased person back.

A note is a small backup of its own, in the same place as the backups. It holds a receipt and hashes, and no id of the
person.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

import msgspec

from event_lens.backup.failures import translated
from event_lens.backup.manifest import drop_manifest
from event_lens.backup.place import target_of
from event_lens.backup.take import MAX_SECONDS
from event_lens.clock import now_ms
from event_lens.errors import Refused
from event_lens.registry.copies import CopiedRow
from event_lens.registry.database import Registry
from event_lens.registry.erasures import ErasureNote, write_note
from event_lens.registry.tables import Erasure, ErasureKey, Project
from event_lens.settings import Settings
from event_lens.shards import all_shards, cluster_of_replicas
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.erasing import (
    Erasing,
    delete_from_models,
    delete_from_raw,
    drop_replaced_files,
    hide_by_hashes,
    recover_person,
)

DATABASE, READ = "lens_erasure", "lens_erasure_read"
"""The note's database while a note is written, and while one is read."""

FILES_GO_WITHIN_SECONDS = 60.0
_HASHES = "SELECT project_id, kind, id_hash, from_at, until_at, erasure_id FROM"
_COPY = f"""
    CREATE TABLE {DATABASE}.erased_ids ENGINE = Memory AS
    {_HASHES} lens_raw.erased_ids WHERE erasure_id = {{erasure:String}}
"""


def note_erasure(settings: Settings, registry: Registry, erasure_id: str) -> None:
    """Write the note of an erasure next to the backups of each shard.

    Raises what `translated` raises. Does nothing on a server that may not write backups: it has no backups either.
    """
    note = write_note(registry, erasure_id)
    for shard in all_shards(settings):
        if cluster_of_replicas(settings, shard):
            continue
        with connect(settings, "backup", shard=shard, query_timeout_seconds=MAX_SECONDS) as warehouse:
            try:
                _leave(warehouse, settings, shard, note)
            except Refused as error:
                if settings.is_embedded or settings.backups or error.code != "backup_refused":
                    raise
            finally:
                drop_manifest(warehouse, DATABASE)


@dataclass
class Known:
    """The content of a backup's registry: its projects, its finished erasures, and the key of its hashes."""

    projects: set[str]
    done: set[str]
    secret: str


@dataclass
class ErasedAgain:
    """The notes whose people were erased again, and the ids of erasures that were made with another key."""

    notes: list[ErasureNote]
    unknown: list[str]


def known_of(rows: Iterable[CopiedRow]) -> Known:
    known = Known(set(), set(), "")
    for row in rows:
        columns = msgspec.json.decode(row.columns)
        if row.table == Project.__tablename__:
            known.projects.add(columns["project_id"])
        elif row.table == Erasure.__tablename__ and columns["finished_at"]:
            known.done.add(columns["erasure_id"])
        elif row.table == ErasureKey.__tablename__:
            known.secret = columns["secret"]
    return known


def erase_again(settings: Settings, known: Known) -> ErasedAgain:
    """Erase the people of the notes from a restored warehouse; the next build rebuilds their days."""
    erased: dict[str, ErasureNote] = {}
    unknown: set[str] = set()
    for shard in all_shards(settings):
        with connect(settings, "backup", shard=shard, query_timeout_seconds=MAX_SECONDS) as warehouse:
            for note in _notes(warehouse, settings, shard):
                if note.project_id not in known.projects or note.erasure_id in known.done:
                    continue
                known.secret = known.secret or note.secret
                if note.secret == known.secret:
                    _erase(warehouse, note)
                    erased[note.erasure_id] = note
                else:
                    unknown.add(note.erasure_id)
            if erased:
                drop_replaced_files(warehouse, FILES_GO_WITHIN_SECONDS)
    return ErasedAgain(list(erased.values()), sorted(unknown))


def _erase(warehouse: Warehouse, note: ErasureNote) -> None:
    erasing = Erasing(note.erasure_id, note.project_id, note.requested_at_ms, note.key)
    hide_by_hashes(warehouse, erasing, f"{_HASHES} {READ}.erased_ids")
    person = recover_person(warehouse, erasing)
    delete_from_raw(warehouse, erasing, person, now_ms())
    delete_from_models(warehouse, erasing)


def _leave(warehouse: Warehouse, settings: Settings, shard: int, note: ErasureNote) -> None:
    drop_manifest(warehouse, DATABASE)
    warehouse.command(f"CREATE DATABASE {DATABASE}")
    warehouse.command(f"CREATE TABLE {DATABASE}.note (text String) ENGINE = Memory")
    warehouse.command(_COPY, {"erasure": note.erasure_id})
    text = msgspec.json.encode({"text": msgspec.json.encode(note).decode()})
    warehouse.insert_lines(f"{DATABASE}.note", text, token="")
    for number in count(_next_number(settings, warehouse, shard)):
        target = target_of(settings, _name(number), shard)
        try:
            with translated(settings, _name(number)):
                warehouse.rows(f"BACKUP DATABASE {DATABASE} TO {target.sql}", target.parameters)
        except Refused as error:
            # Another erasure took the number meanwhile.
            if error.code != "backup_exists":
                raise
        else:
            return


def _next_number(settings: Settings, warehouse: Warehouse, shard: int) -> int:
    """Find the number after the last note by bisection: BACKUP and RESTORE cannot list the notes."""
    last, free = 0, 1
    while _read(warehouse, settings, shard, free):
        last, free = free, free * 2
    while free - last > 1:
        middle = (last + free) // 2
        if _read(warehouse, settings, shard, middle):
            last = middle
        else:
            free = middle
    return free


def _notes(warehouse: Warehouse, settings: Settings, shard: int) -> Iterator[ErasureNote]:
    """Yield each note. The hashes of a note are in the warehouse until the next note is read."""
    for number in count(1):
        note = _read(warehouse, settings, shard, number)
        if note is None:
            return
        yield note


def _read(warehouse: Warehouse, settings: Settings, shard: int, number: int) -> ErasureNote | None:
    """Restore the note of that number into the warehouse and return it. Return `None` when the number has no note; then
    no note is in the warehouse.
    """
    drop_manifest(warehouse, READ)
    target = target_of(settings, _name(number), shard)
    try:
        with translated(settings, _name(number)):
            warehouse.rows(f"RESTORE DATABASE {DATABASE} AS {READ} FROM {target.sql}", target.parameters)
    except Refused as error:
        if error.code != "backup_unknown":
            raise
        return None
    return msgspec.json.decode(warehouse.value(f"SELECT text FROM {READ}.note"), type=ErasureNote)


def _name(number: int) -> str:
    return f"_erased-{number}"
