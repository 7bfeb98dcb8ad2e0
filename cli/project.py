"""`eventlens project`: creates, changes and shows projects and their settings."""

import inspect
import os
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from cli.client import AsJson, opened_registry, say
from cli.console import console, show_table
from event_lens.registry.project_settings import ProjectSetting
from event_lens.registry.projects import (
    add_to_project,
    change_project,
    create_project,
    find_project,
    list_projects,
    project_fields,
    rebuild_project,
    remove_from_project,
)
from event_lens.registry.tables import PROJECT_SETTINGS
from event_lens.settings import read_settings
from event_lens.shards import check_shard

project_app = typer.Typer(help="Projects and their settings.", no_args_is_help=True)

LISTS = [setting for setting in PROJECT_SETTINGS.values() if setting.is_list]


def with_options(settings: Iterable[ProjectSetting]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option per setting, in place of its `**given`. The command's `**given` receives the options
    that were used.
    """
    options = [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(each))
        for each in settings
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            given = {option.name: values.pop(option.name) for option in options}
            command(**values, **{name: _without_empty(value) for name, value in given.items() if value is not None})

        own = inspect.signature(command).parameters.values()
        arguments = [each for each in own if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        others = [each for each in own if each.kind is inspect.Parameter.KEYWORD_ONLY]
        run.__doc__ = command.__doc__
        run.__signature__ = inspect.Signature([*arguments, *options, *others])  # type: ignore[attr-defined]
        return run

    return decorate


def _option(setting: ProjectSetting) -> Any:
    type = list[str] if setting.is_list else setting.type
    return Annotated[type | None, typer.Option(*setting.flags, help=setting.help)]


def _without_empty(value: Any) -> Any:
    """Remove empty texts from a list, because on a command line `--hostname ''` means an empty list."""
    return [text for text in value if text] if isinstance(value, list) else value


@project_app.command("create")
@with_options(setting for setting in PROJECT_SETTINGS.values() if setting.name != "name")
def project_create(
    name: str,
    *,
    shard: Annotated[
        int | None, typer.Option(help="The shard that holds it; the one with the fewest projects.")
    ] = None,
    as_json: AsJson = False,
    **given: object,
) -> None:
    """Create a project. NAME is free text; the id is printed."""
    if shard is not None:
        check_shard(read_settings(os.environ), shard)
    with opened_registry() as registry:
        project = create_project(registry, name, shard, **given)
    say(project_fields(project), as_json=as_json)


@project_app.command("change")
@with_options(PROJECT_SETTINGS.values())
def project_change(project_id: str, *, as_json: AsJson = False, **given: object) -> None:
    """Change a project's settings. A given list replaces the whole earlier list; '' empties it.

    Collectors follow within seconds; the next build rebuilds the project's days if its numbers depend on the change.
    """
    with opened_registry() as registry:
        project = change_project(registry, project_id, **given)
    say(project_fields(project), as_json=as_json)


@project_app.command("add-to")
@with_options(LISTS)
def project_add_to(project_id: str, *, as_json: AsJson = False, **given: list[str]) -> None:
    """Add values to a project's lists; their other values stay."""
    with opened_registry() as registry:
        project = add_to_project(registry, project_id, **given)
    say(project_fields(project), as_json=as_json)


@project_app.command("remove-from")
@with_options(LISTS)
def project_remove_from(project_id: str, *, as_json: AsJson = False, **given: list[str]) -> None:
    """Remove values from a project's lists; their other values stay."""
    with opened_registry() as registry:
        project = remove_from_project(registry, project_id, **given)
    say(project_fields(project), as_json=as_json)


@project_app.command("rebuild")
def project_rebuild(project_id: str) -> None:
    """Have the next build recompute all days of a project."""
    with opened_registry() as registry:
        rebuild_project(registry, project_id)
    console.print(f"The next build recomputes all days of {project_id}.", highlight=False, soft_wrap=True)


@project_app.command("delete")
def project_delete(
    project_id: str,
    name: Annotated[str, typer.Option(prompt="Its name, to confirm", help="The project's name, to confirm.")],
) -> None:
    """Delete a project permanently, with all its events. Its keys are refused at once.

    Backups and your own exports stay as they are. If the command was stopped, run it again.
    """
    from cli.project_delete import delete_project  # noqa: PLC0415 -- no other command needs the warehouse

    settings = read_settings(os.environ)
    with opened_registry() as registry:
        is_gone = delete_project(settings, registry, project_id, name, console.print)
    if is_gone:
        console.print(f"{project_id} is deleted.", highlight=False, soft_wrap=True)


@project_app.command("list")
def project_list() -> None:
    """List all projects."""
    with opened_registry() as registry:
        projects = list_projects(registry)
    show_table("Projects", ("id", "name", "timezone"), [(p.project_id, p.name, p.timezone) for p in projects])


@project_app.command("show")
def project_show(project_id: str, as_json: AsJson = False) -> None:
    """Show a project's settings."""
    with opened_registry() as registry:
        project = find_project(registry, project_id)
    say(project_fields(project), as_json=as_json)
