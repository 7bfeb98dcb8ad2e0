"""Cohorts: profiles that did something often enough, or of whom something is known."""

from typing import Any, Literal, get_args

import msgspec

from event_lens.contract.filters import WrittenFilter
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.filters import event_filters, profile_filters
from event_lens.registry.definitions.store import checked_event, checked_name, keep, listed, new_id, now, remove
from event_lens.registry.tables import Cohort

Match = Literal["all", "any"]
CountOperator = Literal["gte", "lte", "eq"]

MOST_CRITERIA = 20
LARGEST_COUNT = 1_000_000
LONGEST_DAYS = 3_660


class Count(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How often: at least, at most or exactly `value` times."""

    operator: str = "gte"
    value: int = 1


class Criterion(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A criterion as callers write it: an event, how often and within how many days; or filters on the profile."""

    event: str | None = None
    filters: list[WrittenFilter] | None = None
    count: Count | None = None
    within_days: int | None = None
    profile: list[WrittenFilter] | None = None


def create_cohort(
    registry: Registry, project_id: str, name: str, criteria: tuple[Criterion, ...], *, match: str = "all"
) -> Cohort:
    """The profiles for which all or any of 1 to 20 criteria are true. Raises `Refused`."""
    if not 1 <= len(criteria) <= MOST_CRITERIA:
        raise _invalid(f"A cohort has 1 to {MOST_CRITERIA} criteria, not {len(criteria)}.")
    if match not in get_args(Match):
        raise _invalid(f"A cohort matches {' or '.join(get_args(Match))} of its criteria, not {match!r}.")
    cohort = Cohort(
        cohort_id=new_id("cohort"),
        project_id=project_id,
        name=checked_name("cohort", name),
        criteria=[_stored(criterion) for criterion in criteria],
        match=match,
        created_at=now(),
    )
    return keep(registry, cohort)


def read_criteria(text: str) -> tuple[Criterion, ...]:
    """The criteria of a JSON array. Raises `Refused` (`cohort_invalid`) when it is none."""
    try:
        return tuple(msgspec.json.decode(text.encode(), type=list[Criterion]))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _invalid(
            "The criteria are a JSON array of {event, filters, count: {operator, value}, within_days} "
            f"or {{profile: [filters]}}: {error}."
        ) from error


def list_cohorts(registry: Registry, project_id: str | None = None) -> list[Cohort]:
    return listed(registry, Cohort, project_id)


def remove_cohort(registry: Registry, cohort_id: str) -> Cohort:
    """The cohort that was removed; the next build leaves it out. Raises `Refused` (`cohort_unknown`)."""
    return remove(registry, Cohort, "cohort", cohort_id)


def _stored(written: Criterion) -> dict[str, Any]:
    if written.event is None:
        if not written.profile or (written.filters, written.count, written.within_days) != (None, None, None):
            raise _invalid("A criterion is of an event or has filters on the profile.")
        return {"profile": profile_filters(written.profile)}
    if written.profile is not None:
        raise _invalid("A criterion is of an event or of the profile, not of both; write two.")
    count, days = written.count or Count(), written.within_days
    if count.operator not in get_args(CountOperator):
        raise _invalid(f"A count is {', '.join(get_args(CountOperator))}, not {count.operator!r}.")
    fewest = 1 if count.operator == "gte" else 0
    if not fewest <= count.value <= LARGEST_COUNT:
        raise _invalid(f"A count with {count.operator} is {fewest} to {LARGEST_COUNT}, not {count.value}.")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise _invalid(f"A criterion reaches over 1 to {LONGEST_DAYS} days, not {days}.")
    return {
        "event": checked_event("cohort", written.event),
        "filters": event_filters(written.filters or []),
        "count": {"operator": count.operator, "value": count.value},
        "within_days": days,
    }


def _invalid(message: str) -> Refused:
    return Refused(message, code="cohort_invalid")
