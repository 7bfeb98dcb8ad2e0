"""What dbt is asked to do."""

import json
from datetime import date

import pytest

from orchestration.dbt_args import dbt_args


def test_a_build_names_every_day() -> None:
    arguments = dbt_args("daily", [date(2026, 1, 1), date(2026, 1, 3)], [date(2026, 1, 4)], is_full_refresh=False)
    assert arguments[:2] == ["build", "--vars"]
    assert json.loads(arguments[2]) == {"days": ["2026-01-01", "2026-01-03"], "receive_days": ["2026-01-04"]}


def test_a_full_refresh_names_no_day() -> None:
    assert dbt_args("facts", [date(2026, 1, 1)], [], is_full_refresh=True) == ["build", "--full-refresh"]


def test_there_is_no_other_phase() -> None:
    with pytest.raises(ValueError, match="hourly"):
        dbt_args("hourly", [], [], is_full_refresh=False)
