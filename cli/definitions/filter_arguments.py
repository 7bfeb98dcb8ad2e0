"""Filters on a command line: `path startsWith /pricing /plans`, and `2: path is /pricing` for the second step."""

import re
import shlex
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from event_lens.contract.filters import RawFilter
from event_lens.errors import Refused

FORM = "NAME OPERATOR VALUE..., such as 'path startsWith /pricing /plans'; quote a value that holds spaces"

NumberedFilters = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="'N: FILTER'", help=f"What must hold of the N-th event: N: {FORM}."),
]
EventFilters = Annotated[
    list[str] | None, typer.Option("--filter", metavar="FILTER", help=f"What must hold of the event: {FORM}.")
]


def read_filter(text: str) -> RawFilter:
    """Return one filter. A backslash is an ordinary character, so that patterns need not double it. Raises `Refused`
    (`filters_invalid`).
    """
    words = shlex.shlex(text, posix=True)
    words.whitespace_split, words.escape, words.commenters = True, "", ""
    try:
        name, operator, *values = list(words)
    except ValueError as error:
        raise Refused(f"{text!r} is not a filter; write {FORM}.", code="filters_invalid") from error
    return RawFilter(name, operator, list(values))


def read_filters(texts: Iterable[str] | None) -> tuple[RawFilter, ...]:
    return tuple(read_filter(text) for text in texts or ())


def read_numbered_filters(texts: Iterable[str] | None, count: int) -> list[list[RawFilter]]:
    """Return the filters of each of `count` events. A text begins with the number of its event, counted from 1. Raises
    `Refused` (`filters_invalid`).
    """
    filters: list[list[RawFilter]] = [[] for _ in range(count)]
    for text in texts or ():
        numbered = re.fullmatch(r"\s*(\d{1,3})\s*:(.*)", text, re.DOTALL)
        number = int(numbered[1]) if numbered else 0
        if not numbered or not 1 <= number <= count:
            raise Refused(
                f"{text!r} does not say which event it is for: begin with its number, 1 to {count}, and a colon.",
                code="filters_invalid",
            )
        filters[number - 1].append(read_filter(numbered[2]))
    return filters


def show_event(name: str, filters: Iterable[dict[str, Any]]) -> str:
    """Return an event with its filters as text; each filter is written as on the command line."""
    written = " and ".join(show_filter(each) for each in filters)
    return f"{name} [{written}]" if written else name


def show_filter(stored: dict[str, Any]) -> str:
    return " ".join([stored["name"], stored["operator"], *(_quoted(value) for value in stored["value"])])


def _quoted(value: str) -> str:
    if value and not re.search(r"[\s'\"]", value):
        return value
    return f'"{value}"' if "'" in value else f"'{value}'"
