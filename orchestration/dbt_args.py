"""The arguments and environment of dbt, decided by pure functions."""

import json
from collections.abc import Sequence
from datetime import date

DAYS, RECEIVE_DAYS, CHUNK_ENDS = "EVENTLENS_DBT_DAYS", "EVENTLENS_DBT_RECEIVE_DAYS", "EVENTLENS_DBT_CHUNK_ENDS"
PLAN = "EVENTLENS_DBT_PLAN"
"""The id of the build's plan: the tests of the models ask it what had landed before."""


def dbt_args(*, is_full_refresh: bool) -> list[str]:
    """Return the arguments of a `dbt build`; dagster-dbt adds the models. Unit tests are excluded: only developers of
    models run them.
    """
    build = ["build", "--exclude-resource-type", "unit_test"]
    return [*build, "--full-refresh"] if is_full_refresh else build


def dbt_days(days: Sequence[date], receive_days: Sequence[date], chunk_ends: Sequence[date]) -> dict[str, str]:
    """Return the environment that names every day to rebuild, and the days at which inserts are split. A full refresh
    names no days.

    The days are not passed as `--vars`, because new vars make dbt parse the whole project again in every phase.
    """
    named = {DAYS: days, RECEIVE_DAYS: receive_days, CHUNK_ENDS: chunk_ends}
    return {name: json.dumps([day.isoformat() for day in listed]) for name, listed in named.items()}
