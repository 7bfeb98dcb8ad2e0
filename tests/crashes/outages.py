"""What a collector needs goes away for a while, under load, and comes back."""

import os
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crashes.check import Verdict, judge
from tests.crashes.components import DRAIN_WITHIN_SECONDS, Sender, System
from tests.crashes.load import Line, Load

REFUSED_WITHIN_SECONDS = 20.0
ONLY_STDIO = 3
"""As the number of files a process may have open: it can open no more."""


def _verdict(system: System, sender: Sender, load: Load, within_seconds: float = DRAIN_WITHIN_SECONDS) -> Verdict:
    system.drain(within_seconds=within_seconds)
    with system.connection() as warehouse:
        return judge(warehouse, sender.project_id, load.book)


def _wait_for_refusals(load: Load) -> None:
    deadline = time.monotonic() + REFUSED_WITHIN_SECONDS
    while load.book.statuses[503] < 5:
        assert time.monotonic() < deadline, load.book.statuses
        time.sleep(0.05)


def _check_answers(load: Load) -> None:
    """Under these faults every request is answered: taken, or told when to come again."""
    assert set(load.book.statuses) <= {200, 503}, load.book.statuses
    assert load.book.without_retry_after == 0


def warehouse_away(home: Path, seconds: float) -> Verdict:
    """The warehouse is killed under load and comes back after `seconds`; meanwhile everything is acknowledged."""
    with System(home, EVENTLENS_BATCH_SECONDS="0.5").start() as system:
        sender = system.sender("outage")
        load = Load([system.collector.port], sender, 1, pause=0.02)
        with load.running():
            time.sleep(0.5)
            system.warehouse.kill()
            time.sleep(seconds)
            assert system.health()["oldestSeconds"] > seconds / 2
            system.warehouse.start()
            time.sleep(0.5)
        assert set(load.book.statuses) == {200}
        return _verdict(system, sender, load, DRAIN_WITHIN_SECONDS + 3 * seconds)


def spool_limit_reached(home: Path) -> Verdict:
    """The warehouse is away until the spool has reached its limit, then it comes."""
    with System(home, EVENTLENS_SPOOL_MAX_BYTES="200000") as system:
        system.collector.start()
        return _filled(system)


def disk_full(home: Path) -> Verdict:
    """Spool and log are on a disk of half a megabyte. Needs root."""
    with small_disk(home / "spool", "512k"), System(home) as system:
        system.collector.log = system.spool / "collector.log"
        system.collector.start()
        verdict = _filled(system)
        assert "spool_failed" in system.collector.events()
        return verdict


def _filled(system: System) -> Verdict:
    sender = system.sender("full")
    load = Load([system.collector.port], sender, 2)
    with load.running():
        _wait_for_refusals(load)
        refused_before = load.book.statuses[503]
        assert system.health()["pendingEvents"] > 0
        system.warehouse.start()
        taken_before = load.book.statuses[200]
        deadline = time.monotonic() + REFUSED_WITHIN_SECONDS
        while load.book.statuses[200] < taken_before + 100:
            assert time.monotonic() < deadline, "it does not take events again"
            time.sleep(0.02)
    assert refused_before
    _check_answers(load)
    return _verdict(system, sender, load)


def files_exhausted(home: Path) -> Verdict:
    """The collector can open no more files, on connections that are open already."""
    with System(home).start() as system:
        sender = system.sender("files")
        load = Load([system.collector.port], sender, 3)
        process = system.collector.process
        assert process is not None
        line = Line(system.collector.port, sender)
        with load.running() as book:
            assert line.track("before").status == 200
            time.sleep(0.3)
            soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (ONLY_STDIO, hard))
            _wait_for_refusals(load)
            health = line.get("/health")
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))
            assert (health.status, bool(health.retry_after)) == (503, True), health
            time.sleep(0.5)
        line.close()
        _check_answers(load)
        again = Line(system.collector.port, sender)
        assert again.track("after").status == 200
        again.close()
        book.sent.update(("before", "after"))
        book.acknowledged.update(("before", "after"))
        return _verdict(system, sender, load)


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    """A file system of `size` in memory, mounted at `path`. Needs root."""
    path.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


def can_mount() -> bool:
    """Whether this process may mount file systems."""
    if os.geteuid() != 0:
        return False
    unshared = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return unshared.returncode == 0
