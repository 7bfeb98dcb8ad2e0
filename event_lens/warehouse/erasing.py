"""Erases a person from the warehouse: first hides the rows, then deletes them from every table that names the person,
then removes the replaced files from the disk.

Nothing here writes an id into the warehouse. Ids are hashed with the registry's key, and statements compare hashes: a
mutation's text stays readable for a long time.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from event_lens.clock import to_datetime
from event_lens.shards import OWN, SPANNING
from event_lens.warehouse.changed_events import land_changes, note_changes
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.moving import drop_empty_batches
from event_lens.warehouse.person import IDS_AT_ONCE, QUIET, Person

_Item = TypeVar("_Item")

DATABASES = ("lens_raw", "lens_staging", SPANNING, OWN)
RAW = {"lens_raw.events": "lens_raw.marked_events", "lens_raw.profile_operations": "lens_raw.marked_operations"}
QUARANTINE = "lens_raw.quarantine"

# The columns that name people, in all tables, and the kind of their ids.
_KINDS: Mapping[str, Sequence[str]] = {
    "profile_id": ("profile",),
    "alias": ("profile",),
    "device_id": ("device", "anonymous"),
    "sent_device_id": ("device", "anonymous"),
    "previous_device_id": ("device", "anonymous"),
    "entity": ("profile", "device", "anonymous"),
    "profile_ids": ("profile",),
    "device_hash": ("device", "anonymous"),
    "people_of_day": ("profile",),
}
_LISTS = ("profile_ids", "people_of_day")

_AT_ONCE = {"mutations_sync": 2, "allow_nondeterministic_mutations": 1}
_BEGINNING = "toDateTime64(0, 3, 'UTC')"
_HASHES = f"SELECT id_hash FROM lens_raw.erased_ids WHERE erasure_id = {{erasure:String}} AND from_at = {_BEGINNING}"
_KEPT_PARTS = """
    SELECT DISTINCT concat(database, '.`', table, '`') AS name FROM system.parts
    WHERE NOT active AND database IN {databases:Array(String)}
"""
_KEPT_TABLES = "SELECT count() FROM system.dropped_tables WHERE database IN {databases:Array(String)}"
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Erasing:
    """One erasure on one shard: its project, the key of its hashes, and the time up to which rows are erased."""

    erasure_id: str
    project_id: str
    until_ms: int
    key: tuple[int, int]

    @property
    def values(self) -> dict[str, object]:
        return {"project": self.project_id, "erasure": self.erasure_id}


def hide(warehouse: Warehouse, erasing: Erasing, person: Person) -> None:
    """Mark the person's raw rows as erased from now on, including rows that land later. Repeatable."""
    _note_key(warehouse, erasing)
    # Models name a device without a person by the device's id.
    whole = person.devices | {device for device, owned in person.anonymous.items() if owned == [(0, None)]}
    _note(warehouse, erasing, "profile", person.profiles | {f"device:{device}" for device in whole})
    _note(warehouse, erasing, "device", person.devices)
    _note(warehouse, erasing, "anonymous", (device for device in person.anonymous if device in whole))
    for device, owned in person.anonymous.items():
        for since, until in owned if device not in whole else ():
            # A stretch from the beginning starts at 1 ms, which distinguishes it from a whole device.
            _note(warehouse, erasing, "anonymous", [device], max(since, 1), until)


def hide_by_hashes(warehouse: Warehouse, erasing: Erasing, hashes: str) -> None:
    """Mark raw rows as erased, as `hide` does, by another home's rows of `lens_raw.erased_ids`, which the statement
    `hashes` reads.
    """
    _note_key(warehouse, erasing)
    columns = "project_id, kind, id_hash, from_at, until_at, erasure_id"
    warehouse.command(f"INSERT INTO lens_raw.erased_ids ({columns}) {hashes}", settings={"async_insert": 0})


