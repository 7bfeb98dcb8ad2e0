"""Definitions: funnels, retentions, goals and cohorts of the project. The next build fills or empties their tables."""

from collections.abc import Callable
from typing import Annotated, Any, get_args

import msgspec

from event_lens.contract.filters import RawFilter
from event_lens.registry.database import Registry
from event_lens.registry.definitions import cohorts, funnels, goals, retentions
from event_lens.registry.tables import Cohort, Funnel, Goal, Retention
from query.manage.action import CREATED, Action, Asker, instant
from query.parameters import NoParameters, one_of
from query.shapes import DateTime, Shape, StoredFilter


class StoredStep(Shape):
    """A step: an event name and its filters."""

    name: str
    filters: list[StoredFilter]


class FunnelAnswer(Shape, kw_only=True):
    """A defined funnel."""

    funnel_id: str
    name: str
    steps: list[StoredStep]
    window_seconds: int
    by: str
    order: str
    breakdown: str
    created_at: DateTime


class RetentionAnswer(Shape, kw_only=True):
    """A defined retention; an empty event name means any event."""

    retention_id: str
    name: str
    start_event: str
    return_event: str
    created_at: DateTime


class GoalAnswer(Shape, kw_only=True):
    """A defined goal."""

    goal_id: str
    name: str
    event: str
    filters: list[StoredFilter]
    created_at: DateTime


class CohortAnswer(Shape, kw_only=True):
    """A defined cohort; its criteria are shown as they were written, with defaults filled in."""

    cohort_id: str
    name: str
    match: str
    criteria: list[dict[str, Any]]
    created_at: DateTime


class WrittenFunnel(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new funnel of 2 to 10 steps."""

    name: str
    steps: list[funnels.Step]
    window_seconds: Annotated[int, msgspec.Meta(description="The most seconds from the first step to the last.")] = (
        86_400
    )
    by: Annotated[str, one_of(get_args(funnels.CountedBy))] = "device"
    order: Annotated[str, one_of(get_args(funnels.StepOrder))] = "ordered"
    breakdown: Annotated[
        str, msgspec.Meta(description="A column or property of the first event; empty: no breakdown.")
    ] = ""


class WrittenRetention(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new retention: who comes back with `return_event` after `start_event`. One of the two names may be empty, which
    means any event.
    """

    name: str
    start_event: str = retentions.ANY_EVENT
    return_event: str = retentions.ANY_EVENT


class WrittenGoal(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new goal: every event of this name that passes the filters is a conversion."""

    name: str
    event: str
    filters: list[RawFilter] = []


class WrittenCohort(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new cohort: a profile must meet `all` or `any` of its criteria."""

    name: str
    criteria: list[cohorts.Criterion]
    match: Annotated[str, one_of(get_args(cohorts.Match))] = "all"


def _funnel(funnel: Funnel) -> dict[str, Any]:
    steps = zip(funnel.step_names, funnel.step_filters, strict=True)
    return {
        "funnel_id": funnel.funnel_id,
        "name": funnel.name,
        "steps": [{"name": name, "filters": filters} for name, filters in steps],
        "window_seconds": funnel.window_seconds,
        "by": funnel.counted_by,
        "order": funnel.step_order,
        "breakdown": funnel.breakdown,
        "created_at": instant(funnel.created_at),
    }


def _retention(retention: Retention) -> dict[str, Any]:
    return {
        "retention_id": retention.retention_id,
        "name": retention.name,
        "start_event": retention.start_event,
        "return_event": retention.return_event,
        "created_at": instant(retention.created_at),
    }


def _goal(goal: Goal) -> dict[str, Any]:
    return {
        "goal_id": goal.goal_id,
        "name": goal.name,
        "event": goal.event_name,
        "filters": goal.filters,
        "created_at": instant(goal.created_at),
    }


def _cohort(cohort: Cohort) -> dict[str, Any]:
    return {
        "cohort_id": cohort.cohort_id,
        "name": cohort.name,
        "match": cohort.match,
        "criteria": cohort.criteria,
        "created_at": instant(cohort.created_at),
    }


def _create_funnel(registry: Registry, project_id: str, written: WrittenFunnel) -> Funnel:
    return funnels.create_funnel(
        registry,
        project_id,
        written.name,
        tuple(written.steps),
        window_seconds=written.window_seconds,
        counted_by=written.by,
        step_order=written.order,
        breakdown=written.breakdown,
    )


def _create_retention(registry: Registry, project_id: str, written: WrittenRetention) -> Retention:
    return retentions.create_retention(
        registry, project_id, written.name, start_event=written.start_event, return_event=written.return_event
    )


def _create_goal(registry: Registry, project_id: str, written: WrittenGoal) -> Goal:
    return goals.create_goal(registry, project_id, written.name, written.event, tuple(written.filters))


def _create_cohort(registry: Registry, project_id: str, written: WrittenCohort) -> Cohort:
    return cohorts.create_cohort(registry, project_id, written.name, tuple(written.criteria), match=written.match)


def _actions(
    noun: str,
    answer: type[Shape],
    takes: type[msgspec.Struct],
    shown: Callable[[Any], dict[str, Any]],
    create: Callable[[Registry, str, Any], Any],
    listed: Callable[[Registry, str], list[Any]],
    remove: Callable[[Registry, str, str], Any],
) -> tuple[Action, ...]:
    """Return the actions that list, create and remove definitions of one kind."""

    def list_all(registry: Registry, asker: Asker, _: str, __: NoParameters) -> list[dict[str, Any]]:
        return [shown(definition) for definition in listed(registry, asker.project_id)]

    def create_one(registry: Registry, asker: Asker, _: str, written: msgspec.Struct) -> dict[str, Any]:
        return shown(create(registry, asker.project_id, written))

    def remove_one(registry: Registry, asker: Asker, definition_id: str, _: NoParameters) -> dict[str, Any]:
        return shown(remove(registry, definition_id, asker.project_id))

    kind = list[answer]  # type: ignore[valid-type]
    path, one = f"/{noun}s", f"/{noun}s/{{{noun}}}"
    return (
        Action(f"list_{noun}s", "GET", path, f"The project's {noun}s as they are defined.", list_all, kind),
        Action(f"create_{noun}", "POST", path, f"Define a {noun}.", create_one, answer, takes, CREATED),
        Action(f"remove_{noun}", "DELETE", one, f"Remove a {noun}.", remove_one, answer),
    )


COHORTS = _actions(
    "cohort", CohortAnswer, WrittenCohort, _cohort, _create_cohort, cohorts.list_cohorts, cohorts.remove_cohort
)
DEFINITIONS = (
    *_actions(
        "funnel", FunnelAnswer, WrittenFunnel, _funnel, _create_funnel, funnels.list_funnels, funnels.remove_funnel
    ),
    *_actions(
        "retention",
        RetentionAnswer,
        WrittenRetention,
        _retention,
        _create_retention,
        retentions.list_retentions,
        retentions.remove_retention,
    ),
    *_actions("goal", GoalAnswer, WrittenGoal, _goal, _create_goal, goals.list_goals, goals.remove_goal),
    *COHORTS,
)
