"""An import lands once, however often and however far it is run."""

import uuid
from collections.abc import Iterator

import pytest

from collector.imports import loader
from collector.imports.loader import land_import, landed_chunks
from event_lens.contract.rows import EventRow, QuarantineRow, Row, timestamp
from event_lens.errors import Unavailable
from event_lens.warehouse.client import Warehouse
from orchestration.assets.settle import settle_built


@pytest.fixture
def import_id(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(loader, "CHUNK_ROWS", 4)
    return f"import-{uuid.uuid4().hex[:12]}"


def rows(import_id: str, fails_at: int = -1) -> Iterator[Row]:
    for number in range(10):
        if number == fails_at:
            raise Unavailable("stopped in the middle")
        moment = timestamp(1_431_820_800_000 + number * 1000)
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{import_id}{number}"))
        yield EventRow(event_id, import_id, "screen_view", "d", "derived", moment, moment, import_id=import_id)
    yield QuarantineRow(import_id, timestamp(1_431_820_800_000), "line_unreadable", "cut", import_id=import_id)


def counts(warehouse: Warehouse, import_id: str) -> tuple[int, int, int]:
    def count(table: str, column: str) -> int:
        found: int = warehouse.value(f"SELECT count() FROM {table} WHERE {column} = {{id:String}}", {"id": import_id})
        return found

    return (
        count("lens_raw.events", "import_id"),
        count("lens_raw.quarantine", "import_id"),
        count("lens_raw.batches", "import_id"),
    )


def test_an_import_run_twice_lands_once(warehouse: Warehouse, import_id: str) -> None:
    seen: list[int] = []
    landed = land_import(warehouse, rows(import_id), import_id, on_progress=seen.append)
    assert (landed["lens_raw.events"], landed["lens_raw.quarantine"]) == (10, 1)
    assert sum(seen) == 11
    assert counts(warehouse, import_id) == (10, 1, 4)
    assert sum(land_import(warehouse, rows(import_id), import_id).values()) == 0
    assert counts(warehouse, import_id) == (10, 1, 4)


def test_an_import_that_stopped_goes_on_where_it_was(warehouse: Warehouse, import_id: str) -> None:
    with pytest.raises(Unavailable):
        land_import(warehouse, rows(import_id, fails_at=6), import_id)
    assert counts(warehouse, import_id) == (4, 0, 1)
    assert land_import(warehouse, rows(import_id), import_id)["lens_raw.events"] == 6
    assert counts(warehouse, import_id) == (10, 1, 4)


def test_a_chunk_whose_batch_was_never_written_down_lands_once(warehouse: Warehouse, import_id: str) -> None:
    """A crash between the rows and their batch: the chunk's token keeps them from landing again."""
    land_import(warehouse, rows(import_id), import_id)
    warehouse.command(
        "ALTER TABLE lens_raw.batches DELETE WHERE import_id = {id:String}",
        {"id": import_id},
        {"mutations_sync": 1},
    )
    land_import(warehouse, rows(import_id), import_id)
    assert counts(warehouse, import_id)[:2] == (10, 1)


def test_an_import_whose_batches_are_built_and_settled_lands_nothing_again(
    warehouse: Warehouse, import_id: str
) -> None:
    land_import(warehouse, rows(import_id), import_id)
    warehouse.command(
        "INSERT INTO lens_staging.built_batches "
        "SELECT batch_id, 'build', now64(3) FROM lens_raw.batches WHERE import_id = {id:String}",
        {"id": import_id},
    )
    settle_built(warehouse)
    assert counts(warehouse, import_id) == (10, 1, 0)
    assert sum(land_import(warehouse, rows(import_id), import_id).values()) == 0
    assert counts(warehouse, import_id) == (10, 1, 0)
    assert sum(chunk.row_count for chunk in landed_chunks(warehouse, import_id).values()) == 11
