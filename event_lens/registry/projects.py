"""Projects: created, changed, listed, found."""

import re
import secrets
from datetime import UTC, datetime
from zoneinfo import available_timezones

from sqlalchemy import select

from event_lens.errors import Refused
from event_lens.registry.connection import Registry
from event_lens.registry.tables import Project

CHANGEABLE = {
    "name",
    "domains",
    "timezone",
    "currency",
    "session_timeout_seconds",
    "duplicate_window_ms",
    "device_salt",
    "allow_unsafe_revenue",
    "allowed_bots",
}
LONGEST_SESSION_TIMEOUT_SECONDS = 86_400


def create_project(registry: Registry, name: str, **settings: object) -> Project:
    """A new project with a readable, unguessable id. Raises `Refused` for a setting it cannot have."""
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32] or "project"
    project = Project(
        project_id=f"{readable}-{secrets.token_hex(4)}",
        name=name.strip(),
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    _apply(project, settings)
    with registry.session() as session:
        session.add(project)
    return project


def change_project(registry: Registry, project_id: str, **settings: object) -> Project:
    """The project with its settings changed; the next build rebuilds its days. Raises `Refused`."""
    with registry.session() as session:
        project = session.get(Project, project_id)
        if project is None:
            raise _unknown(project_id)
        _apply(project, settings)
        return project


def list_projects(registry: Registry) -> list[Project]:
    with registry.session() as session:
        return list(session.scalars(select(Project).order_by(Project.created_at, Project.project_id)))


def find_project(registry: Registry, project_id: str) -> Project:
    """Raises `Refused` (`project_unknown`) when there is none."""
    with registry.session() as session:
        project = session.get(Project, project_id)
    if project is None:
        raise _unknown(project_id)
    return project


def _unknown(project_id: str) -> Refused:
    return Refused(f"There is no project {project_id!r}; `eventlens project list` shows them.", code="project_unknown")


def _apply(project: Project, settings: dict[str, object]) -> None:
    for name, value in settings.items():
        if name not in CHANGEABLE:
            raise Refused(f"A project has no setting {name!r}.", code="project_setting_invalid")
        setattr(project, name, value)
    faults = {
        "The name is empty.": not project.name.strip(),
        f"{project.timezone!r} is not a time zone; use a name such as Europe/Berlin.": project.timezone
        not in available_timezones(),
        "session_timeout_seconds is 1 to 86400.": not 1
        <= project.session_timeout_seconds
        <= LONGEST_SESSION_TIMEOUT_SECONDS,
        "duplicate_window_ms is 0 to 60000.": not 0 <= project.duplicate_window_ms <= 60_000,
        "device_salt is daily or monthly.": project.device_salt not in ("daily", "monthly"),
        "currency is a three-letter code such as EUR, or empty.": not re.fullmatch(r"([A-Z]{3})?", project.currency),
    }
    for message, is_fault in faults.items():
        if is_fault:
            raise Refused(message, code="project_setting_invalid")
