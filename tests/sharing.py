"""Which tests run in one process when pytest has several, and which of them begin first."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Groups of files that share a fixture that takes long to make. Every other file is a group of its own.
TOGETHER = {
    "tests/unit/query/": "query",
    "tests/shards/": "shards",
    "tests/deploy/": "deploy",
    "tests/spec/test_spec.py": "spec",
    "tests/spec/test_waiting.py": "spec",
    "tests/end_to_end/test_backup.py": "end to end",
    "tests/end_to_end/test_event_to_number.py": "end to end",
    "tests/end_to_end/test_import.py": "end to end",
    "tests/end_to_end/test_lake.py": "end to end",
    "tests/end_to_end/test_sql_clients.py": "end to end",
    "tests/end_to_end/test_sql_users.py": "end to end",
}

# The slowest files should not begin last.
SLOWEST_FIRST = (
    "query",
    "end to end",
    "spec",
    "tests/end_to_end/test_up.py",
    "tests/crashes/test_outages.py",
    "tests/crashes/test_crashes.py",
    "tests/warehouse/test_leaving.py",
    "shards",
    "tests/targets/test_targets.py",
    "tests/warehouse/test_process.py",
    "tests/end_to_end/test_demo.py",
)


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a process the tests of a whole file, or of files that share a fixture, in the order they are sorted in."""

    def __init__(self, config: pytest.Config, log: Producer | None) -> None:
        # Otherwise the files with the most tests come first.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The group that a test is run in."""
    file = nodeid.partition("::")[0]
    return next((group for beginning, group in TOGETHER.items() if file.startswith(beginning)), file)


def sort_slowest_first(items: list[pytest.Item]) -> None:
    """Put the slowest groups first, and each group's tests side by side."""
    turns = {group: turn for turn, group in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: turns.get(group_of(item.nodeid), len(turns)))
