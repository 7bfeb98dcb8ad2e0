"""Made-up events of any number, landed in two parts in random order and held against the reference row by row."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from event_lens.warehouse.client import Warehouse
from tests.reference.comparison import Comparison, compare
from tests.reference.history import PARTS, make_history
from tests.reference.keys import KEYS
from tests.reference.merging import SOURCES, wrongly_merged
from tests.reference.narrow import wrongly_narrowed
from tests.reference.recomputed import recompute
from tests.spec.build import Build

QUERY_SECONDS = 600


class Held(NamedTuple):
    """A way of building (`incremental` or `refreshed`) and one table of it against the reference."""

    stage: str
    comparison: Comparison
    wrong_sums: list[str]
    """Where its states, or the tables that answer in its place, do not add up to what the reference counts."""


def hold(url: str, folder: Path, visits: int, days: int, say: Callable[[str], None] = lambda _: None) -> Iterator[Held]:
    """Six events a visit in eight projects over `days`, built after each part and then by a full refresh. Blocks."""
    started = time.perf_counter()

    def tell(what: str) -> None:
        say(f"{time.perf_counter() - started:4.0f} s: {what}")

    tell("making events")
    history = make_history(
        "made-up", seed=1, visits=visits, events_a_visit=6, devices=visits // 4, days=days, first_day="2025-12-15"
    )
    build = Build(url, folder)
    with Warehouse(url, query_timeout_seconds=QUERY_SECONDS) as warehouse:
        history.land_settings(warehouse)
        for part in range(PARTS):
            tell(f"landing part {part + 1}")
            touched = history.land(warehouse, part)
            tell(f"building {len(touched.days)} days")
            build.touched(touched)
        tell("recomputing by the reference")
        with recompute(warehouse, history.project_ids) as reference:
            for stage in ("incremental", "refreshed"):
                if stage == "refreshed":
                    tell("building everything again")
                    build.everything()
                tell(f"comparing what is {stage}")
                for table in KEYS:
                    wrong = wrongly_merged(warehouse, reference, table, history.project_ids) if table in SOURCES else []
                    if table == "metrics_daily":
                        wrong += wrongly_narrowed(warehouse, reference, history.project_ids)
                    yield Held(stage, compare(warehouse, reference, table, history.project_ids), wrong)
