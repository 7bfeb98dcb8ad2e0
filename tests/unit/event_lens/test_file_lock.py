"""Who holds a file's lock."""

import os
from pathlib import Path
from threading import Event, Thread

from event_lens.file_lock import is_locked, try_lock, waited_lock


def test_a_lock_has_one_holder_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    assert not is_locked(path)
    held = try_lock(path)
    assert held is not None
    assert is_locked(path)
    assert try_lock(path) is None
    os.close(held)
    assert not is_locked(path)


def test_a_waiting_process_gets_the_lock_after_the_holder(tmp_path: Path) -> None:
    path, came = tmp_path / "lock", Event()

    def come() -> None:
        with waited_lock(path):
            came.set()

    with waited_lock(path):
        waiting = Thread(target=come)
        waiting.start()
        assert not came.wait(0.2)
    assert came.wait(10)
    waiting.join()
