"""An INSERT that the warehouse fails loses nothing: the segment stays, and lands once when the cause has gone."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from collector.loading.loader import land_segment
from collector.spool.directory import SpoolDirectory, open_directory
from collector.spool.segment import SegmentName, frame, new_segment_id
from event_lens.clock import now_ms
from event_lens.contract.rows import EventRow, timestamp
from event_lens.errors import Unavailable
from event_lens.warehouse import client
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer
from tests.crashes.outages import can_mount, small_disk
from tests.unit.collector.conftest import CollectorProcess

pytestmark = pytest.mark.usefixtures("only_embedded")
DAY_MS = 86_400_000
REFUSED_WITHIN_SECONDS = 30.0


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path_factory.mktemp("failing")).wait()
    yield server
    server.stop()


@pytest.fixture
def own_warehouse(own_server: EmbeddedServer) -> Iterator[Warehouse]:
    with Warehouse(own_server.url) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[SpoolDirectory]:
    folder = open_directory(tmp_path / "spool")
    yield folder
    folder.close()


def put(folder: SpoolDirectory, count: int, *, days_apart: int = 0, names: tuple[str, ...] = ("a",)) -> SegmentName:
    """A sealed segment of events, `days_apart` between one and the next."""
    now = now_ms()
    rows = [
        EventRow(
            str(uuid.uuid4()),
            "failing",
            names[number % len(names)],
            "device",
            "client",
            timestamp(now - number * days_apart * DAY_MS),
            timestamp(now),
        )
        for number in range(count)
    ]
    name = SegmentName(new_segment_id(now_ms), "lens_raw.events", count)
    content = frame([msgspec.json.encode(row) for row in rows], name.segment_id, 0)
    (folder.path / name.file_name).write_bytes(content)
    folder.grew(len(content))
    return name


def rows_of(warehouse: Warehouse, name: SegmentName) -> tuple[int, int]:
    """The rows of a segment, and how many its batch counts."""
    parameters = {"id": name.segment_id}
    return (
        warehouse.value("SELECT count() FROM lens_raw.events WHERE batch_id = {id:String}", parameters),
        warehouse.value("SELECT sum(row_count) FROM lens_raw.batches WHERE batch_id = {id:String}", parameters),
    )


def check_lands_once_when_it_can(
    warehouse: Warehouse,
    folder: SpoolDirectory,
    name: SegmentName,
    count: int,
    mend: Callable[[], None],
    code: str,
    lands_by: Warehouse | None = None,
) -> None:
    """The segment is refused with `code` and stays; after `mend` it lands (over `lands_by`), each row once."""
    try:
        with pytest.raises(Unavailable) as refused:
            land_segment(warehouse, folder, name)
        assert refused.value.code == code
        assert folder.sealed()
        assert rows_of(warehouse, name)[1] == 0
    finally:
        mend()
    (again,) = folder.sealed()
    land_segment(lands_by or warehouse, folder, again)
    assert rows_of(warehouse, name) == (count, count)
    assert folder.sealed() == []


def test_rows_that_violate_a_constraint_go_to_quarantine_and_the_others_land(
    own_warehouse: Warehouse, folder: SpoolDirectory
) -> None:
    name = put(folder, 6, names=("a", "bad", "c"))
    own_warehouse.command("ALTER TABLE lens_raw.events ADD CONSTRAINT no_bad CHECK name != 'bad'")
    try:
        land_segment(own_warehouse, folder, name)
    finally:
        own_warehouse.command("ALTER TABLE lens_raw.events DROP CONSTRAINT no_bad")
    assert rows_of(own_warehouse, name) == (4, 4)
    refused = own_warehouse.value(
        "SELECT count() FROM lens_raw.quarantine WHERE batch_id = {id:String}", {"id": f"{name.segment_id}-q"}
    )
    assert refused == 2
    assert folder.sealed() == []


def test_too_many_partitions_in_a_block_keep_the_segment(
    own_warehouse: Warehouse, folder: SpoolDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client._LANDING, "max_partitions_per_insert_block", 1)
    name = put(folder, 5, days_apart=40)
    check_lands_once_when_it_can(own_warehouse, folder, name, 5, monkeypatch.undo, "warehouse_252")


def test_too_many_parts_keep_the_segment(own_warehouse: Warehouse, folder: SpoolDirectory) -> None:
    land_segment(own_warehouse, folder, put(folder, 1))
    own_warehouse.command("SYSTEM STOP MERGES lens_raw.events")
    own_warehouse.command(
        "ALTER TABLE lens_raw.events MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1"
    )

    def mend() -> None:
        own_warehouse.command("ALTER TABLE lens_raw.events RESET SETTING parts_to_delay_insert, parts_to_throw_insert")
        own_warehouse.command("SYSTEM START MERGES lens_raw.events")

    check_lands_once_when_it_can(own_warehouse, folder, put(folder, 3), 3, mend, "warehouse_252")


def test_a_landing_over_the_time_limit_keeps_the_segment(
    own_server: EmbeddedServer, own_warehouse: Warehouse, folder: SpoolDirectory
) -> None:
    own_warehouse.command("ALTER TABLE lens_raw.events ADD COLUMN slow UInt8 DEFAULT sleepEachRow(0.5)")

    def mend() -> None:
        own_warehouse.command("ALTER TABLE lens_raw.events DROP COLUMN slow")

    with Warehouse(own_server.url, query_timeout_seconds=1) as hasty:
        check_lands_once_when_it_can(hasty, folder, put(folder, 4), 4, mend, "warehouse_159", own_warehouse)


def test_everything_acknowledged_while_the_disk_of_the_warehouse_was_full_is_counted_once_afterwards(
    tmp_path: Path, start_embedded: Callable[[Path], EmbeddedServer]
) -> None:
    if not can_mount():
        pytest.skip("a small disk is mounted for this, which needs root")
    home = tmp_path / "home"
    with small_disk(home / "warehouse", "48m"):
        server = start_embedded(home)
        server.wait()
        collector = CollectorProcess(tmp_path / "collector", server.url)
        filler = home / "warehouse" / "filler"
        try:
            assert collector.track("before").status_code == 200
            collector.wait_until_landed()
            _fill(filler)
            acknowledged = 1
            deadline = time.monotonic() + REFUSED_WITHIN_SECONDS
            while "landing_put_off" not in collector.log.read_text():
                assert collector.track("while full", properties={"text": "x" * 2_000}).status_code == 200
                acknowledged += 1
                assert time.monotonic() < deadline, collector.log.read_text()
            filler.unlink()
            collector.wait_until_landed()
            with Warehouse(server.url) as warehouse:
                counted = warehouse.rows(
                    "SELECT count() AS row_count, uniqExact(event_id) AS event_count FROM lens_raw.events "
                    "WHERE project_id = {id:String}",
                    {"id": collector.project_id},
                )
                batches = warehouse.value("SELECT sum(row_count) FROM lens_raw.batches")
            assert counted == [{"row_count": acknowledged, "event_count": acknowledged}]
            assert batches == acknowledged
        finally:
            collector.stop()
            server.stop()


def _fill(filler: Path) -> None:
    """Write until the disk has no room left."""
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return
