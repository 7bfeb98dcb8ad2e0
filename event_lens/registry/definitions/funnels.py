"""Funnels whose daily numbers are modelled."""

from typing import Literal, get_args

import msgspec

from event_lens.contract.filters import RawFilter
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.filters import breakdown_column, event_filters
from event_lens.registry.definitions.store import checked_event, checked_name, keep, listed, new_id, now, remove
from event_lens.registry.tables import Funnel

CountedBy = Literal["device", "profile", "session"]
StepOrder = Literal["ordered", "strict", "any"]

FEWEST_STEPS, MAX_STEPS = 2, 10
MAX_WINDOW_SECONDS = 90 * 86_400
MAX_VARIANTS = 4


class Step(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A step as callers write it: an event name, and filters on the event."""

    name: str
    filters: list[RawFilter] = []


def create_funnel(
    registry: Registry,
    project_id: str,
    name: str,
    steps: tuple[Step | str, ...],
    *,
    window_seconds: int = 86_400,
    counted_by: str = "device",
    step_order: str = "ordered",
    breakdown: str = "",
) -> Funnel:
    """Create a funnel of 2 to 10 steps within a window of 1 second to 90 days, and return it. Raises `Refused`."""
    written = [Step(step) if isinstance(step, str) else step for step in steps]
    if not FEWEST_STEPS <= len(written) <= MAX_STEPS:
        raise _invalid(f"A funnel has {FEWEST_STEPS} to {MAX_STEPS} steps, not {len(written)}.")
    if not 1 <= window_seconds <= MAX_WINDOW_SECONDS:
        raise _invalid(f"A funnel's window is 1 to {MAX_WINDOW_SECONDS} seconds, not {window_seconds}.")
    if counted_by not in get_args(CountedBy):
        raise _invalid(f"A funnel counts by {', '.join(get_args(CountedBy))}, not {counted_by!r}.")
    if step_order not in get_args(StepOrder):
        raise _invalid(f"The order of a funnel is {', '.join(get_args(StepOrder))}, not {step_order!r}.")
    funnel = Funnel(
        funnel_id=new_id("funnel"),
        project_id=project_id,
        name=checked_name("funnel", name),
        step_names=[checked_event("funnel", step.name) for step in written],
        step_filters=[event_filters(step.filters) for step in written],
        window_seconds=window_seconds,
        counted_by=counted_by,
        step_order=step_order,
        breakdown=breakdown_column(breakdown),
        created_at=now(),
    )
    if step_order == "any":
        _check_variants(funnel)
    return keep(registry, funnel)


def list_funnels(registry: Registry, project_id: str | None = None) -> list[Funnel]:
    return listed(registry, Funnel, project_id)


def remove_funnel(registry: Registry, funnel_id: str, project_id: str | None = None) -> Funnel:
    """Remove a funnel and return it; the next build leaves it out. Raises `Refused` (`funnel_unknown`)."""
    return remove(registry, Funnel, "funnel", funnel_id, project_id)


def _check_variants(funnel: Funnel) -> None:
    """Raise `Refused` (`funnel_invalid`) when too many steps of one event have different filters. In a funnel in any
    order, assigning events to such steps means to look at every union of their filters, and the number of unions
    doubles with each step.
    """
    variants: dict[str, set[bytes]] = {}
    for name, filters in zip(funnel.step_names, funnel.step_filters, strict=True):
        variants.setdefault(name, set()).add(msgspec.json.encode(filters))
    if any(len(filters) > MAX_VARIANTS for filters in variants.values()):
        raise _invalid(f"In any order, at most {MAX_VARIANTS} steps of one event may have different filters.")


def _invalid(message: str) -> Refused:
    return Refused(message, code="funnel_invalid")
