"""One round: load, strikes, restart, drain, verdict."""

import time
from typing import NamedTuple

from tests.crashes.check import Verdict, judge
from tests.crashes.components import System
from tests.crashes.load import Load
from tests.crashes.plan import Strike, plan, wait_for_landing

CALM_SECONDS = 0.3
"""Load after the last restart, so that new traffic lands beside the old."""


class Round(NamedTuple):
    """What was done and what came of it."""

    seed: int
    strikes: list[Strike]
    project_id: str
    verdict: Verdict


def run_round(system: System, seed: int) -> Round:
    """Strikes a running `system` under load as `seed` says, and judges when all has landed."""
    sender = system.sender(f"round {seed}")
    strikes = plan(seed)
    load = Load([system.collector.port], sender, seed)
    with load.running() as book:
        for strike in strikes:
            time.sleep(strike.after_seconds)
            _strike(system, strike)
        time.sleep(CALM_SECONDS)
    system.drain()
    with system.connection() as warehouse:
        return Round(seed, strikes, sender.project_id, judge(warehouse, sender.project_id, book))


def _strike(system: System, strike: Strike) -> None:
    if strike.victim in ("writer", "warehouse"):
        wait_for_landing(system.spool, strike)
    parts = {
        "collector": [system.collector],
        "writer": [system.collector],
        "warehouse": [system.warehouse],
        "both": [system.collector, system.warehouse],
    }[strike.victim]
    for part in parts:
        part.kill()
    time.sleep(strike.back_after_seconds)
    for part in parts:
        part.spawn()
    for part in parts:
        part.wait()
