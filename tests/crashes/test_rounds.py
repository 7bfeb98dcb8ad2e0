"""Processes killed at moments that a seed decides; `python -m tests.crashes` does twenty rounds and the long outage."""

from collections.abc import Iterator

import pytest

from tests.crashes.components import System
from tests.crashes.round import run_round


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("rounds")) as system:
        yield system.start()


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_acknowledged_events_count_once_whichever_process_is_killed(system: System, seed: int) -> None:
    done = run_round(system, seed)
    assert done.verdict.is_good, done
    assert done.verdict.acknowledged > 50
