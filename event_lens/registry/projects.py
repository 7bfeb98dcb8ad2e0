"""Projects: created, changed, listed, found."""

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.placements import emptiest_shard
from event_lens.registry.project_lists import LISTS, normal_list
from event_lens.registry.salts import PERIODS
from event_lens.registry.tables import Project

CHANGEABLE = {
    "name",
    "timezone",
    "currency",
    "session_timeout_seconds",
    "duplicate_window_ms",
    "device_salt",
    "allow_unsafe_revenue",
    "honour_gpc",
    "honour_dnt",
    "hash_routes",
}
MAX_SESSION_TIMEOUT_SECONDS = 86_400


def create_project(registry: Registry, name: str, shard: int | None = None, /, **settings: object) -> Project:
    """A new project with a readable, unguessable id, on `shard` or the one with the fewest projects.

    Raises `Refused` for a setting it cannot have.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32] or "project"
    project = Project(
        project_id=f"{readable}-{secrets.token_hex(4)}",
        name=name.strip(),
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    _apply(project, settings)
    with registry.session() as session:
        project.shard = shard or emptiest_shard(session, registry.shard_count)
        session.add(project)
    return project


def change_project(registry: Registry, project_id: str, **settings: object) -> Project:
    """The project with its settings changed, lists replaced. Raises `Refused`.

    Collectors follow within seconds; the next build rebuilds the project's days if its numbers depend on the change.
    """
    with registry.session() as session:
        project = _get(session, project_id)
        _apply(project, settings)
        return project


def add_to_project(registry: Registry, project_id: str, **lists: Iterable[str]) -> Project:
    """The project with values added to its lists; one that is there already stays once. Raises `Refused`."""
    with registry.session() as session:
        project = _get(session, project_id)
        _apply(project, {name: [*_list(project, name), *added] for name, added in lists.items()})
        return project


def remove_from_project(registry: Registry, project_id: str, **lists: Iterable[str]) -> Project:
    """The project with values taken out of its lists. Raises `Refused`, also for one that is not there."""
    with registry.session() as session:
        project = _get(session, project_id)
        left = {name: _list(project, name) for name in lists}
        for name, removed in lists.items():
            for value in normal_list(name, removed):
                if value not in left[name]:
                    raise Refused(
                        f"{value!r} is not in {name}, which holds: {', '.join(left[name]) or 'nothing'}.",
                        code="project_setting_invalid",
                    )
                left[name].remove(value)
        _apply(project, left)
        return project


def list_projects(registry: Registry) -> list[Project]:
    with registry.session() as session:
        return list(session.scalars(select(Project).order_by(Project.created_at, Project.project_id)))


def find_project(registry: Registry, project_id: str) -> Project:
    """Raises `Refused` (`project_unknown`) when there is none."""
    with registry.session() as session:
        return _get(session, project_id)


def _get(session: Session, project_id: str) -> Project:
    project = session.get(Project, project_id)
    if project is None:
        raise Refused(
            f"There is no project {project_id!r}; `eventlens project list` shows them.", code="project_unknown"
        )
    return project


def _apply(project: Project, settings: Mapping[str, object]) -> None:
    for name, value in settings.items():
        if name in LISTS and isinstance(value, Iterable) and not isinstance(value, str):
            setattr(project, name, normal_list(name, value))
        elif name in CHANGEABLE:
            setattr(project, name, value)
        else:
            raise Refused(f"A project has no setting {name!r}.", code="project_setting_invalid")
    faults = {
        "The name is empty.": not project.name.strip(),
        f"{project.timezone!r} is not a time zone; use a name such as Europe/Berlin.": project.timezone
        not in available_timezones(),
        "session_timeout_seconds is 1 to 86400.": not 1
        <= project.session_timeout_seconds
        <= MAX_SESSION_TIMEOUT_SECONDS,
        "duplicate_window_ms is 0 to 60000.": not 0 <= project.duplicate_window_ms <= 60_000,
        "device_salt is daily or monthly.": project.device_salt not in PERIODS,
        "currency is a three-letter code such as EUR, or empty.": not re.fullmatch(r"([A-Z]{3})?", project.currency),
    }
    for message, is_fault in faults.items():
        if is_fault:
            raise Refused(message, code="project_setting_invalid")


def _list(project: Project, name: str) -> list[str]:
    if name not in LISTS:
        raise Refused(f"A project has no list {name!r}.", code="project_setting_invalid")
    values: list[str] = getattr(project, name)
    return list(values)
