"""What dbt is asked to do, decided by pure functions."""

import json
from collections.abc import Sequence
from datetime import date

DAYS, RECEIVE_DAYS = "EVENTLENS_DBT_DAYS", "EVENTLENS_DBT_RECEIVE_DAYS"


def dbt_args(*, is_full_refresh: bool) -> list[str]:
    """The arguments of a `dbt build`; dagster-dbt adds which models."""
    return ["build", "--full-refresh"] if is_full_refresh else ["build"]


def dbt_days(days: Sequence[date], receive_days: Sequence[date]) -> dict[str, str]:
    """The environment that names every day to rebuild; a full refresh names none and takes them all.

    Not `--vars`: new ones make dbt parse the whole project again in every phase.
    """
    return {
        DAYS: json.dumps([day.isoformat() for day in days]),
        RECEIVE_DAYS: json.dumps([day.isoformat() for day in receive_days]),
    }
