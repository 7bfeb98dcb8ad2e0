"""Filters as callers write them, and as they are checked and resolved; questions and stored definitions share both."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

import msgspec

from event_lens.contract.columns import MAX_PATH, PROPERTIES, Column, Owner
from event_lens.contract.regex import check_patterns
from event_lens.errors import Refused
from event_lens.nearest import nearest

Operator = Literal[
    "is", "isNot", "contains", "doesNotContain", "startsWith", "endsWith", "regex",
    "gt", "gte", "lt", "lte", "isNull", "isNotNull",
]  # fmt: skip
OPERATORS: tuple[Operator, ...] = get_args(Operator)
NEGATIVE: dict[Operator, Operator] = {"isNot": "is", "doesNotContain": "contains", "isNotNull": "isNull"}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
WITHOUT_VALUE = ("isNull", "isNotNull")

MAX_VALUE = 4096
MAX_PATTERN = 512

# In a path of the warehouse's JSON column this asks for the value of a type, and not for a key of that name.
_TYPE_IN_PATH = re.compile(r"(^|\.):`")

Scalar = str | int | float | bool


class RawFilter(msgspec.Struct, forbid_unknown_fields=True):
    """A filter as callers write it: values of one filter are alternatives, negative operators exclude all of them."""

    name: Annotated[str, msgspec.Meta(description="A column, or properties.<key>.")]
    operator: Annotated[
        str,
        msgspec.Meta(description=f"One of {', '.join(OPERATORS)}.", extra_json_schema={"enum": list(OPERATORS)}),
    ]
    value: Annotated[
        list[Scalar] | Scalar | None,
        msgspec.Meta(description="A value, or a list of alternatives; left out with isNull and isNotNull."),
    ] = None


@dataclass(frozen=True)
class Filter:
    """A filter that can be asked. A property is a `Column` named `properties.<path>` of kind `text`."""

    column: Column
    operator: Operator
    values: tuple[str, ...]

    @property
    def is_of_session(self) -> bool:
        return self.column.owner == "session"


def resolve_filters(
    written: list[RawFilter], columns: Mapping[str, Column], owner: Owner, *, most: int, most_values: int
) -> tuple[Filter, ...]:
    """Return the filters in `written`, resolved over `columns` and the properties of `owner`. Raises `Refused`
    (`filters_invalid`).
    """
    if len(written) > most:
        raise _invalid(f"There are at most {most} filters, not {len(written)}.")
    resolved = tuple(_mean(each, columns, owner, most_values) for each in written)
    check_patterns(pattern for each in resolved if each.operator == "regex" for pattern in each.values)
    return resolved


def as_number(kind: str, text: str) -> float:
    """Return a value as a finite number, a flag's as 1 or 0. Raises `Refused` (`filters_invalid`)."""
    if kind == "flag":
        if text not in ("true", "false"):
            raise _invalid(f"{text[:80]!r} is neither true nor false.")
        return float(text == "true")
    # Python also reads `1_000`, which the warehouse does not.
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        raise _invalid(f"{text[:80]!r} is not a number.")
    number = float(text)
    if not math.isfinite(number):
        raise _invalid(f"{text[:80]!r} is not a finite number.")
    return number


def _mean(written: RawFilter, columns: Mapping[str, Column], owner: Owner, most_values: int) -> Filter:
    column = find_column(written.name, columns, owner)
    if written.operator not in OPERATORS:
        raise _invalid(f"A filter's operator is one of {', '.join(OPERATORS)}, not {written.operator[:80]!r}.")
    operator = cast(Operator, written.operator)
    listed = written.value if isinstance(written.value, list) else [] if written.value is None else [written.value]
    values = tuple(_text_of(value) for value in listed)
    takes_none = operator in WITHOUT_VALUE
    check: dict[str, Callable[[], bool]] = {
        f"{operator} takes at least one value.": lambda: bool(values) or takes_none,
        f"{operator} takes no value.": lambda: not values or not takes_none,
        f"A filter takes at most {most_values} values.": lambda: len(values) <= most_values,
        f"A value has at most {MAX_VALUE} characters.": lambda: all(len(value) <= MAX_VALUE for value in values),
        f"A pattern has at most {MAX_PATTERN} characters.": lambda: (
            operator != "regex" or all(len(value) <= MAX_PATTERN for value in values)
        ),
        f"{column.name} does not take {operator}.": lambda: _fits(column, operator),
    }
    for message, holds in check.items():
        if not holds():
            raise _invalid(message)
    if operator in COMPARISONS or (column.kind == "number" and not takes_none):
        for value in values:
            as_number("number", value)
    elif column.kind == "flag":
        for value in values:
            as_number("flag", value)
    return Filter(column, operator, values)


def find_column(name: str, columns: Mapping[str, Column], owner: Owner, what: str = "filters") -> Column:
    """Return the column or property of that name. Raises `Refused` (`<what>_invalid`), for `what` is the parameter that
    names the column.
    """
    if name in columns:
        return columns[name]
    if name.startswith(PROPERTIES) and 0 < len(name) - len(PROPERTIES) <= MAX_PATH:
        _text_of(name, what)
        if _TYPE_IN_PATH.search(name.removeprefix(PROPERTIES)):
            raise _invalid(
                f"{name[:80]!r} cannot be looked up: a part of its path begins with a colon and a backtick.", what
            )
        return Column(name, owner)
    near = nearest(name, columns)
    hint = f"did you mean {near!r}?" if near else f"known are {', '.join(columns)} and properties.<key>."
    raise _invalid(f"There is no column {name[:80]!r}; {hint}", what)


def _fits(column: Column, operator: Operator) -> bool:
    if column.kind == "text":
        return True
    if column.kind == "list":
        return operator not in COMPARISONS
    if operator in ("is", "isNot", *WITHOUT_VALUE):
        return column.kind == "number" or operator in ("is", "isNot")
    return column.kind == "number" and operator in COMPARISONS


def _text_of(value: Scalar, what: str = "filters") -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _invalid("A value holds half of a surrogate pair, which is not a character.", what) from error
    return text


def _invalid(message: str, what: str = "filters") -> Refused:
    return Refused(message, code=f"{what}_invalid")
