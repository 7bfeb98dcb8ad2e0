"""Projects: the key's own project with its settings, the creation of projects, and the deletion of a project."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from event_lens.registry import projects
from event_lens.registry.clients import create_client
from event_lens.registry.database import Registry
from event_lens.registry.project_settings import ProjectSetting
from event_lens.registry.tables import PROJECT_SETTINGS, Project
from query.auth import forbidden
from query.manage.action import CREATED, Action, Asker, instant
from query.parameters import NoParameters
from query.shapes import DateTime, Shape

SETTINGS = PROJECT_SETTINGS.values()


def _kind(setting: ProjectSetting) -> Any:
    kind = list[str] if setting.is_list else setting.type
    return Annotated[kind, msgspec.Meta(description=setting.help)]


class IdentifiedProject(Shape, kw_only=True):
    """A project with its settings."""

    project_id: str
    created_at: DateTime
    rebuild_count: Annotated[
        int, msgspec.Meta(description="How often a rebuild of all the project's days was asked for.")
    ]
    deletion_asked_at: Annotated[
        DateTime | None, msgspec.Meta(description="Since when the project is to be deleted; null when it stays.")
    ]


ProjectAnswer = msgspec.defstruct(
    "ProjectAnswer",
    [(each.name, _kind(each)) for each in SETTINGS],
    bases=(IdentifiedProject,),
    kw_only=True,
)
NewProject = msgspec.defstruct(
    "NewProject",
    [("client_id", str), ("client_secret", Annotated[str, msgspec.Meta(description="Shown this once.")])],
    bases=(ProjectAnswer,),
    kw_only=True,
)
ChangedProject = msgspec.defstruct(
    "ChangedProject",
    [(each.name, _kind(each) | UnsetType, UNSET) for each in SETTINGS],
    forbid_unknown_fields=True,
    kw_only=True,
)
WrittenProject = msgspec.defstruct(
    "WrittenProject",
    [("name", _kind(PROJECT_SETTINGS["name"]))],
    bases=(ChangedProject,),
    forbid_unknown_fields=True,
    kw_only=True,
)
"""Settings that are not given get their default in a new project, and stay in an existing one; a list replaces the old
list.
"""


class ConfirmedName(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The name of the project, by which the caller confirms which project is meant."""

    name: str


def _shown(project: Project) -> dict[str, Any]:
    fields = {name: getattr(project, name) for name in ProjectAnswer.__struct_fields__}
    asked_at = project.deletion_asked_at
    return fields | {
        "created_at": instant(project.created_at),
        "deletion_asked_at": instant(asked_at) if asked_at else None,
    }


def _own(asker: Asker, project_id: str) -> str:
    """Return `project_id`. Raises `Refused` (`project_forbidden`) when the key belongs to another project."""
    if project_id != asker.project_id:
        raise forbidden()
    return project_id


def _list(registry: Registry, asker: Asker, _: str, __: NoParameters) -> list[dict[str, Any]]:
    return [_shown(projects.find_project(registry, asker.project_id))]


def _show(registry: Registry, asker: Asker, project_id: str, _: NoParameters) -> dict[str, Any]:
    return _shown(projects.find_project(registry, _own(asker, project_id)))


def _create(registry: Registry, _: Asker, __: str, written: msgspec.Struct) -> dict[str, Any]:
    settings = msgspec.to_builtins(written)
    project = projects.create_project(registry, settings.pop("name"), **settings)
    client, secret = create_client(registry, project.project_id, "root", name="made with the project")
    return _shown(project) | {"client_id": client.client_id, "client_secret": secret}


def _change(registry: Registry, asker: Asker, project_id: str, written: msgspec.Struct) -> dict[str, Any]:
    return _shown(projects.change_project(registry, _own(asker, project_id), **msgspec.to_builtins(written)))


def _rebuild(registry: Registry, asker: Asker, project_id: str, _: NoParameters) -> dict[str, Any]:
    return _shown(projects.rebuild_project(registry, _own(asker, project_id)))


def _delete(registry: Registry, asker: Asker, project_id: str, confirmed: ConfirmedName) -> dict[str, Any]:
    return _shown(projects.close_project(registry, _own(asker, project_id), confirmed.name))


PROJECTS = (
    Action(
        "list_projects",
        "GET",
        "/projects",
        "The project that the key manages.",
        _list,
        list[ProjectAnswer],  # type: ignore[valid-type]
    ),
    Action(
        "create_project",
        "POST",
        "/projects",
        "Create a project, and a root key that manages it.",
        _create,
        NewProject,
        WrittenProject,
        CREATED,
    ),
    Action("show_project", "GET", "/projects/{project}", "A project's settings.", _show, ProjectAnswer),
    Action(
        "change_project",
        "PATCH",
        "/projects/{project}",
        "Change settings of a project.",
        _change,
        ProjectAnswer,
        ChangedProject,
    ),
    Action(
        "rebuild_project",
        "POST",
        "/projects/{project}/rebuild",
        "Have the next build recompute all days of a project.",
        _rebuild,
        ProjectAnswer,
    ),
    Action(
        "delete_project",
        "POST",
        "/projects/{project}/delete",
        "Refuse the project's keys from now on, this one too, and have everything that was sent to it deleted.",
        _delete,
        ProjectAnswer,
        ConfirmedName,
    ),
)
