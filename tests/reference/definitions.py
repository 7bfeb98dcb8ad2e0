"""The funnels, retention, cohorts and goals of made-up projects: every kind of rule at least once."""

import json

from tests.spec.random_definitions import random_definitions
from tests.spec.rows import Row

Filter = tuple[str, str, list[str]]
PRO: Filter = ("properties.plan", "is", ["pro"])
OF_NEWS: Filter = ("utm_source", "is", ["news", "none"])


def made_up_definitions() -> dict[str, list[Row]]:
    """Rows of `lens_raw.<kind>_definitions` by kind."""
    return random_definitions() | {
        "cohort": [
            _cohort("buyers", _did("purchase", "gte", 1)),
            _cohort("regulars", _did("screen_view", "gte", 3, 7)),
            _cohort("sleepers", _did("screen_view", "lte", 0, 2), _did("screen_view", "gte", 2)),
            _cohort("once", _did("signup", "eq", 1, 1, PRO), _did("purchase", "eq", 2), match="any"),
            _cohort(
                "known_readers", _known(("is_identified", "is", ["true"])), _did("page_view", "gte", 2, 30, OF_NEWS)
            ),
            _cohort("early", _did("screen_view", "gte", 1) | {"start_date": "2026-01-01", "end_date": "2026-02-04"}),
            _cohort(
                "late_once",
                _did("screen_view", "eq", 1, 3) | {"start_date": "2026-02-03"},
                _did("purchase", "lte", 0) | {"end_date": "2026-02-05"},
            ),
            _cohort("mail", _known(("email", "endsWith", ["@example.org"])), _known(("event_count", "gt", ["4"]))),
            _cohort("pro", _known(("properties.plan", "is", ["pro"])), _did("screen_view", "gte", 1, 3)),
            _cohort(
                "spenders",
                _known(("properties.credits", "gte", ["1"]), ("groups", "isNot", ["g3"])),
                _known(("session_count", "lt", ["3"]), ("revenue", "gt", ["9"])),
                match="any",
            ),
            _cohort("grouped", _known(("groups", "contains", ["g"]), ("properties.stats.visits", "gte", ["1"]))),
        ],
        "goal": [
            _goal("purchase", "purchase"),
            _goal("big", "purchase", ("revenue", "gt", ["5"])),
            _goal("not_pro", "signup", ("properties.plan", "isNot", ["pro", "free"]), ("path", "regex", ["^/[ab]"])),
        ],
    }


def _filters(filters: tuple[Filter, ...]) -> list[Row]:
    return [{"name": name, "operator": operator, "value": value} for name, operator, value in filters]


def _did(event: str, operator: str, value: int, within_days: int | None = None, *filters: Filter) -> Row:
    count = {"operator": operator, "value": value}
    return {"event": event, "filters": _filters(filters), "count": count, "within_days": within_days}


def _known(*filters: Filter) -> Row:
    return {"profile": _filters(filters)}


def _cohort(cohort_id: str, *criteria: Row, match: str = "all") -> Row:
    return {"cohort_id": cohort_id, "name": cohort_id.title(), "criteria": json.dumps(criteria), "match": match}


def _goal(goal_id: str, event_name: str, *filters: Filter) -> Row:
    return {"goal_id": goal_id, "name": goal_id, "event_name": event_name, "filters": json.dumps(_filters(filters))}
