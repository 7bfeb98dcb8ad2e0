"""`eventlens funnel`: creates, lists and removes funnels that every build fills."""

from typing import Annotated

import typer

from cli.client import AsJson, OfOneProject, OfProject, opened_registry, say_row, say_rows
from cli.console import console
from cli.definitions.filter_arguments import NumberedFilters, read_numbered_filters, show_event
from event_lens.registry.definitions.funnels import Step, create_funnel, list_funnels, remove_funnel
from event_lens.registry.tables import Funnel

funnel_app = typer.Typer(help="Funnels that are modelled daily.", no_args_is_help=True)

COLUMNS = ("id", "project", "name", "steps", "counted")


@funnel_app.command("create")
def funnel_create(
    project: OfProject,
    name: Annotated[str, typer.Option(help="Free text.")],
    step: Annotated[list[str], typer.Option(help="An event name; give two to ten, in order.")],
    filter: NumberedFilters = None,
    window_seconds: Annotated[int, typer.Option(help="From the first step to the last, at most 90 days.")] = 86_400,
    by: Annotated[str, typer.Option(help="What is counted: device, profile, session.")] = "device",
    order: Annotated[
        str, typer.Option(help="ordered: others between are allowed; strict: none; any: the steps in any order.")
    ] = "ordered",
    breakdown: Annotated[
        str, typer.Option(help="A column or properties.<path>, counted by its value at the first event.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Create a funnel that every build fills (table lens.funnels_daily).

    eventlens funnel create --project P --name "To a plan" --step screen_view --step purchase
    --filter "1: path startsWith /pricing" --filter "2: revenue gt 20" --breakdown country
    """
    filters = read_numbered_filters(filter, len(step))
    with opened_registry() as registry:
        funnel = create_funnel(
            registry,
            project,
            name,
            tuple(Step(event, own) for event, own in zip(step, filters, strict=True)),
            window_seconds=window_seconds,
            counted_by=by,
            step_order=order,
            breakdown=breakdown,
        )
    say_row(COLUMNS, _row(funnel), _fields(funnel), as_json=as_json)


@funnel_app.command("list")
def funnel_list(project: OfOneProject = None, as_json: AsJson = False) -> None:
    """List funnels."""
    with opened_registry() as registry:
        funnels = list_funnels(registry, project)
    say_rows("Funnels", COLUMNS, map(_row, funnels), map(_fields, funnels), as_json=as_json)


@funnel_app.command("remove")
def funnel_remove(funnel_id: str) -> None:
    """Remove a funnel; the next build takes it out of lens.funnels_daily."""
    with opened_registry() as registry:
        funnel = remove_funnel(registry, funnel_id)
    console.print(f"{funnel.funnel_id} is removed.")


def _row(funnel: Funnel) -> tuple[object, ...]:
    events = map(show_event, funnel.step_names, funnel.step_filters)
    steps = "\n".join(f"{number}: {event}" for number, event in enumerate(events, 1))
    counted = f"by {funnel.counted_by}, {funnel.step_order},\nwithin {funnel.window_seconds} s"
    if funnel.breakdown:
        counted += f",\nfor each {funnel.breakdown}"
    return funnel.funnel_id, funnel.project_id, funnel.name, steps, counted


def _fields(funnel: Funnel) -> dict[str, object]:
    steps = zip(funnel.step_names, funnel.step_filters, strict=True)
    return {
        "funnelId": funnel.funnel_id,
        "projectId": funnel.project_id,
        "name": funnel.name,
        "steps": [{"name": name, "filters": own} for name, own in steps],
        "windowSeconds": funnel.window_seconds,
        "by": funnel.counted_by,
        "order": funnel.step_order,
        "breakdown": funnel.breakdown,
    }
