"""The filters and columns of stored definitions, in canonical form, as the models read them."""

from collections.abc import Iterator, Mapping
from typing import Any

from event_lens.contract.columns import EVENT_COLUMNS, PROFILE_COLUMNS, Column, Owner
from event_lens.contract.filters import RawFilter, find_column, resolve_filters
from event_lens.errors import Refused

MAX_FILTERS = 20
MAX_VALUES = 100

Stored = dict[str, Any]
"""A filter in its stored form: `{"name", "operator", "value": [text, ...]}`."""


def event_filters(written: list[RawFilter]) -> list[Stored]:
    """Return filters on an event's own columns and properties in their stored form. Raises `Refused`
    (`filters_invalid`).
    """
    return _stored(written, EVENT_COLUMNS, "event")


def profile_filters(written: list[RawFilter]) -> list[Stored]:
    """Return filters on a profile's columns and traits in their stored form. Raises `Refused` (`filters_invalid`)."""
    return _stored(written, PROFILE_COLUMNS, "profile")


def breakdown_column(name: str) -> str:
    """Return the name of the column or property by which numbers are broken down; '' means none. Raises `Refused`
    (`breakdown_invalid`).
    """
    if not name:
        return name
    column = find_column(name, EVENT_COLUMNS, "event", "breakdown")
    if column.kind == "list":
        raise Refused(f"{name} holds several values; break down by another column.", code="breakdown_invalid")
    return column.name


def lists_of_filters(part: Any) -> Iterator[list[Stored]]:
    """Yield each list of filters within the stored form of a definition, or a part of it."""
    if isinstance(part, list):
        if part and all(isinstance(each, dict) and "operator" in each for each in part):
            yield part
        else:
            for inner in part:
                yield from lists_of_filters(inner)
    elif isinstance(part, dict):
        yield from lists_of_filters(list(part.values()))


def _stored(written: list[RawFilter], columns: Mapping[str, Column], owner: Owner) -> list[Stored]:
    meant = resolve_filters(written, columns, owner, most=MAX_FILTERS, most_values=MAX_VALUES)
    return [{"name": each.column.name, "operator": each.operator, "value": list(each.values)} for each in meant]
