"""Finds stored definitions whose patterns would be refused today, because an earlier version accepted them."""

from collections.abc import Iterator

from event_lens.contract.regex import check_patterns
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.filters import lists_of_filters
from event_lens.registry.definitions.store import listed
from event_lens.registry.tables import Cohort, Funnel, Goal


def find_refused_patterns(registry: Registry) -> Iterator[tuple[str, str]]:
    """Yield the id of each definition with refused patterns, and the reason."""
    stored = [(each.goal_id, each.filters) for each in listed(registry, Goal, None)]
    stored += [(each.funnel_id, each.step_filters) for each in listed(registry, Funnel, None)]
    stored += [(each.cohort_id, each.criteria) for each in listed(registry, Cohort, None)]
    for definition_id, parts in stored:
        try:
            for filters in lists_of_filters(parts):
                check_patterns(value for each in filters if each["operator"] == "regex" for value in each["value"])
        except Refused as refused:
            yield definition_id, refused.message
