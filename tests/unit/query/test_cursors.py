"""A cursor is of one question: the same list of another question refuses it, and its own takes it on every day."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from event_lens.errors import Refused
from query.report_context import ProjectScope
from query.reports import REPORTS
from tests.unit.query.test_export import SEASON

Ask = Callable[..., httpx.Response]
PATH = '[{"name": "path", "operator": "is", "value": "/"}]'
STEPS = {"steps": [{"name": "a"}, {"name": "never"}], "step": 1, **SEASON}
SUBJECT = ProjectScope("project", ZoneInfo("Europe/Berlin"), "")
NOW, DAY = 1_800_000_000_000, 86_400_000


@pytest.mark.parametrize(
    ("address", "written", "others"),
    [
        ("sessions", SEASON, [{"startDate": "2026-01-02"}, {"range": "7d"}, {"filters": PATH}, {"freshness": "live"}]),
        ("profiles", {"sort": "revenue"}, [{"sort": "name"}, {"order": "asc"}, {"search": "a"}]),
        ("cohorts/active/members", {"asOf": "2026-02-10"}, []),
    ],
)
def test_a_cursor_is_refused_by_another_question(
    ask: Ask, address: str, written: dict[str, str], others: list[dict[str, str]]
) -> None:
    cursor = ask("random", address, limit=1, **written).json()["meta"]["nextCursor"]
    own = {name: value for name, value in written.items() if name != "asOf"} | {"cursor": cursor}
    for limit in (1, 2):
        assert len(ask("random", address, **own, limit=limit).json()["data"]) == limit
    for other in others:
        changed = {name: value for name, value in own.items() if not name.endswith("Date")} | other
        refused = ask("random", address, **changed)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "cursor_invalid"), other
    for foreign in ("profiles/user-1/timeline", "sessions", "groups", "cohorts/others/members"):
        if foreign != address:
            assert ask("random", foreign, cursor=cursor).json()["error"]["code"] == "cursor_invalid"


@pytest.mark.parametrize(
    ("name", "body", "others"),
    [
        (
            "query",
            {"metrics": ["total_events"], "dimensions": ["path"], **SEASON},
            [{"metrics": ["total_events", "people"]}, {"endDate": "2026-05-30"}, {"dimensions": ["name"]}],
        ),
        ("funnel/dropped", STEPS, [{"window_seconds": 5}, {"startDate": "2026-01-02"}]),
    ],
)
def test_a_cursor_is_refused_by_another_body(
    ask: Ask, name: str, body: dict[str, Any], others: list[dict[str, Any]]
) -> None:
    own = body | {"cursor": ask("random", name, body | {"limit": 1}).json()["meta"]["nextCursor"]}
    assert ask("random", name, own).json()["data"] == ask("random", name, body).json()["data"][1:]
    for other in others:
        refused = ask("random", name, own | other)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "cursor_invalid"), other
        assert "send the other parameters as for the first page" in refused.json()["error"]["message"]


@pytest.mark.parametrize("period", [{"range": "7d"}, {}])
def test_a_cursor_of_a_period_that_ends_today_is_taken_after_midnight(period: dict[str, str]) -> None:
    report = REPORTS["sessions"]
    first, _ = report.questions(SUBJECT, report.read(period | {"limit": 1}), NOW)
    assert first.next_cursor is not None
    cursor = first.next_cursor([{"started_ms": NOW - DAY, "id": f"{number}"} for number in (2, 1)])
    report.questions(SUBJECT, report.read(period | {"limit": 1, "cursor": cursor}), NOW + DAY)
    with pytest.raises(Refused, match="not one of this question"):
        report.questions(SUBJECT, report.read({"range": "8d", "limit": 1, "cursor": cursor}), NOW)
