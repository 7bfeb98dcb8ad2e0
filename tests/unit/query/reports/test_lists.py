"""The list of defined funnels, of the project that asks and no other."""

from collections.abc import Callable
from typing import Any

import httpx


def test_a_project_lists_its_funnels_as_they_are_defined(answer: Callable[..., Any]) -> None:
    assert answer("shop", "funnels") == [
        {
            "funnel_id": "buying",
            "name": "Buying",
            "by": "device",
            "order": "ordered",
            "window_seconds": 3600,
            "steps": ["screen_view", "order"],
        }
    ]
    assert answer("random", "funnels")[0]["steps"] == ["a", "b", "c"]
    assert answer("plain", "funnels") == []


def test_the_list_takes_a_limit_and_nothing_else(ask: Callable[..., httpx.Response]) -> None:
    assert ask("shop", "funnels", limit=1).status_code == 200
    assert ask("shop", "funnels", limit=0).status_code == 400
    assert ask("shop", "funnels", range="7d").json()["error"]["code"] == "parameter_invalid"
