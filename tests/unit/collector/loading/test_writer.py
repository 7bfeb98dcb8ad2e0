"""The writer lands what is sealed exactly once, whatever stops it on the way."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.loading.loader import land_segment
from collector.loading.verification import Landing
from collector.loading.writer import MAX_WAIT_SECONDS, Writer, backoff_seconds
from collector.spool.directory import CORRUPT, SpoolDirectory, open_directory
from collector.spool.segment import SegmentName, frame, new_segment_id
from event_lens.clock import now_ms
from event_lens.contract.rows import EventRow, OperationRow, Row, timestamp
from event_lens.errors import Refused, Unavailable
from event_lens.metrics import metrics
from event_lens.warehouse.client import Warehouse
from orchestration.assets.settle import settle_built

RECEIVED_MS = now_ms()  # quarantine forgets what is older than 30 days


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[SpoolDirectory]:
    folder = open_directory(tmp_path / "spool")
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


def put(folder: SpoolDirectory, rows: list[Row], *, table: str = "lens_raw.events", spoil: bytes = b"") -> SegmentName:
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


def counted_metric(name: str) -> float:
    text = metrics.exposition()[0].decode()
    (line,) = (line for line in text.splitlines() if line.startswith(name))
    return float(line.split()[-1])


class Unreliable:
    """The warehouse, with failures before or after the INSERTs that `fails` names by number."""

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        before: tuple[int, ...] = (),
        after: tuple[int, ...] = (),
        code: str = "unavailable",
    ) -> None:
        self._code = code
        self._warehouse = warehouse
        self._before = before
        self._after = after
        self.inserts = 0

    def insert_lines(self, table: str, body: bytes, *, token: str) -> int:
        self.inserts += 1
        if self.inserts in self._before:
            raise Unavailable("away", code=self._code)
        written = self._warehouse.insert_lines(table, body, token=token)
        if self.inserts in self._after:
            raise Unavailable("the answer was lost")
        return written

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        return self._warehouse.rows(sql, parameters)


def test_a_segment_lands_is_counted_and_goes(folder: SpoolDirectory, warehouse: Warehouse, project_id: str) -> None:
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
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str, lost: tuple[int, ...]
) -> None:
    name = put(folder, events(project_id, 4))
    with pytest.raises(Unavailable):
        land_segment(Unreliable(warehouse, after=lost), folder, name)
    assert folder.sealed() == [name.tried]
    land_segment(warehouse, folder, name)
    assert landed(warehouse, project_id) == 4
    batches = warehouse.value(
        "SELECT count() FROM lens_raw.batches WHERE batch_id = {id:String}", {"id": name.segment_id}
    )
    assert batches == 1


def test_bad_lines_are_set_aside_and_their_neighbours_land(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    other = frame([msgspec.json.encode(row) for row in events(project_id, 1)], "01a1fdac9b03-89ed23af8d4d", 0)
    name = put(folder, events(project_id, 3), spoil=other + b"rubbish\n" + b'{"_crc":"0123')
    land_segment(warehouse, folder, name)
    assert landed(warehouse, project_id) == 3
    (aside,) = (folder.path.parent / CORRUPT).iterdir()
    assert aside.read_bytes() == other + b"rubbish\n"


def test_rows_the_warehouse_refuses_go_to_quarantine_alone(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
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


def test_every_bad_row_is_found_wherever_it_stands(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    rows = events(project_id, 100)
    spoilt = {0: "no uuid", 1: "", 50: "1", 51: "2", 99: "x" * 36}
    for place, event_id in spoilt.items():
        row = rows[place]
        assert isinstance(row, EventRow)
        row.event_id = event_id
    dated = rows[70]
    assert isinstance(dated, EventRow)
    dated.created_at = "yesterday"
    name = put(folder, rows)
    folder.mark_tried(name)
    land_segment(warehouse, folder, name.tried)
    assert landed(warehouse, project_id) == 94
    kept = warehouse.rows(
        "SELECT JSONExtractString(body, 'event_id') AS id, count() AS rows FROM lens_raw.quarantine"
        " WHERE project_id = {id:String} AND code = 'warehouse_refused' GROUP BY id",
        {"id": project_id},
    )
    assert {row["id"] for row in kept} == {*spoilt.values(), dated.event_id}
    assert {row["rows"] for row in kept} == {1}
    assert folder.sealed() == []


def test_a_full_disk_of_the_warehouse_is_not_blamed_on_a_row(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    name = put(folder, events(project_id, 20))
    full = Hostile(warehouse, name, Refused("Cannot write to file: No space left on device", code="warehouse_75"))
    with pytest.raises(Unavailable) as put_off:
        land_segment(full, folder, name)
    assert put_off.value.code == "warehouse_75"
    assert full.failures == 1
    assert landed(warehouse, project_id, "quarantine") == 0
    full.error = None
    folder.mark_tried(name)
    land_segment(full, folder, name.tried)
    assert landed(warehouse, project_id) == 20


def test_events_of_the_last_century_land(folder: SpoolDirectory, warehouse: Warehouse, project_id: str) -> None:
    name = put(folder, events(project_id, 2, late_ms=RECEIVED_MS - 915_148_800_250))
    folder.mark_tried(name)
    land_segment(warehouse, folder, name.tried)
    (batch,) = warehouse.rows(
        "SELECT row_count, toString(first_event_at) AS first FROM lens_raw.batches WHERE batch_id = {id:String}",
        {"id": name.segment_id},
    )
    assert batch == {"row_count": 2, "first": "1999-01-01 00:00:00.250"}
    assert landed(warehouse, project_id) == 2


def test_a_segment_that_lost_its_end_is_reported_and_what_is_left_lands(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    name = put(folder, events(project_id, 6))
    path = folder.path / name.file_name
    content = path.read_bytes()
    path.write_bytes(content[: content.rfind(b"\n", 0, -1) - 10] + b"\0" * 300)
    before = counted_metric("eventlens_spool_missing_lines_total")
    land_segment(warehouse, folder, name)
    assert landed(warehouse, project_id) == 4
    assert counted_metric("eventlens_spool_missing_lines_total") == before + 2


def test_a_missing_table_is_not_blamed_on_a_row(folder: SpoolDirectory, warehouse: Warehouse, project_id: str) -> None:
    """The warehouse is not migrated yet: everything waits, nothing goes to quarantine."""
    name = put(folder, events(project_id, 2))
    missing = SegmentName(name.segment_id, "lens_raw.nothing", 2)
    (folder.path / name.file_name).rename(folder.path / missing.file_name)
    with pytest.raises(Unavailable) as put_off:
        land_segment(warehouse, folder, missing)
    assert put_off.value.code == "warehouse_60"
    assert (folder.path / missing.file_name).exists()
    assert landed(warehouse, project_id, "quarantine") == 0


class Hours:
    """Monotonic time that passes only while the writer waits; `then` is called after each wait."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float | None] = []
        self.then: Callable[[], object] = lambda: None

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float | None) -> None:
        self.waits.append(seconds)
        self.now += seconds or 0.0
        self.then()


