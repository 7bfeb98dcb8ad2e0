"""Collectors that end, in order or not, and what they leave behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from collector.spool.directory import CORRUPT
from collector.spool.segment import parse_name
from tests.crashes.check import Verdict, judge
from tests.crashes.components import Part, Sender, System
from tests.crashes.load import Line, Load
from tests.processes import children

ADOPTED_WITHIN_SECONDS = 20.0
WITHOUT_LANDING = {"EVENTLENS_BATCH_SECONDS": "3600", "EVENTLENS_BATCH_EVENTS": "1000000"}


def _verdict(system: System, sender: Sender, load: Load, collector: Part | None = None) -> Verdict:
    system.drain(collector)
    with system.connection() as warehouse:
        return judge(warehouse, sender.project_id, load.book)


def stopped_under_load(home: Path) -> Verdict:
    """SIGTERM twice under load, once with the warehouse there and once without it."""
    with System(home).start() as system:
        sender = system.sender("stop")
        load = Load([system.collector.port], sender, 4)
        with load.running():
            time.sleep(0.4)
            assert system.collector.terminate() == 0
            assert [path.name for path in system.spool.iterdir()] == ["lock"], "it drains before it ends"
            system.warehouse.kill()
            system.collector.start()
            time.sleep(0.4)
            assert system.collector.terminate() == 0
            assert next(system.spool.glob("worker-*/*.jsonl")), "what does not land stays"
            system.warehouse.start()
            system.collector.start()
            time.sleep(0.2)
        return _verdict(system, sender, load)


def two_collectors_on_one_home(home: Path) -> Verdict:
    """Both take events; one is killed, and the other lands what it left while it goes on."""
    with System(home).start() as system:
        victim = system.add_collector(**WITHOUT_LANDING)
        victim.start()
        sender = system.sender("two")
        load = Load([system.collector.port, victim.port], sender, 5)
        with load.running():
            time.sleep(0.5)
            waiting = system.health()["pendingEvents"]
            assert waiting > 0
            victim.kill()
            _wait_until(lambda: len(list(system.spool.glob("worker-*"))) == 1)
        assert "folder_adopted" in system.collector.events()
        return _verdict(system, sender, load)


def one_of_several_workers_killed(home: Path) -> Verdict:
    """A worker process dies under load; its folder is taken over and its place is filled."""
    with System(home, EVENTLENS_COLLECTOR_WORKERS="3", EVENTLENS_BATCH_SECONDS="1").start() as system:
        _wait_until(lambda: len(list(system.spool.glob("worker-*"))) == 3)
        sender = system.sender("workers")
        load = Load([system.collector.port], sender, 6, threads=9)
        first, second, _ = system.spool.glob("worker-*")
        with load.running():
            for folder in (first, second):
                time.sleep(0.7)
                _kill_worker(folder)
                _wait_until(lambda gone=folder: not gone.exists())  # type: ignore[misc]
        verdict = _verdict(system, sender, load)
        # A new worker needs longer to start than the others need to land what is left.
        _wait_until(lambda: len(list(system.spool.glob("worker-*"))) == 3)
        return verdict


def workers_that_keep_dying(home: Path) -> Verdict:
    """A worker dies, and the one in its place at once: the collector gives up, says so, and is started again."""
    with System(home, EVENTLENS_COLLECTOR_WORKERS="2").start() as system:
        _wait_until(lambda: len(list(system.spool.glob("worker-*"))) == 2)
        sender = system.sender("dying")
        load = Load([system.collector.port], sender, 8)
        with load.running():
            time.sleep(0.3)
            assert system.collector.process is not None
            parent = system.collector.process.pid
            before = children(parent)
            os.kill(before[0], signal.SIGKILL)
            # As a process, since its folder comes after its start, and only an early death counts.
            _wait_until(lambda: bool(set(children(parent)) - set(before)))
            (new,) = set(children(parent)) - set(before)
            os.kill(new, signal.SIGKILL)
            assert system.collector.process.wait(20) == 1, "it must not look like an orderly end"
            system.collector.start()
            time.sleep(0.3)
        return _verdict(system, sender, load)


class Damage(NamedTuple):
    """What a disk did to the segments of a dead collector."""

    verdict: Verdict
    missing: int
    """Acknowledged messages that did not land: those whose lines were hit."""
    set_aside: dict[str, bytes]
    metrics: dict[str, float]
    events: list[str]


def damaged_segments(home: Path) -> Damage:
    """Four segments are left: torn, zero-filled, with a flipped bit, and whole; and a foreign file and folder."""
    with System(home, **WITHOUT_LANDING) as system:
        sender = system.sender("damage")
        load = Load([system.collector.port], sender, 7, threads=0)
        for number in range(4):
            system.collector.start()
            line = Line(system.collector.port, sender)
            for message in range(20):
                id = f"{number}-{message}"
                load.book.sent[id] += 1
                assert line.track(id, properties={"mark": f"<{id}>"}).status == 200
                load.book.acknowledged.add(id)
            line.close()
            system.collector.kill()
        # Each start has taken over the earlier segments, and the last run left its own segment open.
        torn, zeroed, flipped, _ = sorted(
            path for path in system.spool.glob("worker-*/*") if parse_name(path.name) is not None
        )
        torn.write_bytes(torn.read_bytes() + b'{"_crc":"0123abcd","batch_id":"')
        zeroed.write_bytes(zeroed.read_bytes() + bytes(4096))
        content = bytearray(flipped.read_bytes())
        content[content.index(b"<2-7>") + 1] ^= 1
        flipped.write_bytes(content)
        (flipped.parent / "notes.txt").write_bytes(b"of a person")
        (flipped.parent / "folder").mkdir()
        (system.spool / "lost+found").mkdir()
        system.warehouse.start()
        system.collector.start()
        verdict = _verdict(system, sender, load)
        line = Line(system.collector.port, sender)
        exposition = line.get("/metrics").body.decode().splitlines()
        line.close()
        assert (system.spool / "lost+found").is_dir()
        return Damage(
            verdict,
            verdict.lost,
            {path.name: path.read_bytes() if path.is_file() else b"" for path in (system.spool / CORRUPT).iterdir()},
            {line.split()[0]: float(line.split()[1]) for line in exposition if line.startswith("eventlens_spool")},
            system.collector.events(),
        )


def _kill_worker(folder: Path) -> None:
    os.kill(int(folder.name.split("-")[1]), signal.SIGKILL)


def _wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ADOPTED_WITHIN_SECONDS
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
