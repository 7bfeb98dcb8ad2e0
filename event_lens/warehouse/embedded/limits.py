"""How much one statement may take, and which settings each user may send."""

import re
from collections.abc import Mapping

from event_lens.warehouse.embedded.catalog import table_filters
from event_lens.warehouse.embedded.failure import READONLY, failure
from event_lens.warehouse.embedded.request import ANALYST, Request

SETTING_CONSTRAINT_VIOLATION = 452

# How many questions of the analyst run at a time, and how long the next one waits for its turn.
ANALYST_TURNS = 4
ANALYST_WAITS_SECONDS = 30.0

# The owner's builds may be long, but nothing runs for ever; inserts are cut smaller than on a server's machine.
_OWNER_DEFAULTS = {
    "max_execution_time": "600",
    "max_insert_block_size": "131072",
    "min_insert_block_size_rows": "262144",
    "min_insert_block_size_bytes": "67108864",
}

_ANALYST_LIMITS = {
    "max_execution_time": 60,
    "max_result_rows": 1_000_000,
    "max_result_bytes": 1_000_000_000,
    "max_threads": 2,
    "max_rows_to_read": 1_000_000_000,
}
_MOST_ANALYST_MEMORY_BYTES = 2_000_000_000
_ANALYST_MODES = {
    "additional_table_filters": table_filters(),
    "result_overflow_mode": "throw",
    "timeout_overflow_mode": "throw",
    "max_temporary_data_on_disk_size_for_query": "4000000000",
    "allow_introspection_functions": "0",
}
_ANALYST_MAY_SEND = re.compile(
    r"output_format_(json|csv|tsv|arrow|parquet|native|pretty|decimal|bool|null)_\w+|date_time_output_format"
    r"|join_use_nulls|session_timezone|extremes|max_block_size|prefer_column_name_to_alias"
)


def limits_of(user: str, memory_bytes: int) -> dict[str, str]:
    """The settings a connection of `user` begins with; `memory_bytes` is what all statements may take together."""
    if user == ANALYST:
        return {**{name: str(limit) for name, limit in _analyst_limits(memory_bytes).items()}, **_ANALYST_MODES}
    return {"max_memory_usage": str(_most_of_one(memory_bytes)), **_OWNER_DEFAULTS}


def settings_of(request: Request, memory_bytes: int) -> dict[str, str]:
    """The settings `request` brings. Raises `StatementError` for one its user may not send."""
    if request.user != ANALYST:
        return request.settings | _less_memory(request.settings, _most_of_one(memory_bytes))
    limits = _analyst_limits(memory_bytes)
    settings: dict[str, str] = {}
    for name, value in request.settings.items():
        if name in limits:
            settings[name] = _within(name, value, limits[name])
        elif _ANALYST_MAY_SEND.fullmatch(name):
            settings[name] = value
        elif name != "readonly" or value not in ("1", "2"):
            raise failure(READONLY, "READONLY", f"Cannot modify '{name}' setting in readonly mode.")
    return settings


def _most_of_one(memory_bytes: int) -> int:
    """What one statement of the owner may take, so that a large one fails before it takes the memory of landings."""
    return memory_bytes * 3 // 4


def _less_memory(settings: Mapping[str, str], most: int) -> dict[str, str]:
    """`max_memory_usage` where `settings` ask for more than `most` bytes, or for no limit."""
    asked = settings.get("max_memory_usage")
    return {} if asked is None or (asked.isdigit() and 0 < int(asked) <= most) else {"max_memory_usage": str(most)}


def _analyst_limits(memory_bytes: int) -> dict[str, int]:
    """All questions at a time take half of the memory at most, so that inserts and builds go on."""
    return {"max_memory_usage": min(_MOST_ANALYST_MEMORY_BYTES, memory_bytes // 2 // ANALYST_TURNS), **_ANALYST_LIMITS}


def _within(name: str, value: str, most: int) -> str:
    if not value.isdigit() or not 0 < int(value) <= most:
        raise failure(
            SETTING_CONSTRAINT_VIOLATION,
            "SETTING_CONSTRAINT_VIOLATION",
            f"Setting {name} shouldn't be greater than {most} or unlimited.",
        )
    return value
