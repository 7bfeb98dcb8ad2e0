"""Stored definitions whose patterns would be refused today: an earlier version took them."""

from collections.abc import Iterator
from typing import Any

from event_lens.contract.regex import check_patterns
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.store import listed
from event_lens.registry.tables import Cohort, Funnel, Goal


def find_refused_patterns(registry: Registry) -> Iterator[tuple[str, str]]:
    """Yield the id of each definition with such patterns, and why they are refused."""
    stored = [(each.goal_id, each.filters) for each in listed(registry, Goal, None)]
    stored += [(each.funnel_id, each.step_filters) for each in listed(registry, Funnel, None)]
    stored += [(each.cohort_id, each.criteria) for each in listed(registry, Cohort, None)]
    for definition_id, parts in stored:
        try:
            for patterns in _lists_of_patterns(parts):
                check_patterns(patterns)
        except Refused as refused:
            yield definition_id, refused.message


def _lists_of_patterns(part: Any) -> Iterator[list[str]]:
    """Yield the patterns of each list of filters within a definition's stored form."""
    if isinstance(part, list):
        filters = [each for each in part if isinstance(each, dict) and each.get("operator") == "regex"]
        yield [pattern for each in filters for pattern in each["value"]]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _lists_of_patterns(inner)
