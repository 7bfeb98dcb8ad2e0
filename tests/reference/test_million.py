"""A million made-up events, landed in two parts in random order, equal the reference row by row."""

from collections.abc import Callable
from pathlib import Path

import pytest

from event_lens.warehouse.connection import Warehouse
from tests.conftest import EmbeddedServer
from tests.reference.comparison import compare
from tests.reference.history import PARTS, make_history
from tests.reference.keys import KEYS
from tests.reference.merging import SOURCES, wrongly_merged
from tests.reference.recomputed import recompute
from tests.spec.build import Build

QUERY_SECONDS = 600


@pytest.mark.timeout(1200)
def test_a_million_events_equal_the_reference_incrementally_and_after_a_full_refresh(
    start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path
) -> None:
    history = make_history(
        "million", seed=1, visits=160_000, events_a_visit=6, devices=40_000, days=150, first_day="2025-10-20"
    )
    url = start_embedded(tmp_path / "home").wait().url
    build = Build(url, tmp_path / "dbt")
    with Warehouse(url, query_timeout_seconds=QUERY_SECONDS) as warehouse:
        history.land_settings(warehouse)
        for part in range(PARTS):
            build.touched(history.land(warehouse, part))
        with recompute(warehouse, history.project_ids) as reference:
            rows = {}
            for stage in ("incremental", "refreshed"):
                if stage == "refreshed":
                    build.everything()
                for table in KEYS:
                    comparison = compare(warehouse, reference, table, history.project_ids)
                    assert not comparison.differences, f"{stage}: {comparison}"
                    rows[table] = comparison.rows
                for table in SOURCES:
                    assert wrongly_merged(warehouse, reference, table, history.project_ids) == []
    assert rows["events"] > 800_000
    assert min(rows.values()) > 0
