"""What dbt is asked to do, decided by pure functions."""

import json
from collections.abc import Sequence
from datetime import date

PHASES = ("facts", "daily", "folded")


def dbt_args(phase: str, days: Sequence[date], receive_days: Sequence[date], *, is_full_refresh: bool) -> list[str]:
    """The arguments of the `dbt build` of one phase. The selection of models is added by dagster-dbt.

    The variables name every day to rebuild; a full refresh names none and takes them all.
    """
    if phase not in PHASES:
        raise ValueError(f"no such phase: {phase}")
    if is_full_refresh:
        return ["build", "--full-refresh"]
    variables = {
        "days": [day.isoformat() for day in days],
        "receive_days": [day.isoformat() for day in receive_days],
    }
    return ["build", "--vars", json.dumps(variables)]
