"""Thousands of made-up people in one statement, and the files that name one of them."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from event_lens.contract.rows import timestamp
from event_lens.warehouse.client import Warehouse
from tests.spec.rows import moment

DAYS = 3
FIRST = "2026-03-02"

EVENTS = f"""
    INSERT INTO lens_raw.events (
        event_id, project_id, name, device_id, device_kind, profile_id, created_at, received_at, path, batch_id,
        batch_row
    )
    SELECT
        toUUID(hex(sipHash128({{project:String}}, number))), {{project:String}},
        if(number % 3 = 0, 'signup', 'screen_view'),
        concat('browser-', toString(number % {{people:UInt32}})), 'client',
        if(number % 3 = 0, concat('member-', toString(number % {{people:UInt32}})), ''),
        toDateTime64('{FIRST}', 3, 'UTC')
            + toIntervalMillisecond(sipHash64(number, 'at') % ({DAYS} * 86400000)) AS at,
        at, concat('/page/', toString(number % 17)), {{batch:String}}, number
    FROM numbers({{events:UInt32}})
"""
BATCH = """
    INSERT INTO lens_raw.batches (
        batch_id, table_name, landed_at, row_count, first_event_at, last_event_at, first_received_at, last_received_at
    )
    SELECT {batch:String}, {table:String}, toDateTime64('2026-06-01', 3, 'UTC'), count(), min(created_at),
        max(created_at), min(received_at), max(received_at)
    FROM (
        SELECT created_at, received_at, batch_id FROM lens_raw.events
        UNION ALL SELECT created_at, received_at, batch_id FROM lens_raw.profile_operations
        UNION ALL SELECT received_at, received_at, batch_id FROM lens_raw.quarantine
    )
    WHERE batch_id = {batch:String}
"""


def land_people(warehouse: Warehouse, project_id: str, people: int, events: int) -> None:
    """Land `events` events of `people`, each of whom has a device and most of whom log in."""
    batch_id = f"people-{project_id}"
    values = {"project": project_id, "people": people, "events": events, "batch": batch_id}
    warehouse.command(EVENTS, values, {"max_partitions_per_insert_block": 0, "async_insert": 0})
    note_batch(warehouse, batch_id, "lens_raw.events")


def note_batch(warehouse: Warehouse, batch_id: str, table: str) -> None:
    """Write the row of a batch whose rows are there."""
    warehouse.command(BATCH, {"batch": batch_id, "table": table}, {"async_insert": 0})


def instant(text: str) -> str:
    """How a row of raw says `2026-03-02 10:00:00`."""
    return timestamp(moment(text))


def naming_files(home: Path, known: Collection[str]) -> list[Path]:
    """The files under `home` that hold one of the texts `known`."""
    found = []
    for path in home.rglob("*"):
        # The warehouse merges parts meanwhile.
        with suppress(FileNotFoundError, IsADirectoryError):
            content = path.read_bytes()
            if any(text.encode() in content for text in known):
                found.append(path)
    return found
