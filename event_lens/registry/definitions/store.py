"""The parts that all definitions share: a project, a name, and rows that are kept, listed and removed."""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from event_lens.contract.limits import MAX_NAME_LENGTH
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.filters import lists_of_filters
from event_lens.registry.projects import find_project
from event_lens.registry.quotas import quota_of
from event_lens.registry.tables import Cohort, Funnel, Goal, Retention

Definition = TypeVar("Definition", Cohort, Funnel, Goal, Retention)
DEFINITIONS = (Cohort, Funnel, Goal, Retention)


def new_id(noun: str) -> str:
    return f"{noun}_{secrets.token_hex(6)}"


def checked_name(noun: str, text: str) -> str:
    """Return the name of a definition, without space around it. Raises `Refused` (`<noun>_invalid`)."""
    name = text.strip()
    if not _is_name(name):
        raise Refused(f"A {noun}'s name has 1 to {MAX_NAME_LENGTH} characters.", code=f"{noun}_invalid")
    return name


def checked_event(noun: str, text: str) -> str:
    """Return an event name unchanged. Raises `Refused` (`<noun>_invalid`) for text that cannot be an event name."""
    if not _is_name(text):
        raise Refused(
            f"A {noun} names events; an event name has 1 to {MAX_NAME_LENGTH} characters.", code=f"{noun}_invalid"
        )
    return text


def now() -> datetime:
    """Return the time as the registry keeps it: UTC, as a datetime without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def keep(registry: Registry, definition: Definition) -> Definition:
    """Keep a new definition. Raises `Refused`: `project_unknown`, or `too_many_definitions` beyond a quota."""
    project = find_project(registry, definition.project_id)
    most = quota_of(project.quotas, "definitions")
    most_values = quota_of(project.quotas, "filter_values")
    with registry.session() as session:
        # A project may have more from a time before the quota: then only those that add values are refused.
        values_before = count_filter_values(session, definition.project_id) if most_values else 0
        session.add(definition)
        session.flush()
        if most and count_definitions(session, definition.project_id) > most:
            raise Refused(
                f"A project has up to {most} funnels, retentions, cohorts and goals; remove one, or change its quota "
                "with `eventlens project add-to PROJECT --quota definitions=NUMBER`.",
                code="too_many_definitions",
            )
        if most_values and count_filter_values(session, definition.project_id) > max(most_values, values_before):
            raise Refused(
                f"The filters of a project's definitions have up to {most_values} values together; use fewer, or "
                "change its quota with `eventlens project add-to PROJECT --quota filter_values=NUMBER`.",
                code="too_many_definitions",
            )
    return definition


def count_definitions(session: Session, project_id: str) -> int:
    """Return the number of definitions of every kind that a project has."""
    counts = (
        session.scalar(select(func.count()).select_from(table).where(table.project_id == project_id)) or 0
        for table in DEFINITIONS
    )
    return sum(counts)


def count_filter_values(session: Session, project_id: str) -> int:
    """Return the number of values that the filters of a project's definitions have together."""
    columns = (Goal.filters, Funnel.step_filters, Cohort.criteria)
    stored: list[Iterable[Any]] = [
        session.scalars(select(column).where(column.class_.project_id == project_id)) for column in columns
    ]
    return sum(
        len(each["value"])
        for parts in stored
        for part in parts
        for filters in lists_of_filters(part)
        for each in filters
    )


def listed(registry: Registry, table: type[Definition], project_id: str | None) -> list[Definition]:
    """Return all definitions of a kind, oldest first; with `project_id` those of that project."""
    chosen = select(table).order_by(table.created_at, *table.__mapper__.primary_key)
    if project_id is not None:
        find_project(registry, project_id)
        chosen = chosen.where(table.project_id == project_id)
    with registry.session() as session:
        return list(session.scalars(chosen))


def remove(
    registry: Registry, table: type[Definition], noun: str, definition_id: str, project_id: str | None = None
) -> Definition:
    """Remove a definition; the next build leaves it out.

    Raises `Refused` (`<noun>_unknown`) when it does not exist, or belongs to another project than a given `project_id`.
    """
    with registry.session() as session:
        definition = session.get(table, definition_id)
        if definition is None or project_id not in (None, definition.project_id):
            raise Refused(
                f"There is no {noun} {definition_id!r}; `eventlens {noun} list` shows them.", code=f"{noun}_unknown"
            )
        session.delete(definition)
    return definition


def _is_name(text: str) -> bool:
    # A lone surrogate (how Python decodes bytes of a terminal that are not UTF-8) is not text, and PostgreSQL cannot
    # store NUL.
    return 1 <= len(text) <= MAX_NAME_LENGTH and not re.search(r"[\x00\ud800-\udfff]", text)