def writing(folder: SpoolDirectory, warehouse: Landing) -> tuple[Writer, Hours]:
    hours = Hours()
    return Writer(folder, warehouse, monotonic=hours, wait=hours.wait, chance=lambda: 1.0), hours


def test_the_writer_tries_again_until_the_warehouse_is_back(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    put(folder, events(project_id, 2))
    writer, hours = writing(folder, Unreliable(warehouse, before=(1, 2, 3)))

    def then() -> None:
        if len(hours.waits) == 3:
            writer.append(put(folder, events(project_id, 3)))
            writer.close(drain=True)

    hours.then = then
    writer.start()
    assert writer.join(10)
    assert hours.waits == pytest.approx([0.2, 0.4, 0.8])
    assert landed(warehouse, project_id) == 5


class Forgetful(Unreliable):
    """The warehouse, which of the INSERTs that `fails` names by number keeps nothing and says so only by its count."""

    def insert_lines(self, table: str, body: bytes, *, token: str) -> int:
        self.inserts += 1
        return 0 if self.inserts in self._before else self._warehouse.insert_lines(table, body, token=token)


@pytest.mark.parametrize("forgotten", [(1,), (2,)], ids=["the rows", "the batch's row"])
def test_rows_that_the_warehouse_took_and_did_not_write_are_sent_again(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str, forgotten: tuple[int, ...]
) -> None:
    name = put(folder, events(project_id, 4))
    land_segment(Forgetful(warehouse, before=forgotten), folder, name)
    assert landed(warehouse, project_id) == 4
    counted = "SELECT count() FROM lens_raw.batches WHERE batch_id = {id:String}"
    assert warehouse.value(counted, {"id": name.segment_id}) == 1
    assert folder.sealed() == []


def test_a_segment_stays_while_the_warehouse_writes_nothing_of_it(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    name = put(folder, events(project_id, 4))
    with pytest.raises(Unavailable, match="took 4 rows"):
        land_segment(Forgetful(warehouse, before=(1, 2)), folder, name)
    (again,) = folder.sealed()
    land_segment(warehouse, folder, again)
    assert landed(warehouse, project_id) == 4


class Hostile(Unreliable):
    """A warehouse that fails with an error of its own for every INSERT of one segment."""

    def __init__(self, warehouse: Warehouse, segment: SegmentName, error: Exception) -> None:
        super().__init__(warehouse)
        self.segment = segment
        self.error: Exception | None = error
        self.failures = 0

    def insert_lines(self, table: str, body: bytes, *, token: str) -> int:
        if token == self.segment.segment_id and self.error is not None:
            self.failures += 1
            raise self.error
        return super().insert_lines(table, body, token=token)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("nobody thought of this"), Unavailable("out of memory", code="warehouse_241")],
    ids=["unexpected", "passing"],
)
def test_a_segment_that_always_fails_does_not_hold_up_those_behind_it(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str, error: Exception
) -> None:
    stuck = put(folder, events(project_id, 7))
    behind = [put(folder, events(project_id, 1)) for _ in range(3)]
    hostile = Hostile(warehouse, stuck, error)
    writer, hours = writing(folder, hostile)
    until_behind_landed: list[int] = []

    def then() -> None:
        if folder.sealed() == [stuck] and not until_behind_landed:
            until_behind_landed.append(hostile.failures)
        if hostile.failures == 9:
            hostile.error = None
        if not folder.sealed():
            writer.close()

    hours.then = then
    writer.start()
    assert writer.join(20)
    assert until_behind_landed[0] <= 2
    assert landed(warehouse, project_id) == 7 + len(behind)
    # The pause before each try of the segment grows, up to the longest pause.
    waited = [seconds for seconds in hours.waits if seconds is not None]
    assert max(waited) == pytest.approx(MAX_WAIT_SECONDS)
    assert warehouse.value(
        "SELECT sum(row_count) FROM lens_raw.batches WHERE batch_id IN {ids:Array(String)}",
        {"ids": [name.segment_id for name in (stuck, *behind)]},
    ) == 7 + len(behind)


