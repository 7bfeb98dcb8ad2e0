"""Twenty rounds by seed, the further scenarios at full length, and what the model counts; ends by itself.

`python -m tests.crashes` exits with 1 when a verdict is bad.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.crashes import crashes, outages
from tests.crashes.check import Verdict, modelled
from tests.crashes.components import System
from tests.crashes.round import Round, run_round

ROUNDS = 20
OUTAGE_SECONDS = 150.0
BUILD_WITHIN_SECONDS = 600

COLUMNS = ("sent", "acknowledged", "counted", "lost", "twice", "batches add up")

console = Console(width=150)


def cells(verdict: Verdict) -> list[str]:
    numbers = (verdict.sent, verdict.acknowledged, verdict.counted, verdict.lost, verdict.twice)
    return [*(str(number) for number in numbers), "no" if verdict.wrong_batches else "yes"]


def rounds(home: Path) -> bool:
    """All rounds over one home, then one build; whether every verdict is good and the model counts the same."""
    table = Table("seed", "SIGKILL to, after seconds of load", *COLUMNS, "the model")
    done: list[Round] = []
    with System(home).start() as system:
        for seed in range(1, ROUNDS + 1):
            done.append(run_round(system, seed))
            console.print(f"round {seed}: {done[-1].verdict}")
        build(system)
        with system.connection() as warehouse:
            models = [modelled(warehouse, round.project_id) for round in done]
    for round, model in zip(done, models, strict=True):
        strikes = ", ".join(map(str, round.strikes))
        table.add_row(str(round.seed), strikes, *cells(round.verdict), f"{model.counted} of {model.events} events")
    console.print(table)
    return all(round.verdict.is_good for round in done) and all(model.counted == model.events for model in models)


def build(system: System) -> None:
    """Builds the tables from what has landed."""
    subprocess.run(
        [sys.executable, "-m", "cli.main", "build"],
        env=system.warehouse.full_environ,
        timeout=BUILD_WITHIN_SECONDS,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def scenarios(home: Path) -> bool:
    """The further faults; whether every verdict is good."""
    table = Table("scenario", *COLUMNS, "seconds")
    is_good = True
    plays: dict[str, Callable[[Path], Verdict]] = {
        f"warehouse away for {OUTAGE_SECONDS:.0f} s": partial(outages.warehouse_away, seconds=OUTAGE_SECONDS),
        "spool at its limit": outages.spool_limit_reached,
        "no more files": outages.files_exhausted,
        "SIGTERM under load": crashes.stopped_under_load,
        "two collectors, one killed": crashes.two_collectors_on_one_home,
        "three workers, two killed": crashes.one_of_several_workers_killed,
        "workers that keep dying": crashes.workers_that_keep_dying,
    }
    if outages.can_mount():
        plays["disk full"] = outages.disk_full
    else:
        console.print("disk full: skipped, a small disk is mounted for this, which needs root")
    for number, (name, play) in enumerate(plays.items()):
        start = time.monotonic()
        verdict = play(home / f"scenario-{number}")
        is_good = is_good and verdict.is_good
        table.add_row(name, *cells(verdict), f"{time.monotonic() - start:.0f}")
    console.print(table)
    return is_good


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="eventlens-faults-") as home:
        verdicts = [rounds(Path(home) / "rounds"), scenarios(Path(home))]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
