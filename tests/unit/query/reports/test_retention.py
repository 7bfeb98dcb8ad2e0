"""Retention: the model against facts, and both against plain Python."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.unit.query.naive import FILTER_ALL, Takes, retention
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}

NUMBERS: dict[str, Callable[[date], int]] = {
    "day": date.toordinal,
    "week": lambda day: (day.toordinal() - 1) // 7,
    "month": lambda day: day.year * 12 + day.month,
}


def is_event(name: str | None) -> Takes:
    return lambda event: name is None or event["name"] == name


@pytest.mark.parametrize("period", ["day", "week", "month"])
@pytest.mark.parametrize("mode", ["first", "recurring"])
@pytest.mark.parametrize("criteria", ["on", "on_or_after"])
@pytest.mark.parametrize(
    ("by", "start", "back"), [("profile", None, None), ("profile", "a", "b"), ("device", "b", None)]
)
def test_cohorts_are_what_plain_python_counts(
    ask: Answer, world: World, period: str, mode: str, criteria: str, by: str, start: str | None, back: str | None
) -> None:
    written: dict[str, Any] = {"period": period, "mode": mode, "criteria": criteria, "by": by, "periods": 6}
    written |= {name: event for name, event in (("startEvent", start), ("returnEvent", back)) if event}
    response = ask("random", "retention", **written, **SEASON).json()
    number = NUMBERS[period]
    expected = retention(
        world.history("random"),
        number,
        mode=mode,
        criteria=criteria,
        by=by,
        starts=is_event(start),
        returns=is_event(back),
    )
    assert {number(date.fromisoformat(row["cohort"])) for row in response["data"]} == set(expected)
    for row in response["data"]:
        size, retained = expected[number(date.fromisoformat(row["cohort"]))]
        assert row["size"] == row["retained"][0] == size
        assert row["retained"] == [retained.get(at, 0) for at in range(7)]
        assert row["retention_rate"] == [pytest.approx(100 * count / size) for count in row["retained"]]
    is_plain = (mode, by, start) == ("first", "profile", None)
    assert response["meta"]["table"] == ("retention" if is_plain else "events")
    assert "left out" in response["meta"]["notes"][0]


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_the_model_and_the_facts_give_the_same_cohorts(answer: Answer, period: str) -> None:
    modelled = answer("random", "retention", period=period, **SEASON)
    assert modelled == answer("random", "retention", period=period, filters=FILTER_ALL, **SEASON)


def test_the_range_picks_cohorts_and_does_not_cut_their_returns(answer: Answer) -> None:
    everything = {row["cohort"]: row for row in answer("random", "retention", **SEASON)}
    picked = answer("random", "retention", startDate="2026-01-14", endDate="2026-01-20")
    assert [row["cohort"] for row in picked] == ["2026-01-12", "2026-01-19"]
    assert picked == [everything["2026-01-12"], everything["2026-01-19"]]
