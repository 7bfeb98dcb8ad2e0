"""What is killed when: a plan that a seed decides."""

import random
import time
from pathlib import Path
from typing import Literal, NamedTuple

Victim = Literal["collector", "writer", "warehouse", "both"]
VICTIMS: tuple[Victim, ...] = ("collector", "writer", "warehouse", "both")

LANDING_WITHIN_SECONDS = 2.0


class Strike(NamedTuple):
    """SIGKILL after a while of load. The writer is a thread of the collector, killed with it while a segment lands."""

    after_seconds: float
    victim: Victim
    into_landing_seconds: float
    """For the writer and the warehouse: how long after a sealed segment is seen."""
    back_after_seconds: float

    def __str__(self) -> str:
        return f"{self.victim} {self.after_seconds:.2f}s"


def plan(seed: int) -> list[Strike]:
    """Two or three strikes; every victim has its turn among neighbouring seeds."""
    chance = random.Random(seed)
    victims = [VICTIMS[seed % len(VICTIMS)], *chance.sample(VICTIMS, chance.randint(1, 2))]
    return [
        Strike(chance.uniform(0.1, 0.8), victim, chance.uniform(0.0, 0.03), chance.choice((0.0, 0.0, 0.3)))
        for victim in victims
    ]


def wait_for_landing(spool: Path, strike: Strike) -> None:
    """Blocks until a sealed segment is there to land, then for as long as the strike says. Gives up after seconds."""
    deadline = time.monotonic() + LANDING_WITHIN_SECONDS
    while time.monotonic() < deadline and next(spool.glob("worker-*/*.jsonl"), None) is None:
        time.sleep(0.0005)
    time.sleep(strike.into_landing_seconds)
