"""Cohorts: profiles that did an event often enough, or whose traits pass filters."""

from datetime import date
from typing import Any, Literal, get_args

import msgspec

from event_lens.contract.filters import RawFilter
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.filters import event_filters, profile_filters
from event_lens.registry.definitions.store import checked_event, checked_name, keep, listed, new_id, now, remove
from event_lens.registry.tables import Cohort

Match = Literal["all", "any"]
CountOperator = Literal["gte", "lte", "eq"]

MAX_CRITERIA = 20
MAX_COUNT = 1_000_000
MAX_DAYS = 3_660
# The range of the warehouse's dates.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2148, 12, 31)


class Count(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How often: at least, at most or exactly `value` times."""

    operator: str = "gte"
    value: int = 1


class Criterion(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A criterion as callers write it: an event, how often, within how many days; or filters on the profile.

    `start_date` and `end_date` are the first and the last local date of the events that it counts.
    """

    event: str | None = None
    filters: list[RawFilter] | None = None
    count: Count | None = None
    within_days: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    profile: list[RawFilter] | None = None


def create_cohort(
    registry: Registry, project_id: str, name: str, criteria: tuple[Criterion, ...], *, match: str = "all"
) -> Cohort:
    """Create a cohort of the profiles that meet all or any of 1 to 20 criteria, and return it. Raises `Refused`."""
    if not 1 <= len(criteria) <= MAX_CRITERIA:
        raise _invalid(f"A cohort has 1 to {MAX_CRITERIA} criteria, not {len(criteria)}.")
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
    """Return the criteria in a JSON array. Raises `Refused` (`cohort_invalid`) for anything else."""
    try:
        return tuple(msgspec.json.decode(text.encode(), type=list[Criterion]))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _invalid(
            "The criteria are a JSON array of {event, filters, count: {operator, value}, within_days, start_date, "
            f"end_date}} or {{profile: [filters]}}: {error}."
        ) from error


def list_cohorts(registry: Registry, project_id: str | None = None) -> list[Cohort]:
    return listed(registry, Cohort, project_id)


def remove_cohort(registry: Registry, cohort_id: str, project_id: str | None = None) -> Cohort:
    """Remove a cohort and return it; the next build leaves it out. Raises `Refused` (`cohort_unknown`)."""
    return remove(registry, Cohort, "cohort", cohort_id, project_id)


def _stored(written: Criterion) -> dict[str, Any]:
    if written.event is None:
        of_events = (written.filters, written.count, written.within_days, written.start_date, written.end_date)
        if not written.profile or any(part is not None for part in of_events):
            raise _invalid("A criterion is of an event or has filters on the profile.")
        return {"profile": profile_filters(written.profile)}
    if written.profile is not None:
        raise _invalid("A criterion is of an event or of the profile, not of both; write two.")
    count, days = written.count or Count(), written.within_days
    if count.operator not in get_args(CountOperator):
        raise _invalid(f"A count is {', '.join(get_args(CountOperator))}, not {count.operator!r}.")
    fewest = 1 if count.operator == "gte" else 0
    if not fewest <= count.value <= MAX_COUNT:
        raise _invalid(f"A count with {count.operator} is {fewest} to {MAX_COUNT}, not {count.value}.")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise _invalid(f"A criterion reaches over 1 to {MAX_DAYS} days, not {days}.")
    return {
        "event": checked_event("cohort", written.event),
        "filters": event_filters(written.filters or []),
        "count": {"operator": count.operator, "value": count.value},
        "within_days": days,
        **_dates(written),
    }


def _dates(written: Criterion) -> dict[str, str]:
    """Return the dates that are given, by name. Raises `Refused` (`cohort_invalid`) for a range without a day and
    for dates out of bounds.
    """
    start, end = written.start_date, written.end_date
    if any(day is not None and not FIRST_DAY <= day <= LAST_DAY for day in (start, end)):
        raise _invalid(f"The dates of a criterion lie between {FIRST_DAY} and {LAST_DAY}.")
    if start is not None and end is not None and start > end:
        raise _invalid("A criterion's start_date is not after its end_date.")
    return {name: day.isoformat() for name, day in (("start_date", start), ("end_date", end)) if day is not None}


def _invalid(message: str) -> Refused:
    return Refused(message, code="cohort_invalid")
