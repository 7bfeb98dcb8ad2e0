"""What is done, a step a line with its seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WIDTH = 110


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what was done and how long it took, also when it failed."""
    begin = time.monotonic()
    shown = name if len(name) <= WIDTH else f"{name[: WIDTH - 4]} ..."
    try:
        yield
    except BaseException:
        say(f"{time.monotonic() - begin:6.1f} s  FAILED  {shown}")
        raise
    say(f"{time.monotonic() - begin:6.1f} s  {shown}")


def wait_until(is_so: Callable[[], bool], seconds: float, told: Callable[[], str]) -> None:
    """Ask again and again; raises RuntimeError with what is `told` when it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(told())
        time.sleep(0.2)
