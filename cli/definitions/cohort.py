"""`eventlens cohort`: creates, lists and removes cohorts, which are profiles chosen by their events and traits."""

import re
from typing import Annotated, Any

import typer

from cli.client import AsJson, OfOneProject, OfProject, opened_registry, say_row, say_rows
from cli.console import console
from cli.definitions.filter_arguments import (
    FORM,
    NumberedFilters,
    read_filter,
    read_numbered_filters,
    show_event,
    show_filter,
)
from event_lens.errors import Refused
from event_lens.registry.definitions.cohorts import (
    Count,
    Criterion,
    create_cohort,
    list_cohorts,
    read_criteria,
    remove_cohort,
)
from event_lens.registry.tables import Cohort

cohort_app = typer.Typer(help="Cohorts: profiles by what they did and what is known of them.", no_args_is_help=True)

COLUMNS = ("id", "project", "name", "match", "criteria")
SIGNS = {">=": "gte", "<=": "lte", "=": "eq"}
DID = re.compile(r"\s*(?P<event>.+?)(?:\s+(?P<sign>[<>]?=)\s*(?P<count>\d+))?(?:\s+in\s+(?P<days>\d+)\s+days?)?\s*")


@cohort_app.command("create")
def cohort_create(
    project: OfProject,
    name: Annotated[str, typer.Option(help="Free text.")],
    did: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'EVENT [>= N] [in D days]'",
            help="What a member did, N times at least (>=), at most (<=) or exactly (=): 'purchase >= 2 in 30 days'.",
        ),
    ] = None,
    filter: NumberedFilters = None,
    profile: Annotated[
        list[str] | None, typer.Option(metavar="FILTER", help=f"What is known of a member: {FORM}.")
    ] = None,
    match: Annotated[str, typer.Option(help="Whether all or any of the criteria must be true.")] = "all",
    criteria: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="The criteria as the API takes them, instead of --did, --filter, --profile."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a cohort that every build fills (tables lens.cohorts and lens.cohort_members).

    eventlens cohort create --project P --name "Good customers" --did "purchase >= 2 in 30 days"
    --filter "1: revenue gt 20" --profile "properties.plan is pro"
    """
    if criteria is None:
        written = _criteria(did or [], filter or [], profile or [])
    elif did or filter or profile:
        raise Refused("--criteria stands alone, without --did, --filter and --profile.", code="cohort_invalid")
    else:
        written = read_criteria(criteria)
    with opened_registry() as registry:
        cohort = create_cohort(registry, project, name, written, match=match)
    say_row(COLUMNS, _row(cohort), _fields(cohort), as_json=as_json)


@cohort_app.command("list")
def cohort_list(project: OfOneProject = None, as_json: AsJson = False) -> None:
    """List cohorts."""
    with opened_registry() as registry:
        cohorts = list_cohorts(registry, project)
    say_rows("Cohorts", COLUMNS, map(_row, cohorts), map(_fields, cohorts), as_json=as_json)


@cohort_app.command("remove")
def cohort_remove(cohort_id: str) -> None:
    """Remove a cohort; the next build takes it out of lens.cohorts and lens.cohort_members."""
    with opened_registry() as registry:
        cohort = remove_cohort(registry, cohort_id)
    console.print(f"{cohort.cohort_id} is removed.")


def _criteria(did: list[str], filters: list[str], profile: list[str]) -> tuple[Criterion, ...]:
    filters_of = read_numbered_filters(filters, len(did))
    events = [_did(text, Criterion(filters=own)) for text, own in zip(did, filters_of, strict=True)]
    return (*events, *(Criterion(profile=[read_filter(text)]) for text in profile))


def _did(text: str, filtered: Criterion) -> Criterion:
    """Return the criterion that `text` describes. For an event whose name looks like a count, `--criteria` is needed.
    Raises `Refused` (`cohort_invalid`).
    """
    found = DID.fullmatch(text)
    if found is None:
        raise Refused(
            f"{text!r} does not say what somebody did; write 'purchase >= 2 in 30 days'.", code="cohort_invalid"
        )
    return Criterion(
        event=found["event"],
        filters=filtered.filters,
        count=Count(SIGNS[found["sign"]], int(found["count"])) if found["sign"] else None,
        within_days=int(found["days"]) if found["days"] else None,
    )


def _show(criterion: dict[str, Any]) -> str:
    if "profile" in criterion:
        return " and ".join(show_filter(each) for each in criterion["profile"])
    sign = next(sign for sign, operator in SIGNS.items() if operator == criterion["count"]["operator"])
    days = f" in {criterion['within_days']} days" if criterion["within_days"] else ""
    return f"{show_event(criterion['event'], criterion['filters'])} {sign} {criterion['count']['value']}{days}"


def _row(cohort: Cohort) -> tuple[object, ...]:
    criteria = "\n".join(_show(criterion) for criterion in cohort.criteria)
    return cohort.cohort_id, cohort.project_id, cohort.name, cohort.match, criteria


def _fields(cohort: Cohort) -> dict[str, object]:
    return {
        "cohortId": cohort.cohort_id,
        "projectId": cohort.project_id,
        "name": cohort.name,
        "match": cohort.match,
        "criteria": cohort.criteria,
    }
