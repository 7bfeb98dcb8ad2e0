"""Goals: the events that count as conversions."""

from event_lens.contract.filters import RawFilter
from event_lens.registry.database import Registry
from event_lens.registry.definitions.filters import event_filters
from event_lens.registry.definitions.store import checked_event, checked_name, keep, listed, new_id, now, remove
from event_lens.registry.tables import Goal


def create_goal(
    registry: Registry, project_id: str, name: str, event_name: str, filters: tuple[RawFilter, ...] = ()
) -> Goal:
    """Create a goal and return it: every event of that name that passes the filters is a conversion. Raises
    `Refused`.
    """
    goal = Goal(
        goal_id=new_id("goal"),
        project_id=project_id,
        name=checked_name("goal", name),
        event_name=checked_event("goal", event_name),
        filters=event_filters(list(filters)),
        created_at=now(),
    )
    return keep(registry, goal)


def list_goals(registry: Registry, project_id: str | None = None) -> list[Goal]:
    return listed(registry, Goal, project_id)


def remove_goal(registry: Registry, goal_id: str, project_id: str | None = None) -> Goal:
    """Remove a goal and return it; the next build leaves it out. Raises `Refused` (`goal_unknown`)."""
    return remove(registry, Goal, "goal", goal_id, project_id)
