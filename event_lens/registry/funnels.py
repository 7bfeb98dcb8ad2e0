"""Funnel definitions whose daily numbers are modelled."""

import secrets
from datetime import UTC, datetime

from sqlalchemy import select

from event_lens.errors import Refused
from event_lens.registry.connection import Registry
from event_lens.registry.projects import find_project
from event_lens.registry.tables import Funnel


def create_funnel(
    registry: Registry, project_id: str, name: str, step_names: tuple[str, ...], *, window_seconds: int = 86_400
) -> Funnel:
    """A funnel of 2 to 10 steps within a window of 1 second to 90 days. Raises `Refused`."""
    find_project(registry, project_id)
    if not 2 <= len(step_names) <= 10 or not all(step_names):
        raise Refused("A funnel has 2 to 10 steps, each an event name.", code="funnel_invalid")
    if not 1 <= window_seconds <= 90 * 86_400:
        raise Refused("A funnel's window is 1 second to 90 days.", code="funnel_invalid")
    funnel = Funnel(
        funnel_id=f"funnel_{secrets.token_hex(6)}",
        project_id=project_id,
        name=name,
        step_names=list(step_names),
        window_seconds=window_seconds,
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    with registry.session() as session:
        session.add(funnel)
    return funnel


def list_funnels(registry: Registry) -> list[Funnel]:
    with registry.session() as session:
        return list(session.scalars(select(Funnel).order_by(Funnel.created_at, Funnel.funnel_id)))
