"""Lists of what can be asked about: definitions and properties, of the project that asks and no other."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.query.sample_projects import PRO, World


def test_a_project_lists_its_funnels_as_they_are_defined(answer: Callable[..., Any]) -> None:
    assert answer("shop", "funnels") == [
        {
            "funnel_id": "buying",
            "name": "Buying",
            "by": "device",
            "order": "ordered",
            "window_seconds": 3600,
            "breakdown": "",
            "steps": ["screen_view", "order"],
            "step_filters": [[], []],
        }
    ]
    assert [
        (funnel["steps"], funnel["step_filters"], funnel["breakdown"]) for funnel in answer("random", "funnels")
    ] == [
        (["a", "b", "c"], [[], [], []], ""),
        (["a", "b"], [[], []], "properties.plan"),
        (["a", "b"], [[PRO], []], ""),
    ]
    assert answer("plain", "funnels") == []


def test_a_project_lists_its_goals_and_retentions(answer: Callable[..., Any]) -> None:
    assert answer("shop", "goals") == [
        {"goal_id": "never", "name": "Never", "event": "never", "filters": []},
        {"goal_id": "orders", "name": "Orders", "event": "order", "filters": []},
    ]
    assert answer("shop", "retentions") == [
        {"retention_id": "orders_again", "name": "Orders_Again", "start_event": "order", "return_event": "order"}
    ]
    assert answer("plain", "goals") == answer("plain", "retentions") == []


@pytest.mark.parametrize("question", ["funnels", "goals", "retentions"])
def test_a_list_takes_a_limit_and_nothing_else(ask: Callable[..., httpx.Response], question: str) -> None:
    assert len(ask("shop", question, limit=1).json()["data"]) == 1
    assert ask("shop", question, limit=0).status_code == 400
    assert ask("shop", question, range="7d").json()["error"]["code"] == "parameter_invalid"


def test_the_keys_of_properties_come_with_how_many_events_have_them(answer: Callable[..., Any], world: World) -> None:
    events = world.history("random").events
    counted = Counter(key for event in events for key, value in event["properties"].items() if value is not None)
    found = answer("random", "properties", startDate="2026-01-01", endDate="2026-06-30")
    assert {row["key"]: row["events"] for row in found} == counted
    assert [row["events"] for row in found] == sorted(counted.values(), reverse=True)
    of_one_name = answer(
        "random",
        "properties",
        startDate="2026-01-01",
        endDate="2026-06-30",
        filters='[{"name": "name", "operator": "is", "value": ["a"]}]',
    )
    assert {row["names"] for row in of_one_name} == {1}
