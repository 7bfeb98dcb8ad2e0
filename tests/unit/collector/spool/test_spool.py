"""The spool promises: acknowledged means on disk, full means refuse, and a failed write leaves nothing behind."""

import asyncio
import errno
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from collector.spool import health
from collector.spool.directory import CORRUPT, SpoolDirectory, open_directory
from collector.spool.health import spool_health
from collector.spool.segment import SegmentName, frame, parse_name, verify
from collector.spool.spool import Spool
from event_lens.clock import Clock, now_ms
from event_lens.contract.encoded_row import Line, line_of
from event_lens.contract.rows import EventRow, OperationRow
from event_lens.errors import Unavailable

MOMENT = "1700000000.000"


def event(name: str = "a") -> Line:
    return line_of(EventRow("00000000-0000-4000-a000-000000000000", "p", name, "d", "client", MOMENT, MOMENT))


def operation() -> Line:
    return line_of(OperationRow("00000000-0000-4000-a000-000000000000", "p", "identify", "d", "client", MOMENT, MOMENT))


class Disk:
    """Counts syncs, and fails those it is told to."""

    def __init__(self) -> None:
        self.syncs = 0
        self.failures: list[OSError] = []
        self.wait: Callable[[], object] = lambda: None

    def sync(self, file: int) -> None:
        self.syncs += 1
        self.wait()
        if self.failures:
            raise self.failures.pop()
        os.fdatasync(file)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[SpoolDirectory]:
    folder = open_directory(tmp_path / "spool")
    yield folder
    folder.close()


class Opened:
    """A spool over a folder, what it sealed, and its disk."""

    def __init__(
        self,
        folder: SpoolDirectory,
        *,
        rows: int = 1000,
        seconds: float = 60.0,
        max_bytes: int = 1 << 30,
        clock: Clock = now_ms,
    ) -> None:
        self.folder = folder
        self.sealed: list[SegmentName] = []
        self.is_sealed = asyncio.Event()
        self.disk = Disk()
        self.spool = Spool(
            folder,
            seal_after_rows=rows,
            seal_after_seconds=seconds,
            max_bytes=max_bytes,
            on_sealed=self._on_sealed,
            clock=clock,
            sync=self.disk.sync,
        )

    def _on_sealed(self, name: SegmentName) -> None:
        self.sealed.append(name)
        self.is_sealed.set()

    def lines(self) -> int:
        """Whole lines on disk, in all segments."""
        total = 0
        for path in self.folder.path.iterdir():
            if path.name != "lock":
                found = verify(path.read_bytes(), path.name.split(".")[0])
                assert not found.corrupt
                assert not found.is_torn
                total += len(found.lines)
        return total

    async def end(self) -> None:
        self.spool.close()
        assert await self.spool.join(5)


