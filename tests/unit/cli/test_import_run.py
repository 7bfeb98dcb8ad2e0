"""What an import tells of its lines adds up to those it read."""

import io
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from cli.console import console
from cli.import_run import _say
from collector.imports.record import new_record
from collector.imports.run import Report


def test_lines_of_a_resumed_import_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    record = new_record("p", "access-log", ["/logs/access.log"], 0)
    record.line_count, record.known_count, record.event_count, record.bot_count = 100, 60, 95, 30
    report = Report(
        bot_kinds=Counter(crawler=10),
        names=Counter({"screen_view": 13} | {f"name {number}": 1 for number in range(12)}),
        unreadable_kinds=Counter(log_line_unreadable=5),
    )
    written = io.StringIO()
    monkeypatch.setattr(console, "file", written)
    run: Any = SimpleNamespace(record=record, report=report)
    _say(run, 1.0, is_dry=False)
    counts = [int(number) for number in re.findall(r"│\s+(\d+) │", written.getvalue())]
    assert counts[0] == sum(counts[1:]) == 100
    assert "other events" in written.getvalue()
