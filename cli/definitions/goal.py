"""`eventlens goal`: creates, lists and removes goals, the events that count as conversions."""

from typing import Annotated

import typer

from cli.client import AsJson, OfOneProject, OfProject, opened_registry, say_row, say_rows
from cli.console import console
from cli.definitions.filter_arguments import EventFilters, read_filters, show_event
from event_lens.registry.definitions.goals import create_goal, list_goals, remove_goal
from event_lens.registry.tables import Goal

goal_app = typer.Typer(help="Goals: events that count as conversions.", no_args_is_help=True)

COLUMNS = ("id", "project", "name", "event")


@goal_app.command("create")
def goal_create(
    project: OfProject,
    name: Annotated[str, typer.Option(help="Free text.")],
    event: Annotated[str, typer.Option(help="The name of the event.")],
    filter: EventFilters = None,
    as_json: AsJson = False,
) -> None:
    """Create a goal whose conversions every build credits to their sources (table lens.attribution).

    eventlens goal create --project P --name "A big order" --event purchase --filter "revenue gte 100"
    """
    with opened_registry() as registry:
        goal = create_goal(registry, project, name, event, read_filters(filter))
    say_row(COLUMNS, _row(goal), _fields(goal), as_json=as_json)


@goal_app.command("list")
def goal_list(project: OfOneProject = None, as_json: AsJson = False) -> None:
    """List goals."""
    with opened_registry() as registry:
        goals = list_goals(registry, project)
    say_rows("Goals", COLUMNS, map(_row, goals), map(_fields, goals), as_json=as_json)


@goal_app.command("remove")
def goal_remove(goal_id: str) -> None:
    """Remove a goal; the next build takes it out of lens.attribution."""
    with opened_registry() as registry:
        goal = remove_goal(registry, goal_id)
    console.print(f"{goal.goal_id} is removed.")


def _row(goal: Goal) -> tuple[object, ...]:
    return goal.goal_id, goal.project_id, goal.name, show_event(goal.event_name, goal.filters)


def _fields(goal: Goal) -> dict[str, object]:
    return {
        "goalId": goal.goal_id,
        "projectId": goal.project_id,
        "name": goal.name,
        "event": goal.event_name,
        "filters": goal.filters,
    }