def test_rows_are_on_disk_before_the_append_is_done(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        await opened.spool.append([event(), event(), operation()])
        assert opened.lines() == 3
        assert opened.disk.syncs == 2  # one file per table
        await opened.end()
        assert {(name.table, name.row_count) for name in opened.sealed} == {
            ("lens_raw.events", 2),
            ("lens_raw.profile_operations", 1),
        }

    asyncio.run(run())


def test_nothing_is_acknowledged_while_the_sync_runs(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        may_end = threading.Event()
        opened.disk.wait = may_end.wait
        first = opened.spool.append([event()])
        while not opened.disk.syncs:  # noqa: ASYNC110  (the sync is in another thread)
            await asyncio.sleep(0.001)
        later = [opened.spool.append([event()]) for _ in range(5)]  # the loop is free meanwhile
        await asyncio.sleep(0.01)
        assert not first.done()
        may_end.set()
        await asyncio.gather(first, *later)
        assert opened.disk.syncs == 2
        await opened.end()

    asyncio.run(run())


def test_requests_that_wait_share_one_sync(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        await asyncio.gather(*(opened.spool.append([event()]) for _ in range(200)))
        assert opened.disk.syncs == 1
        assert opened.lines() == 200
        await opened.end()

    asyncio.run(run())


def test_a_segment_is_sealed_by_rows(folder: SpoolDirectory) -> None:
    async def run() -> None:
        clock = count(1_700_000_000_000)  # segments of one millisecond have no order
        opened = Opened(folder, rows=3, clock=clock.__next__)
        for _ in range(7):
            await opened.spool.append([event()])
        await opened.end()
        assert [name.row_count for name in opened.sealed] == [3, 3, 1]
        assert [name.row_count for name in folder.sealed()] == [3, 3, 1]

    asyncio.run(run())


def test_a_segment_is_sealed_by_age_without_another_append(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder, seconds=0.02)
        await opened.spool.append([event()])
        await opened.is_sealed.wait()
        assert opened.sealed[0].row_count == 1

    asyncio.run(asyncio.wait_for(run(), 5))


def test_a_segment_that_gets_old_while_another_is_sealed_is_sealed_too(
    folder: SpoolDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def slow_rename(path: Path, target: Path) -> Path:
        time.sleep(0.2)
        return rename(path, target)

    async def run() -> None:
        opened = Opened(folder, seconds=0.1)
        await opened.spool.append([event()])
        await asyncio.sleep(0.05)
        await opened.spool.append([operation()])
        while len(opened.sealed) < 2:
            opened.is_sealed.clear()
            await opened.is_sealed.wait()
        await opened.end()

    monkeypatch.setattr(Path, "rename", slow_rename)
    asyncio.run(asyncio.wait_for(run(), 5))


def test_a_full_spool_refuses_and_takes_again_when_there_is_room(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder, max_bytes=500)
        while folder.byte_count < 500:
            await opened.spool.append([event()])
        with pytest.raises(Unavailable) as refusal:
            opened.spool.append([event()])
        assert refusal.value.code == "spool_full"
        await opened.spool.flush()
        folder.remove(opened.sealed[0])
        await opened.spool.append([event()])
        await opened.end()

    asyncio.run(run())


def test_a_failed_sync_acknowledges_nothing_and_leaves_nothing(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        await opened.spool.append([event("kept")])
        opened.disk.failures.append(OSError(errno.ENOSPC, "No space left on device"))
        refused = await asyncio.gather(
            opened.spool.append([event("lost")]), opened.spool.append([operation()]), return_exceptions=True
        )
        assert [getattr(error, "code", None) for error in refused] == ["spool_full", "spool_full"]
        await opened.spool.flush()
        assert opened.lines() == 1
        await opened.spool.append([event("after")])
        await opened.end()
        # A file whose sync failed is not written to again.
        assert [name.row_count for name in opened.sealed] == [1, 1]
        assert b"lost" not in b"".join(path.read_bytes() for path in folder.path.iterdir())

    asyncio.run(run())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EIO, "spool_unwritable"),
        (errno.EROFS, "spool_unwritable"),
        (errno.EMFILE, "spool_unwritable"),
        (errno.EDQUOT, "spool_full"),
    ],
)
def test_every_failure_of_the_disk_asks_the_client_to_send_again(
    folder: SpoolDirectory, number: int, code: str
) -> None:
    async def run() -> None:
        opened = Opened(folder)
        opened.disk.failures.append(OSError(number, os.strerror(number)))
        with pytest.raises(Unavailable) as refusal:
            await opened.spool.append([event("lost")])
        assert (refusal.value.code, refusal.value.retry_after_seconds) == (code, 5)
        await opened.spool.append([event("kept")])
        assert opened.lines() == 1
        await opened.end()

    asyncio.run(run())


def test_a_slow_sync_delays_and_refuses_nobody(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        syncs = []

        def sync_slowly() -> None:
            syncs.append(1)
            time.sleep(0.5)

        opened.disk.wait = sync_slowly
        start = time.monotonic()
        await asyncio.gather(*(opened.spool.append([event()]) for _ in range(500)))
        assert time.monotonic() - start >= 0.5
        assert len(syncs) <= 3
        assert opened.lines() == 500
        opened.disk.wait = lambda: None
        await opened.end()

    asyncio.run(run())


def test_a_segment_that_cannot_be_sealed_now_is_sealed_later(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        await opened.spool.append([event()])
        (path,) = folder.path.glob("*.open")
        name = parse_name(path.name)
        assert name is not None
        in_the_way = folder.path / name.sealed(1).file_name
        in_the_way.mkdir()
        await opened.spool.flush()
        assert not opened.sealed
        in_the_way.rmdir()
        await asyncio.wait_for(opened.is_sealed.wait(), 5)
        assert folder.sealed() == opened.sealed == [name.sealed(1)]
        await opened.end()

    asyncio.run(run())


LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
from collector.spool.directory import open_directory
from event_lens.errors import Unavailable
from tests.unit.collector.spool.test_spool import Opened, event

async def run():
    opened = Opened(open_directory(Path(sys.argv[1])))
    taken = 0
    for _ in range(200):
        try:
            await opened.spool.append([event("x" * 100)])
            taken += 1
        except Unavailable as error:
            assert error.code == "spool_full", error.code
            await opened.spool.flush()
            assert opened.lines() == taken
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await opened.spool.append([event("after")])
            assert opened.lines() == taken + 1
            print(taken)
            return
    raise AssertionError("the disk was never full")

asyncio.run(run())
"""


def test_a_short_write_on_a_full_disk_is_cut_back(tmp_path: Path) -> None:
    """A real limit of the kernel on a file's size: the write that crosses it is cut in the middle of a line."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))

    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "spool")],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert 20 < int(ended.stdout.splitlines()[-1]) < 60


def test_an_abandoned_append_does_not_disturb_the_others(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        gone, stays = opened.spool.append([event()]), opened.spool.append([event()])
        gone.cancel()
        await stays
        await opened.end()

    asyncio.run(run())


def test_a_closed_spool_refuses(folder: SpoolDirectory) -> None:
    async def run() -> None:
        opened = Opened(folder)
        await opened.end()
        with pytest.raises(Unavailable):
            opened.spool.append([event()])

    asyncio.run(run())


def leave_behind(spool: Path, files: dict[str, bytes]) -> None:
    """The folder of a worker that was killed."""
    dead = spool / "worker-1-dead"
    dead.mkdir(parents=True)
    for name, content in files.items():
        (dead / name).write_bytes(content)


ID = "01a1fdac9b03-89ed23af8d4d"


def test_a_dead_workers_segments_are_adopted_and_foreign_files_set_aside(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    lines = frame([b'{"a":1}', b'{"a":2}'], ID, 0)
    leave_behind(spool, {f"{ID}.events.open": lines + b'{"_crc":"12', "notes.txt": b"hello", "lock": b""})
    folder = open_directory(spool)
    assert [(name.segment_id, name.row_count) for name in folder.sealed()] == [(ID, 2)]
    assert not (spool / "worker-1-dead").exists()
    assert [path.read_bytes() for path in (spool / CORRUPT).iterdir()] == [b"hello"]
    assert spool_health(spool)["pendingEvents"] == 2
    assert folder.byte_count == len(lines) + len(b'{"_crc":"12')


def test_a_living_workers_folder_is_left_alone(tmp_path: Path) -> None:
    first = open_directory(tmp_path / "spool")
    (first.path / f"{ID}.events.1.jsonl").write_bytes(frame([b'{"a":1}'], ID, 0))
    second = open_directory(tmp_path / "spool")
    assert not second.sealed()
    assert len(first.sealed()) == 1
    assert spool_health(tmp_path / "spool")["pendingEvents"] == 1
    second.close()
    first.close()


def test_a_living_worker_takes_over_what_another_leaves_when_it_dies(tmp_path: Path) -> None:
    living = open_directory(tmp_path / "spool")
    other = open_directory(tmp_path / "spool")
    (other.path / f"{ID}.events.open").write_bytes(frame([b'{"a":1}'], ID, 0))
    assert living.adopt() == []
    other.release()
    assert [(name.segment_id, name.row_count) for name in living.adopt()] == [(ID, 1)]
    assert living.adopt() == []
    assert not other.path.exists()
    living.close()


def test_files_of_dead_workers_with_the_same_name_overwrite_nothing(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    lines = frame([b'{"a":1}'], ID, 0)
    for worker, content in (("worker-1-dead", b"one"), ("worker-2-dead", b"two")):
        (spool / worker).mkdir(parents=True)
        (spool / worker / "notes.txt").write_bytes(content)
        (spool / worker / f"{ID}.events.1.jsonl").write_bytes(lines)
    folder = open_directory(spool)
    assert len(folder.sealed()) == 1
    assert folder.byte_count == len(lines)
    assert sorted(path.read_bytes() for path in (spool / CORRUPT).iterdir()) == sorted([b"one", b"two", lines])


def test_a_folder_that_is_not_a_workers_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "spool" / "lost+found").mkdir(parents=True)
    (tmp_path / "spool" / "lost+found" / "inode").write_bytes(b"x")
    open_directory(tmp_path / "spool").close()
    assert (tmp_path / "spool" / "lost+found" / "inode").exists()


def test_health_speaks_of_the_oldest_segment(tmp_path: Path) -> None:
    clock: Callable[[], int] = lambda: int(ID[:12], 16) + 5_000  # noqa: E731
    assert spool_health(tmp_path / "none", clock) == {"pendingEvents": 0, "pendingBytes": 0, "oldestSeconds": 0.0}
    leave_behind(tmp_path / "spool", {f"{ID}.events.3.jsonl": b"x\n" * 3})
    assert spool_health(tmp_path / "spool", clock) == {"pendingEvents": 3, "pendingBytes": 6, "oldestSeconds": 5.0}


def test_health_sees_a_segment_that_is_renamed_under_every_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sealed under the first look, and its landing begins under the second."""
    folder = open_directory(tmp_path / "spool")
    open_name = f"{ID}.events.open"
    (folder.path / open_name).write_bytes(frame([b'{"a":1}', b'{"a":2}'], ID, 0))
    name = parse_name(open_name)
    assert name is not None
    sealed = name.sealed(2)
    renames: list[Callable[[], object]] = [
        lambda: (folder.path / open_name).rename(folder.path / sealed.file_name),
        lambda: folder.mark_tried(sealed),
    ]
    listed = health._files

    def rename_after_the_listing(path: Path) -> list[Path]:
        found = listed(path)
        if renames:
            renames.pop(0)()
        return found

    monkeypatch.setattr(health, "_files", rename_after_the_listing)
    assert spool_health(tmp_path / "spool")["pendingEvents"] == 2
    assert not renames
    folder.close()
