"""A process is known by its start too: another one with its number is left alone."""

import signal
import subprocess

import msgspec
import pytest

from event_lens.process_id import end_process, find_process, is_alive


@pytest.fixture
def sleeping() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", "600"])


def test_a_process_is_ended_and_known_to_have_ended(sleeping: "subprocess.Popen[bytes]") -> None:
    found = find_process(sleeping.pid)
    assert found is not None
    assert is_alive(found)
    assert end_process(found, 10)
    # The ended process waits for its parent to notice.
    assert not is_alive(found)
    assert sleeping.wait() == -signal.SIGTERM
    assert end_process(found, 10)
    assert find_process(sleeping.pid) is None


def test_a_later_process_with_the_same_number_is_not_ended(sleeping: "subprocess.Popen[bytes]") -> None:
    found = find_process(sleeping.pid)
    assert found is not None
    assert end_process(msgspec.structs.replace(found, started=f"{found.started}0"), 10)
    assert sleeping.poll() is None
    sleeping.kill()
    sleeping.wait()


def test_a_process_that_does_not_end_is_reported() -> None:
    stubborn = subprocess.Popen(["sh", "-c", "trap '' TERM; echo ready; exec sleep 600"], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    assert stubborn.stdout.readline() == b"ready\n"
    found = find_process(stubborn.pid)
    assert found is not None
    assert not end_process(found, 0.1)
    stubborn.kill()
    stubborn.communicate()
