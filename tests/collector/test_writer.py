"""The writer lands what is sealed exactly once, whatever stops it on the way."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from collector.folder import CORRUPT, Folder, open_folder
from collector.landing import land_segment
from collector.segment import SegmentName, frame, new_segment_id
from collector.writer import LONGEST_WAIT_SECONDS, Writer, backoff_seconds
from event_lens.clock import now_ms
from event_lens.contract.row import EventRow, OperationRow, Row, timestamp
from event_lens.errors import Unavailable
from event_lens.warehouse.connection import Warehouse

RECEIVED_MS = now_ms()  # quarantine forgets what is older than 30 days


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = open_folder(tmp_path / "spool")
    yield folder
    folder.close()


@pytest.fixture
def project_id() -> str:
    return f"writer-{uuid.uuid4().hex[:12]}"


def events(project_id: str, count: int, *, late_ms: int = 0, is_bot: bool = False) -> list[Row]:
    return [
        EventRow(
            str(uuid.uuid4()),
            project_id,
            "a",
            "device",
            "client",
            timestamp(RECEIVED_MS - late_ms),
            timestamp(RECEIVED_MS),
            is_bot=is_bot,
            properties={"at": "2026-01-01T00:00:00Z"},
        )
        for _ in range(count)
    ]


def put(folder: Folder, rows: list[Row], *, table: str = "lens_raw.events", spoil: bytes = b"") -> SegmentName:
    """A sealed segment of `rows`, in which `spoil` is appended."""
    name = SegmentName(new_segment_id(now_ms), table, len(rows))
    content = frame([msgspec.json.encode(row) for row in rows], name.segment_id, 0) + spoil
    (folder.path / name.file_name).write_bytes(content)
    folder.grew(len(content))
    return name


def landed(warehouse: Warehouse, project_id: str, table: str = "events") -> int:
    count: int = warehouse.value(
        f"SELECT count() FROM lens_raw.{table} WHERE project_id = {{project_id:String}}", {"project_id": project_id}
    )
    return count


class Unreliable:
    """The warehouse, with failures before or after the INSERTs that `fails` names by number."""

    def __init__(self, warehouse: Warehouse, *, before: tuple[int, ...] = (), after: tuple[int, ...] = ()) -> None:
        self._warehouse = warehouse
        self._before = before
        self._after = after
        self.inserts = 0

    def insert_lines(self, table: str, body: bytes, *, token: str) -> None:
        self.inserts += 1
        if self.inserts in self._before:
            raise Unavailable("away")
        self._warehouse.insert_lines(table, body, token=token)
        if self.inserts in self._after:
            raise Unavailable("the answer was lost")


def test_a_segment_lands_is_counted_and_goes(folder: Folder, warehouse: Warehouse, project_id: str) -> None:
    name = put(folder, events(project_id, 3, late_ms=90_500) + events(project_id, 2, is_bot=True))
    land_segment(warehouse, folder, name)
    assert landed(warehouse, project_id) == 5
    assert folder.sealed() == []
    assert folder.byte_count == 0
    (batch,) = warehouse.rows(
        "SELECT *, landed_at > now() - 60 AS is_new FROM lens_raw.batches WHERE batch_id = {id:String}",
        {"id": name.segment_id},
    )
    assert (batch["table_name"], batch["row_count"], batch["bot_count"]) == ("lens_raw.events", 5, 2)
    assert batch["max_lateness_seconds"] == 90
    assert (batch["last_event_at"] - batch["first_event_at"]).total_seconds() == 90.5
    assert batch["is_new"]
    texts = warehouse.rows(
        "SELECT properties.at.:String AS at, batch_id, max(batch_row) AS last FROM lens_raw.events "
        "WHERE project_id = {id:String} GROUP BY ALL",
        {"id": project_id},
    )
    assert texts == [{"at": "2026-01-01T00:00:00Z", "batch_id": name.segment_id, "last": 4}]


@pytest.mark.parametrize("lost", [(1,), (2,)], ids=["after the rows", "after the batch's row"])
def test_a_segment_landed_again_after_a_crash_counts_once(
    folder: Folder, warehouse: Warehouse, project_id: str, lost: tuple[int, ...]
) -> None:
    name = put(folder, events(project_id, 4))
    with pytest.raises(Unavailable):
        land_segment(Unreliable(warehouse, after=lost), folder, name)
    assert folder.sealed() == [name]
    land_segment(warehouse, folder, name)
    assert landed(warehouse, project_id) == 4
    batches = warehouse.value(
        "SELECT count() FROM lens_raw.batches WHERE batch_id = {id:String}", {"id": name.segment_id}
    )
    assert batches == 1


def test_bad_lines_are_set_aside_and_their_neighbours_land(
    folder: Folder, warehouse: Warehouse, project_id: str
) -> None:
    other = frame([msgspec.json.encode(row) for row in events(project_id, 1)], "01a1fdac9b03-89ed23af8d4d", 0)
    name = put(folder, events(project_id, 3), spoil=other + b"rubbish\n" + b'{"_crc":"0123')
    land_segment(warehouse, folder, name)
    assert landed(warehouse, project_id) == 3
    (aside,) = (folder.path.parent / CORRUPT).iterdir()
    assert aside.read_bytes() == other + b"rubbish\n"


def test_rows_the_warehouse_refuses_go_to_quarantine_alone(
    folder: Folder, warehouse: Warehouse, project_id: str
) -> None:
    rows = events(project_id, 9)
    bad = events(project_id, 1)[0]
    assert isinstance(bad, EventRow)
    bad.event_id = "no uuid"
    bad.user_agent = "Some Agent"
    rows.insert(4, bad)
    name = put(folder, rows)
    with pytest.raises(Unavailable):  # a crash between the halves
        land_segment(Unreliable(warehouse, before=(5,)), folder, name)
    land_segment(warehouse, folder, name)
    assert landed(warehouse, project_id) == 9
    (kept,) = warehouse.rows(
        "SELECT code, user_agent, body, batch_id FROM lens_raw.quarantine WHERE project_id = {id:String}",
        {"id": project_id},
    )
    assert kept["code"] == "warehouse_refused"
    assert kept["user_agent"] == "Some Agent"
    assert "no uuid" in kept["body"]
    assert warehouse.rows(
        "SELECT table_name, row_count, rejected_count FROM lens_raw.batches WHERE startsWith(batch_id, {id:String}) "
        "ORDER BY table_name",
        {"id": name.segment_id},
    ) == [
        {"table_name": "lens_raw.events", "row_count": 9, "rejected_count": 0},
        {"table_name": "lens_raw.quarantine", "row_count": 1, "rejected_count": 1},
    ]
    assert folder.sealed() == []


def test_a_missing_table_is_nobodys_bad_row(folder: Folder, warehouse: Warehouse, project_id: str) -> None:
    """The warehouse is not migrated yet: everything waits, nothing goes to quarantine."""
    name = put(folder, events(project_id, 2))
    missing = SegmentName(name.segment_id, "lens_raw.nothing", 2)
    (folder.path / name.file_name).rename(folder.path / missing.file_name)
    with pytest.raises(Unavailable) as put_off:
        land_segment(warehouse, folder, missing)
    assert put_off.value.code == "warehouse_60"
    assert (folder.path / missing.file_name).exists()
    assert landed(warehouse, project_id, "quarantine") == 0


def test_the_writer_tries_again_until_the_warehouse_is_back(
    folder: Folder, warehouse: Warehouse, project_id: str
) -> None:
    put(folder, events(project_id, 2))
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 3:
            writer.append(put(folder, events(project_id, 3)))
            writer.close(drain=True)
        return False

    writer = Writer(folder, Unreliable(warehouse, before=(1, 2, 3)), wait=wait, chance=lambda: 1.0)
    writer.start()
    assert writer.join(10)
    assert waits == [0.2, 0.4, 0.8]
    assert landed(warehouse, project_id) == 5


def test_waits_grow_and_stay_apart() -> None:
    longest = [backoff_seconds(attempt, 1.0) for attempt in range(12)]
    assert longest[:4] == [0.2, 0.4, 0.8, 1.6]
    assert max(longest) == LONGEST_WAIT_SECONDS
    assert backoff_seconds(3, 0.0) == 0.8


def test_a_writer_told_to_stop_leaves_everything_on_disk(folder: Folder, warehouse: Warehouse, project_id: str) -> None:
    names = [put(folder, events(project_id, 1)) for _ in range(3)]
    waiting = threading.Event()
    go_on = threading.Event()

    def wait(_seconds: float) -> bool:
        waiting.set()
        return go_on.wait(5)

    writer = Writer(folder, Unreliable(warehouse, before=(1,)), wait=wait)
    writer.start()
    assert waiting.wait(5)
    writer.close()
    go_on.set()
    assert writer.join(5)
    assert folder.sealed() == sorted(names)
    assert landed(warehouse, project_id) == 0


def test_operations_land_in_their_table(folder: Folder, warehouse: Warehouse, project_id: str) -> None:
    row = OperationRow(
        str(uuid.uuid4()), project_id, "increment", "d", "client", timestamp(RECEIVED_MS), timestamp(RECEIVED_MS),
        property="visits", value="1.5",
    )  # fmt: skip
    land_segment(warehouse, folder, put(folder, [row], table="lens_raw.profile_operations"))
    assert landed(warehouse, project_id, "profile_operations") == 1
