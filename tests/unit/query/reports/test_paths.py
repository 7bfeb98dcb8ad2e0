"""Paths and the Sankey chart: by hand, and as the plainest SQL on `lens` and a walk over it in Python say."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import groupby, pairwise
from typing import Any

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
Ask = Callable[..., httpx.Response]
MAY = {"startDate": "2026-05-01", "endDate": "2026-05-31"}
SEASON = {"startDate": "2026-01-01", "endDate": "2026-06-30"}
VISITS = """
SELECT groupArray(path) AS views, any(seconds) AS seconds FROM
(
    SELECT toString(session_id) AS session, path FROM lens.events
    WHERE project_id = {project:String} AND is_screen_view ORDER BY created_at, toUInt128(event_id)
) AS views
INNER JOIN (SELECT toString(session_id) AS session, duration_seconds AS seconds FROM lens.sessions) AS visits
USING (session)
GROUP BY session
"""


def sequences(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(" ".join(row["path_sequence"]), row["frequency"]) for row in rows]


def test_sequences_fold_repeated_pages_and_the_most_frequent_come_first(answer: Answer) -> None:
    rows = answer("shop", "paths", **MAY)
    assert sequences(rows) == [
        ("/ /order", 1),
        ("/ /pricing", 1),
        ("/ /pricing /order", 1),
        ("/blog", 1),
        ("/order", 1),
    ]
    assert [row["avg_duration_seconds"] for row in rows] == [600, 120, 240, 0, 600]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"maxSteps": 1}, [("/", 3), ("/blog", 1), ("/order", 1)]),
        ({"maxSteps": 2}, [("/ /pricing", 2), ("/ /order", 1), ("/blog", 1), ("/order", 1)]),
        ({"startPath": "/pricing"}, [("/pricing", 1), ("/pricing /order", 1)]),
        ({"endPath": "/order"}, [("/ /order", 1), ("/ /pricing /order", 1), ("/order", 1)]),
        ({"endPath": "/order", "maxSteps": 2}, [("/ /order", 1), ("/order", 1)]),
        ({"startPath": "/", "endPath": "/order"}, [("/ /order", 1), ("/ /pricing /order", 1)]),
        ({"startPath": "/order", "endPath": "/order"}, []),
        ({"include": "/pricing"}, [("/ /pricing", 1), ("/ /pricing /order", 1)]),
        ({"exclude": "/pricing"}, [("/ /order", 1), ("/blog", 1), ("/order", 1)]),
        ({"limit": 1}, [("/ /order", 1)]),
        ({"filters": json.dumps([{"name": "device_id", "operator": "is", "value": ["d2"]}])}, [("/ /pricing", 1)]),
        ({"startPath": "/nowhere"}, []),
    ],
)
def test_sequences_meet_every_condition_of_the_question(answer: Answer, written: Any, expected: list[Any]) -> None:
    assert sequences(answer("shop", "paths", **written, **MAY)) == expected


def test_a_sankey_has_the_moves_by_step_and_how_many_reached_each_stop(answer: Answer) -> None:
    assert answer("shop", "sankey", **MAY) == {
        "nodes": [
            {"step": 1, "path": "/", "sessions": 3},
            {"step": 2, "path": "/order", "sessions": 1},
            {"step": 2, "path": "/pricing", "sessions": 2},
            {"step": 3, "path": "/order", "sessions": 1},
        ],
        "links": [
            {"step": 1, "source": "/", "target": "/pricing", "value": 2},
            {"step": 1, "source": "/", "target": "/order", "value": 1},
            {"step": 2, "source": "/pricing", "target": "/order", "value": 1},
        ],
    }


@pytest.mark.parametrize(("written", "links"), [({"maxSteps": 2}, 2), ({"limit": 1}, 1), ({"maxSteps": 20}, 3)])
def test_a_sankey_shows_no_more_than_was_asked(answer: Answer, written: Any, links: int) -> None:
    assert len(answer("shop", "sankey", **written, **MAY)["links"]) == links


@pytest.mark.parametrize(
    ("question", "written", "code"),
    [
        ("paths", {"maxSteps": 0}, "max_steps_invalid"),
        ("paths", {"maxSteps": 21}, "max_steps_invalid"),
        ("sankey", {"maxSteps": 1}, "max_steps_invalid"),
        ("sankey", {"range": "24h"}, "period_invalid"),
        ("sankey", {"filters": "[]"}, "parameter_invalid"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(ask: Ask, question: str, written: Any, code: str) -> None:
    response = ask("shop", question, **written)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_without_page_views_the_answer_is_empty(answer: Answer) -> None:
    assert answer("empty", "paths", **MAY) == []
    assert answer("empty", "sankey", **MAY) == {"nodes": [], "links": []}


@pytest.mark.parametrize("project", ["shop", "random"])
def test_the_plainest_sql_gives_the_same(answer: Answer, world: World, warehouse: Warehouse, project: str) -> None:
    frequency, seconds, moves = Counter[str](), Counter[str](), Counter[tuple[int, str, str]]()
    for visit in warehouse.rows(VISITS, {"project": world.projects[project].project_id}):
        stops = [path for path, _ in groupby(visit["views"])][:5]
        frequency[" ".join(stops)] += 1
        seconds[" ".join(stops)] += visit["seconds"]
        moves.update((step, *move) for step, move in enumerate(pairwise(stops), 1))
    rows = answer(project, "paths", limit=10_000, **SEASON)
    assert dict(sequences(rows)) == frequency
    for row in rows:
        told = " ".join(row["path_sequence"])
        assert row["avg_duration_seconds"] == pytest.approx(seconds[told] / frequency[told])
    links = answer(project, "sankey", limit=10_000, **SEASON)["links"]
    assert {(link["step"], link["source"], link["target"]): link["value"] for link in links} == moves
    assert moves
