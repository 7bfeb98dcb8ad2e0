"""Retentions that a build models because a project defines them: how many do one event after another event. The
retention of any event after any event is modelled for every project.
"""

from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.store import checked_event, checked_name, keep, listed, new_id, now, remove
from event_lens.registry.tables import Retention

ANY_EVENT = ""


def create_retention(
    registry: Registry, project_id: str, name: str, *, start_event: str = ANY_EVENT, return_event: str = ANY_EVENT
) -> Retention:
    """Create a retention and return it: cohorts by `start_event`, retained by `return_event`. One of the two may be '',
    which means any event. Raises `Refused` (`retention_invalid`).
    """
    if start_event == return_event == ANY_EVENT:
        raise Refused(
            "A retention names the event that starts it, the one that counts as a return, or both; "
            "any event after any event is modelled for every project.",
            code="retention_invalid",
        )
    retention = Retention(
        retention_id=new_id("retention"),
        project_id=project_id,
        name=checked_name("retention", name),
        start_event=start_event and checked_event("retention", start_event),
        return_event=return_event and checked_event("retention", return_event),
        created_at=now(),
    )
    return keep(registry, retention)


def list_retentions(registry: Registry, project_id: str | None = None) -> list[Retention]:
    return listed(registry, Retention, project_id)


def remove_retention(registry: Registry, retention_id: str, project_id: str | None = None) -> Retention:
    """Remove a retention and return it; the next build leaves it out. Raises `Refused` (`retention_unknown`)."""
    return remove(registry, Retention, "retention", retention_id, project_id)
