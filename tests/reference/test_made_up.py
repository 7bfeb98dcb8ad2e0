"""Made-up events, landed in two parts in random order, equal the reference row by row (`make reference`: a million)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import EmbeddedServer
from tests.reference.keys import KEYS
from tests.reference.made_up import hold

VISITS, DAYS = 5_000, 30


@pytest.mark.timeout(600)
def test_made_up_events_equal_the_reference_incrementally_and_after_a_full_refresh(
    start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path
) -> None:
    url = start_embedded(tmp_path / "home").wait().url
    rows = {}
    for stage, comparison, wrong_sums in hold(url, tmp_path / "dbt", VISITS, DAYS):
        assert not comparison.differences, f"{stage}: {comparison}"
        assert wrong_sums == []
        rows[stage, comparison.table] = comparison.rows
    assert {table for _, table in rows} == set(KEYS)
    assert rows["refreshed", "events"] > 4 * VISITS
    assert min(rows.values()) > 0
