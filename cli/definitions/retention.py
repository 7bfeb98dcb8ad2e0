"""`eventlens retention`: creates, lists and removes retentions, which tell who does one event after another event."""

from typing import Annotated

import typer

from cli.client import AsJson, OfOneProject, OfProject, opened_registry, say_row, say_rows
from cli.console import console
from event_lens.registry.definitions.retentions import create_retention, list_retentions, remove_retention
from event_lens.registry.tables import Retention

retention_app = typer.Typer(help="Retentions of one event after another.", no_args_is_help=True)

COLUMNS = ("id", "project", "name", "start event", "return event")
ANY = "(any)"


@retention_app.command("create")
def retention_create(
    project: OfProject,
    name: Annotated[str, typer.Option(help="Free text.")],
    start_event: Annotated[str, typer.Option(help="The event that puts a profile into a cohort; any without it.")] = "",
    return_event: Annotated[str, typer.Option(help="The event that counts as coming back; any without it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a retention that every build fills (table lens.retention).

    The retention of any event after any event exists for every project.
    """
    with opened_registry() as registry:
        retention = create_retention(registry, project, name, start_event=start_event, return_event=return_event)
    say_row(COLUMNS, _row(retention), _fields(retention), as_json=as_json)


@retention_app.command("list")
def retention_list(project: OfOneProject = None, as_json: AsJson = False) -> None:
    """List retentions."""
    with opened_registry() as registry:
        retentions = list_retentions(registry, project)
    say_rows("Retentions", COLUMNS, map(_row, retentions), map(_fields, retentions), as_json=as_json)


@retention_app.command("remove")
def retention_remove(retention_id: str) -> None:
    """Remove a retention; the next build takes it out of lens.retention."""
    with opened_registry() as registry:
        retention = remove_retention(registry, retention_id)
    console.print(f"{retention.retention_id} is removed.")


def _row(retention: Retention) -> tuple[object, ...]:
    events = retention.start_event or ANY, retention.return_event or ANY
    return retention.retention_id, retention.project_id, retention.name, *events


def _fields(retention: Retention) -> dict[str, object]:
    return {
        "retentionId": retention.retention_id,
        "projectId": retention.project_id,
        "name": retention.name,
        "startEvent": retention.start_event,
        "returnEvent": retention.return_event,
    }
