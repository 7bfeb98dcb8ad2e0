"""Metrics and series."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.query.world import World
from tests.spec.reference import rollups
from tests.spec.reference.sessions import history
from tests.spec.rows import Row

Answer = Callable[..., Any]
MARCH = {"startDate": "2026-03-02", "endDate": "2026-03-03"}


def test_metrics_of_a_small_project_are_those_counted_by_hand(answer: Answer) -> None:
    assert answer("plain", "metrics", **MARCH) == {
        "unique_visitors": 3,
        "people": 3,
        "total_sessions": 4,
        "total_screen_views": 4,
        "total_events": 8,
        "avg_session_duration": (180 + 0 + 30 + 0) / 4,
        "bounce_rate": 50.0,
        "views_per_session": 1.0,
        "total_revenue": 20.5,
    }