class Recording(Unreliable):
    """The warehouse, and the tokens of its INSERTs in the order in which they came."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(warehouse)
        self.tokens: list[str] = []

    def insert_lines(self, table: str, body: bytes, *, token: str) -> int:
        self.tokens.append(token)
        return super().insert_lines(table, body, token=token)


def test_a_new_segment_does_not_wait_for_a_backlog(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    backlog = [put(folder, events(project_id, 1)) for _ in range(12)]
    recording = Recording(warehouse)
    writer, hours = writing(folder, recording)
    hours.then = writer.close
    fresh = put(folder, events(f"{project_id}-neighbour", 1))
    writer.append(fresh)
    writer.start()
    assert writer.join(20)
    landings = [token for token in recording.tokens if not token.endswith(".batch")]
    assert landings[0] == min(backlog).segment_id
    # Three segments are under way at a time, and every second one is the newest.
    assert landings.index(fresh.segment_id) <= 3
    assert sorted(landings) == sorted(name.segment_id for name in (*backlog, fresh))


def test_an_unreachable_warehouse_is_asked_once_per_pause_however_many_segments_wait(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    for _ in range(30):
        put(folder, events(project_id, 1))
    away = Unreliable(warehouse, before=tuple(range(1, 8)), code="warehouse_unreachable")
    writer, hours = writing(folder, away)
    asked: list[int] = []

    def then() -> None:
        asked.append(away.inserts)
        if not folder.sealed():
            writer.close()

    hours.then = then
    writer.start()
    assert writer.join(20)
    assert asked[:7] == [1, 2, 3, 4, 5, 6, 7]
    assert hours.waits[:7] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8])
    assert landed(warehouse, project_id) == 30
    # Once the warehouse is back, no segment waits for the end of its own pause.
    assert sum(seconds or 0 for seconds in hours.waits[7:]) == 0


def test_rows_that_the_warehouse_calls_repeated_and_does_not_have_are_landed(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    """A warehouse that was killed between noting the token and keeping the rows accepts every repetition."""
    name = put(folder, events(project_id, 5))
    other = f"{project_id}-other"
    (row,) = events(other, 1)
    warehouse.insert_lines("lens_raw.events", msgspec.json.encode(row), token=name.segment_id)
    spent = {"batch_id": "spent", "table_name": "x", "landed_at": timestamp(RECEIVED_MS)}
    warehouse.insert_lines(
        "lens_raw.batches", msgspec.json.encode(spent), token=f"{name.segment_id}.lens_raw.events.batch"
    )
    folder.mark_tried(name)
    land_segment(warehouse, folder, name.tried)
    assert landed(warehouse, project_id) == 5
    assert warehouse.rows(
        "SELECT row_count FROM lens_raw.batches WHERE batch_id = {id:String}", {"id": name.segment_id}
    ) == [{"row_count": 5}]


def test_a_part_of_a_batch_that_is_missing_is_made_up_and_no_more(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    """Rows of two months are two parts; the second may be lost alone."""
    month_ms = 40 * 86_400_000
    rows = events(project_id, 3) + events(project_id, 2, late_ms=month_ms)
    name = put(folder, rows)
    (old,) = events(f"{project_id}-other", 1, late_ms=month_ms)
    warehouse.insert_lines("lens_raw.events", msgspec.json.encode(old), token=name.segment_id)
    folder.mark_tried(name)
    land_segment(warehouse, folder, name.tried)
    assert warehouse.rows(
        "SELECT count() AS rows, uniqExact(event_id) AS ids FROM lens_raw.events WHERE project_id = {id:String}",
        {"id": project_id},
    ) == [{"rows": 5, "ids": 5}]


def test_a_segment_that_comes_again_after_its_batch_was_settled_is_not_counted_again(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    """The collector died between the batch's row and the removal of the file, and was away while a build ran."""
    name = put(folder, events(project_id, 4))
    with pytest.raises(Unavailable):
        land_segment(Unreliable(warehouse, after=(2,)), folder, name)
    warehouse.command(
        "INSERT INTO lens_staging.built_batches VALUES ({id:String}, 'build', now64(3))", {"id": name.segment_id}
    )
    settle_built(warehouse)
    land_segment(warehouse, folder, name)
    assert folder.sealed() == []
    assert landed(warehouse, project_id) == 4
    for table, count in (("lens_raw.batches", 0), ("lens_raw.settled_batches", 1)):
        sql = f"SELECT count() FROM {table} WHERE batch_id = {{id:String}}"
        assert warehouse.value(sql, {"id": name.segment_id}) == count


