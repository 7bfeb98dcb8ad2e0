"""Projects: created, changed, listed, found, deleted."""

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.placements import check_stays, emptiest_shard
from event_lens.registry.project_settings import ProjectSetting
from event_lens.registry.setting_values import refused
from event_lens.registry.tables import PROJECT_SETTINGS, AuditEntry, Client, Erasure, Project, Table

_STAYING = (Project, Erasure, AuditEntry)
"""Tables with a project's id whose rows are not removed with the project's other rows: the project itself goes last,
its receipts and audit log stay.
"""


def create_project(registry: Registry, name: str, shard: int | None = None, /, **settings: object) -> Project:
    """Create a project with a readable, unguessable id, on `shard` or the one with the fewest projects, and return
    it.

    Raises `Refused` for an invalid setting.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32] or "project"
    project = Project(
        project_id=f"{readable}-{secrets.token_hex(4)}",
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    _apply(project, {"name": name, **settings})
    with registry.session() as session:
        project.shard = shard or emptiest_shard(session, registry.shard_count)
        session.add(project)
    return project


def change_project(registry: Registry, project_id: str, **settings: object) -> Project:
    """Change a project's settings and return it; lists are replaced. Raises `Refused`.

    Collectors follow within seconds; the next build rebuilds the project's days if its numbers depend on the change.
    """
    with registry.session() as session:
        project = _get(session, project_id)
        _apply(project, settings)
        return project


def rebuild_project(registry: Registry, project_id: str) -> Project:
    """Have the next build recompute all days of a project; return the project. Raises `Refused` (`project_unknown`)."""
    with registry.session() as session:
        project = _get(session, project_id)
        project.rebuild_count += 1
        return project


def close_project(registry: Registry, project_id: str, name: str) -> Project:
    """Revoke every client of the project that is called `name`, note that it is to be deleted, and return it.

    Raises `Refused` (`project_unknown`, `project_not_confirmed`) and `Unavailable` (`project_moving`).
    """
    check_stays(registry, project_id)
    now = datetime.now(UTC).replace(tzinfo=None)
    with registry.session() as session:
        project = _get(session, project_id)
        if name != project.name:
            raise Refused(
                f"{project_id} is called {project.name!r}, not {name!r}. Write its name to confirm that it is to be "
                "deleted.",
                code="project_not_confirmed",
            )
        project.deletion_asked_at = project.deletion_asked_at or now
        for client in session.scalars(select(Client).where(Client.project_id == project_id)):
            client.revoked_at = client.revoked_at or now
        return project


def closed_projects(registry: Registry) -> list[Project]:
    """Return the projects that are to be deleted and are not gone yet."""
    return [project for project in list_projects(registry) if project.deletion_asked_at is not None]


def forget_project(registry: Registry, project_id: str) -> None:
    """Remove the project, its clients and its definitions; the audit log and receipts of erasures stay. Does nothing if
    the project is already gone.
    """
    with registry.session() as session:
        project = session.get(Project, project_id)
        if project is None:
            return
        for mapper in Table.registry.mappers:
            if "project_id" in mapper.columns and mapper.class_ not in _STAYING:
                of_project = mapper.columns["project_id"] == project_id
                owned: list[Table] = list(session.scalars(select(mapper.class_).where(of_project)))
                for each in owned:
                    session.delete(each)
        session.flush()
        session.delete(project)


def add_to_project(registry: Registry, project_id: str, **lists: Iterable[str]) -> Project:
    """Add values to a project's lists and return it; a value that the list already has is not added twice. Raises
    `Refused`.
    """
    with registry.session() as session:
        project = _get(session, project_id)
        _apply(project, {name: [*_list(project, name), *added] for name, added in lists.items()})
        return project


def remove_from_project(registry: Registry, project_id: str, **lists: Iterable[str]) -> Project:
    """Take values out of a project's lists and return it. Raises `Refused`, also for a value that the list does not
    have.
    """
    with registry.session() as session:
        project = _get(session, project_id)
        left = {name: _list(project, name) for name in lists}
        for name, removed in lists.items():
            for value in _setting(name).normal(removed):
                if value not in left[name]:
                    raise refused(f"{value!r} is not in {name}, which holds: {', '.join(left[name]) or 'nothing'}.")
                left[name].remove(value)
        _apply(project, left)
        return project


def list_projects(registry: Registry) -> list[Project]:
    with registry.session() as session:
        return list(session.scalars(select(Project).order_by(Project.created_at, Project.project_id)))


def find_project(registry: Registry, project_id: str) -> Project:
    """Return the project. Raises `Refused` (`project_unknown`) when it does not exist."""
    with registry.session() as session:
        return _get(session, project_id)


def project_fields(project: Project) -> dict[str, object]:
    """Return a project's fields for JSON: its id, every setting, its shard."""
    settings = {setting.field: getattr(project, setting.name) for setting in PROJECT_SETTINGS.values()}
    return {"projectId": project.project_id, **settings, "shard": project.shard}


def _get(session: Session, project_id: str) -> Project:
    project = session.get(Project, project_id)
    if project is None:
        raise Refused(
            f"There is no project {project_id!r}; `eventlens project list` shows them.", code="project_unknown"
        )
    return project


def _apply(project: Project, settings: Mapping[str, object]) -> None:
    for name, value in settings.items():
        setattr(project, name, _setting(name).normal(value))


def _setting(name: str) -> ProjectSetting:
    if name not in PROJECT_SETTINGS:
        raise refused(f"A project has no setting {name!r}.")
    return PROJECT_SETTINGS[name]


def _list(project: Project, name: str) -> list[str]:
    if not _setting(name).is_list:
        raise refused(f"{name} is not a list.")
    values: list[str] = getattr(project, name)
    return list(values)
