"""What dbt is asked to do."""

import json
from datetime import date

from orchestration.dbt_args import dbt_args, dbt_days


def test_a_build_names_every_day_and_where_it_is_cut() -> None:
    named = dbt_days([date(2026, 1, 1), date(2026, 1, 3)], [date(2026, 1, 4)], [date(2026, 1, 1)])
    assert {name: json.loads(value) for name, value in named.items()} == {
        "EVENTLENS_DBT_DAYS": ["2026-01-01", "2026-01-03"],
        "EVENTLENS_DBT_RECEIVE_DAYS": ["2026-01-04"],
        "EVENTLENS_DBT_CHUNK_ENDS": ["2026-01-01"],
    }


def test_only_a_full_refresh_passes_the_flag() -> None:
    build = ["build", "--exclude-resource-type", "unit_test"]
    assert dbt_args(is_full_refresh=True) == [*build, "--full-refresh"]
    assert dbt_args(is_full_refresh=False) == build