def test_waits_grow_and_stay_apart() -> None:
    longest = [backoff_seconds(attempt, 1.0) for attempt in range(12)]
    assert longest[:4] == [0.2, 0.4, 0.8, 1.6]
    assert max(longest) == MAX_WAIT_SECONDS
    assert backoff_seconds(3, 0.0) == 0.8


def test_a_writer_told_to_stop_leaves_everything_on_disk(
    folder: SpoolDirectory, warehouse: Warehouse, project_id: str
) -> None:
    names = [put(folder, events(project_id, 1)) for _ in range(3)]
    writer, hours = writing(folder, Unreliable(warehouse, before=(1,)))
    hours.then = writer.close
    writer.start()
    assert writer.join(5)
    assert folder.sealed() == sorted(names)
    assert landed(warehouse, project_id) == 0


def test_operations_land_in_their_table(folder: SpoolDirectory, warehouse: Warehouse, project_id: str) -> None:
    row = OperationRow(
        str(uuid.uuid4()), project_id, "increment", "d", "client", timestamp(RECEIVED_MS), timestamp(RECEIVED_MS),
        property="visits", value="1.5",
    )  # fmt: skip
    land_segment(warehouse, folder, put(folder, [row], table="lens_raw.profile_operations"))
    assert landed(warehouse, project_id, "profile_operations") == 1
