"""Which tests run in one process when pytest has several (`--dist loadgroup`), and which of them begin first."""

from collections.abc import Iterable

import pytest

# Each takes long to make, so the files that use one share a process; without such a fixture a file has its own turn.
COSTLY = ("world", "spec", "house", "filled", "behind")

# By file or fixture: what begins last should not be what takes longest.
SLOWEST_FIRST = (
    "world",
    "house",
    "spec",
    "tests/end_to_end/test_up.py",
    "tests/crashes/test_rounds.py",
    "tests/crashes/test_outages.py",
    "tests/crashes/test_crashes.py",
    "tests/reference/test_made_up.py",
    "tests/warehouse/test_leaving.py",
    "filled",
    "tests/targets/test_targets.py",
    "tests/warehouse/test_process.py",
    "tests/end_to_end/test_demo.py",
)


def share_out(items: list[pytest.Item]) -> None:
    """Mark each test with its group, which one process runs, and put the slowest groups first."""
    used: dict[str, set[str]] = {}
    for item in items:
        used.setdefault(_file(item), set()).update(getattr(item, "fixturenames", ()))
    groups = {file: _first(COSTLY, names) or file for file, names in used.items()}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[_file(item)]))
    turns = {group: turn for turn, group in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: turns.get(groups[_file(item)], len(turns)))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _first(names: Iterable[str], among: set[str]) -> str | None:
    return next((name for name in names if name in among), None)