def recover_person(warehouse: Warehouse, erasing: Erasing) -> Person:
    """Return the ids in the raw tables of a person whose hashes are noted, and the texts by which refused bodies name
    the person.
    """
    profiles = _named_ids(warehouse, erasing, ("profile_id", "alias"))
    devices = _named_ids(warehouse, erasing, ("device_id", "previous_device_id"))
    addresses = {
        row["email"]
        for row in warehouse.rows(
            "SELECT DISTINCT email FROM lens_raw.profile_operations WHERE project_id = {project:String} "
            f"AND email != '' AND {_names(erasing, ['profile_id'])}",
            erasing.values,
            QUIET,
        )
    }
    return Person(profiles=profiles, devices=devices, texts=profiles | devices | addresses)


def _named_ids(warehouse: Warehouse, erasing: Erasing, columns: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for table in RAW:
        for column in columns:
            if column in _columns_of_raw(table):
                sql = f"SELECT DISTINCT {column} AS id FROM {table} WHERE project_id = {{project:String}}"
                rows = warehouse.rows(f"{sql} AND {_names(erasing, [column])}", erasing.values, QUIET)
                found |= {row["id"] for row in rows}
    return found


def _note_key(warehouse: Warehouse, erasing: Erasing) -> None:
    key0, key1 = erasing.key
    if not warehouse.value("SELECT count() FROM lens_raw.erasure_key"):
        warehouse.command(
            "INSERT INTO lens_raw.erasure_key SELECT {key0:UInt64}, {key1:UInt64}", {"key0": key0, "key1": key1}, QUIET
        )


def _note(
    warehouse: Warehouse, erasing: Erasing, kind: str, ids: Iterable[str], since: int = 0, until: int | None = None
) -> None:
    rest = iter(sorted(ids))
    while some := list(islice(rest, IDS_AT_ONCE)):
        warehouse.command(
            f"""
            INSERT INTO lens_raw.erased_ids (project_id, kind, id_hash, from_at, until_at, erasure_id)
            WITH {{ids:Array(String)}} AS ids
            SELECT {{project:String}}, {{kind:String}}, {_hashed(erasing.key, "{project:String}", kind, "id")},
                {{since:DateTime64(3, 'UTC')}}, {{until:DateTime64(3, 'UTC')}}, {{erasure:String}}
            -- Narrow tables name people by plain hashes of their ids.
            FROM (SELECT arrayJoin(arrayConcat(ids, arrayMap(id -> toString(sipHash64(id)), ids))) AS id)
            """,
            {
                **erasing.values,
                "kind": kind,
                "ids": some,
                "since": to_datetime(since),
                "until": to_datetime(erasing.until_ms if until is None else min(until, erasing.until_ms)),
            },
            {**QUIET, "async_insert": 0},
        )


def count_rows(warehouse: Warehouse, erasing: Erasing, person: Person) -> dict[str, int]:
    """Return the number of the person's rows per table; tables without such rows are left out."""
    counts = {
        table: warehouse.value(
            f"SELECT count() FROM {marked} WHERE project_id = {{project:String}} AND is_erased", erasing.values
        )
        for table, marked in RAW.items()
    }
    counts[QUARANTINE] = len(_refused(warehouse, erasing, person))
    for table, condition in _models(warehouse, erasing).items():
        counts[table] = warehouse.value(f"SELECT count() FROM {table} WHERE {condition}", erasing.values)
    return {table: count for table, count in counts.items() if count}


def delete_from_models(warehouse: Warehouse, erasing: Erasing) -> None:
    """Delete the model rows that name the person, and invalidate cached answers. Repeatable."""
    for table, condition in _models(warehouse, erasing).items():
        if warehouse.value(f"SELECT count() FROM {table} WHERE {condition}", erasing.values):
            warehouse.command(f"ALTER TABLE {table} DELETE WHERE {condition}", erasing.values, _AT_ONCE)
    warehouse.command(
        "INSERT INTO lens_staging.builds (build_id, finished_at) SELECT {erasure:String}, now64(3, 'UTC')",
        {"erasure": f"erase-{erasing.erasure_id}"},
    )


def delete_from_raw(warehouse: Warehouse, erasing: Erasing, person: Person, at_ms: int) -> None:
    """Delete the person's raw rows, and have the next build rebuild the days of those rows. Repeatable. No build may
    run meanwhile: it would mark days as built from rows that it read before the deletion.
    """
    batch_id = f"erase-{erasing.erasure_id}"
    _empty_refused(warehouse, erasing, person)
    for table in RAW:
        # Also the days of rows that came after the request: the models lost those rows, too.
        named = f"project_id = {{project:String}} AND ({_names(erasing, _columns_of_raw(table))} OR {_marked(table)})"
        note_changes(warehouse, batch_id, table, named, erasing.values)
    for table in RAW:
        own = f"project_id = {{project:String}} AND {_marked(table)}"
        if warehouse.value(f"SELECT count() FROM {table} WHERE {own}", erasing.values):
            warehouse.command(f"ALTER TABLE {table} DELETE WHERE {own}", erasing.values, _AT_ONCE)
        # Rows that a device sent after its id changed name the id before.
        before = f"project_id = {{project:String}} AND {_names(erasing, ['previous_device_id'])}"
        if warehouse.value(f"SELECT count() FROM {table} WHERE {before}", erasing.values):
            warehouse.command(
                f"ALTER TABLE {table} UPDATE previous_device_id = '' WHERE {before}", erasing.values, _AT_ONCE
            )
    drop_empty_batches(warehouse)
    land_changes(warehouse, batch_id, at_ms)


def forget_changes(warehouse: Warehouse, erasing: Erasing) -> None:
    """Delete the noted times of the person's activity, once those days are built."""
    warehouse.command(
        "ALTER TABLE lens_raw.changed_events DELETE WHERE batch_id = {batch:String}",
        {"batch": f"erase-{erasing.erasure_id}"},
        _AT_ONCE,
    )


def sweep(warehouse: Warehouse, build_id: str) -> int:
    """Delete erased people's rows from a build's batches, and return how many there were. A spool of another machine, a
    backup or an import can bring such rows; the models never read them.
    """
    swept = 0
    if not warehouse.value("SELECT count() FROM lens_raw.erased_ids"):
        return swept
    for table, marked in RAW.items():
        rows = (
            f"SELECT project_id, batch_id, batch_row FROM {marked} WHERE is_erased AND batch_id IN "
            "(SELECT batch_id FROM lens_staging.planned_batches WHERE build_id = {build:String})"
        )
        count = warehouse.value(f"SELECT count() FROM ({rows})", {"build": build_id})
        if count:
            of_them = f"(project_id, batch_id, batch_row) IN ({rows})"
            warehouse.command(f"ALTER TABLE {table} DELETE WHERE {of_them}", {"build": build_id}, _AT_ONCE)
            swept += count
    return swept


def _columns_of_raw(table: str) -> list[str]:
    return ["profile_id", "device_id", "previous_device_id", *(["alias"] if table != "lens_raw.events" else [])]


def _marked(table: str) -> str:
    return (
        f"(batch_id, batch_row) IN (SELECT batch_id, batch_row FROM {RAW[table]} "
        "WHERE project_id = {project:String} AND is_erased)"
    )


def _models(warehouse: Warehouse, erasing: Erasing) -> dict[str, str]:
    """Return each table that a build made and that names people, with the condition for rows that name the person."""
    found = warehouse.rows(
        """
        SELECT concat(columns.database, '.`', columns.table, '`') AS name, groupArray(columns.name) AS id_columns
        FROM system.columns AS columns
        INNER JOIN system.tables AS tables ON tables.database = columns.database AND tables.name = columns.table
        WHERE columns.database IN {databases:Array(String)} AND columns.name IN {ids:Array(String)}
            AND endsWith(tables.engine, 'MergeTree')
        GROUP BY name
        ORDER BY name
        """,
        {"databases": [database for database in DATABASES if database != "lens_raw"], "ids": list(_KINDS)},
    )
    return {
        row["name"]: f"project_id = {{project:String}} AND ({_names(erasing, sorted(row['id_columns']))})"
        for row in found
    }


def _names(erasing: Erasing, columns: Iterable[str]) -> str:
    """Return the SQL condition that one of `columns` has one of the erasure's ids, whatever the time of the row."""
    terms = []
    for column in columns:
        for kind in _KINDS[column]:
            if column in _LISTS:
                hashed = _hashed(erasing.key, "toString(project_id)", kind, "toString(id)")
                terms.append(
                    f"hasAny(arrayMap(id -> {hashed}, {column}), (SELECT groupArray(id_hash) FROM ({_HASHES})))"
                )
            else:
                hashed = _hashed(erasing.key, "toString(project_id)", kind, f"toString({column})")
                terms.append(f"{hashed} IN ({_HASHES})")
    return f"({' OR '.join(terms)})"


def _hashed(key: tuple[int, int], project: str, kind: str, value: str) -> str:
    """Return SQL for the hash of an id, as the views over the raw tables compute it."""
    return f"sipHash64Keyed((toUInt64({key[0]}), toUInt64({key[1]})), {project}, '{kind}', {value})"


def _refused(warehouse: Warehouse, erasing: Erasing, person: Person) -> list[tuple[str, int]]:
    """Return the refused bodies that name the person, by batch and row."""
    found: set[tuple[str, int]] = set()
    for some in _chunks(sorted(person.texts)):
        # As a whole word: an id of one letter must not match everything.
        pattern = "(^|[^A-Za-z0-9_.-])(" + "|".join(re.escape(text) for text in some) + ")($|[^A-Za-z0-9_-])"
        rows = warehouse.rows(
            f"""
            SELECT batch_id, batch_row FROM {QUARANTINE}
            WHERE project_id = {{project:String}} AND received_at <= {{until:DateTime64(3, 'UTC')}}
                AND (device_id IN {{texts:Array(String)}} OR match(body, {{pattern:String}}))
            """,
            {**erasing.values, "until": to_datetime(erasing.until_ms), "texts": some, "pattern": pattern},
            QUIET,
        )
        found |= {(row["batch_id"], row["batch_row"]) for row in rows}
    return sorted(found)


def _empty_refused(warehouse: Warehouse, erasing: Erasing, person: Person) -> None:
    """Empty the refused bodies that name the person, as happens to every body after 30 days; the rows stay for the
    ledger.
    """
    for some in _chunks(_refused(warehouse, erasing, person)):
        warehouse.command(
            f"ALTER TABLE {QUARANTINE} UPDATE message = '', device_id = '', user_agent = '', body = '' "
            "WHERE project_id = {project:String} AND "
            "has(arrayZip({batches:Array(String)}, {rows:Array(UInt32)}), (toString(batch_id), batch_row))",
            {**erasing.values, "batches": [batch for batch, _ in some], "rows": [row for _, row in some]},
            _AT_ONCE,
        )


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    yield from (items[start : start + 100] for start in range(0, len(items), 100))


def drop_replaced_files(warehouse: Warehouse, within_seconds: float) -> bool:
    """Remove replaced parts and dropped tables from the disk now; return False when some are still there.

    A server would keep parts for `old_parts_lifetime`, 8 minutes by default, and tables as long by
    `database_atomic_delay_before_drop_table_sec`; a server's dropped tables cannot be removed earlier.
    """
    deadline = time.monotonic() + within_seconds
    while True:
        kept = warehouse.rows(_KEPT_PARTS, {"databases": list(DATABASES)})
        if not kept and not warehouse.value(_KEPT_TABLES, {"databases": list(DATABASES)}):
            return True
        if time.monotonic() > deadline:
            return False
        for row in kept:
            _drop_replaced_parts(warehouse, row["name"])
        time.sleep(_LOOK_SECONDS)


def _drop_replaced_parts(warehouse: Warehouse, table: str) -> None:
    warehouse.command(f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = 0")
    try:
        # Dropping a partition also deletes the replaced parts of all partitions; no partition has this name.
        warehouse.command(f"ALTER TABLE {table} DROP PARTITION ID 'none'")
    finally:
        warehouse.command(f"ALTER TABLE {table} RESET SETTING old_parts_lifetime")
