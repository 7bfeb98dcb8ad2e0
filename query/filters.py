"""Filters: which events or sessions a question takes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast, get_args

import msgspec

from query.catalog import COLUMNS, Column
from query.refusals import choose, invalid
from query.statement import Bindings

Operator = Literal[
    "is", "isNot", "contains", "doesNotContain", "startsWith", "endsWith", "regex",
    "gt", "gte", "lt", "lte", "isNull", "isNotNull",
]  # fmt: skip
OPERATORS: tuple[Operator, ...] = get_args(Operator)
NEGATIVE: dict[Operator, Operator] = {"isNot": "is", "doesNotContain": "contains", "isNotNull": "isNull"}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

MOST_FILTERS = 50
MOST_VALUES = 1000
LONGEST_VALUE = 4096
LONGEST_PATTERN = 512

Scalar = str | int | float | bool


class WrittenFilter(msgspec.Struct, forbid_unknown_fields=True):
    """A filter as callers write it: values of one filter are alternatives, negative operators exclude all of them."""

    name: str
    operator: str
    value: list[Scalar] | Scalar | None = None


@dataclass(frozen=True)
class Filter:
    """A filter that can be asked. A property is a `Column` named `properties.x` of kind `text`."""

    column: Column
    operator: Operator
    values: tuple[str, ...]

    @property
    def is_of_session(self) -> bool:
        return self.column.owner == "session"

    def condition(self, bindings: Bindings) -> str:
        """The SQL condition, true or false for every row (never null)."""
        column = _expression(self.column, bindings)
        positive = NEGATIVE.get(self.operator, self.operator)
        if positive == "isNull":
            condition = f"empty({column})" if self.column.kind in ("text", "list") else f"{column} = 0"
        elif positive in COMPARISONS:
            number = f"toFloat64OrNull({column})" if self.column.kind == "text" else f"toFloat64({column})"
            sign = COMPARISONS[positive]
            values = bindings.bind([float(value) for value in self.values], "Array(Float64)")
            condition = f"ifNull(arrayExists(v -> {number} {sign} v, {values}), 0)"
        elif self.column.kind == "list":
            condition = f"arrayExists(item -> {self._text('item', positive, bindings)}, {column})"
        elif self.column.kind == "text":
            condition = self._text(column, positive, bindings)
        else:
            values = bindings.bind([_number(self.column.kind, value) for value in self.values], "Array(Float64)")
            condition = f"has({values}, toFloat64({column}))"
        return f"NOT ({condition})" if self.operator in NEGATIVE else f"({condition})"

    def _text(self, text: str, operator: Operator, bindings: Bindings) -> str:
        if operator == "regex":
            patterns = [bindings.bind(value, "String") for value in self.values]
            return " OR ".join(f"match({text}, {pattern})" for pattern in patterns)
        values = bindings.bind(list(self.values), "Array(String)")
        test = {
            "is": f"has({values}, {text})",
            "contains": f"arrayExists(v -> position({text}, v) > 0, {values})",
            "startsWith": f"arrayExists(v -> startsWith({text}, v), {values})",
            "endsWith": f"arrayExists(v -> endsWith({text}, v), {values})",
        }
        return test[operator]


def read_filters(text: str | None) -> tuple[Filter, ...]:
    """The filters of a JSON array of `{name, operator, value}`. Raises `Refused` (`filters_invalid`)."""
    if not text:
        return ()
    try:
        written = msgspec.json.decode(text.encode(), type=list[WrittenFilter])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise invalid("filters", f"filters is a JSON array of {{name, operator, value[]}}: {error}.") from error
    return mean_filters(written)


def mean_filters(written: list[WrittenFilter]) -> tuple[Filter, ...]:
    """What written filters mean. Raises `Refused` (`filters_invalid`)."""
    if len(written) > MOST_FILTERS:
        raise invalid("filters", f"A question takes at most {MOST_FILTERS} filters.")
    return tuple(_mean(each) for each in written)


def _mean(written: WrittenFilter) -> Filter:
    column = _find_column(written.name)
    operator = cast(Operator, choose("filters", written.operator, OPERATORS))
    listed = written.value if isinstance(written.value, list) else [] if written.value is None else [written.value]
    values = tuple(_text_of(value) for value in listed)
    takes_none = operator in ("isNull", "isNotNull")
    check: dict[str, Callable[[], bool]] = {
        f"{operator} takes at least one value.": lambda: bool(values) or takes_none,
        f"{operator} takes no value.": lambda: not values or not takes_none,
        f"A filter takes at most {MOST_VALUES} values.": lambda: len(values) <= MOST_VALUES,
        f"A value has at most {LONGEST_VALUE} characters.": lambda: all(
            len(value) <= LONGEST_VALUE for value in values
        ),
        f"A pattern has at most {LONGEST_PATTERN} characters.": lambda: (
            operator != "regex" or all(len(value) <= LONGEST_PATTERN for value in values)
        ),
        f"{column.name} does not take {operator}.": lambda: _fits(column, operator),
    }
    for message, holds in check.items():
        if not holds():
            raise invalid("filters", message)
    if operator in COMPARISONS or (column.kind == "number" and not takes_none):
        for value in values:
            _number("number", value)
    elif column.kind == "flag":
        for value in values:
            _number("flag", value)
    return Filter(column, operator, values)


def _find_column(name: str) -> Column:
    if name in COLUMNS:
        return COLUMNS[name]
    if name.startswith("properties.") and 0 < len(name) - len("properties.") <= 255:
        _text_of(name)
        return Column(name, "event")
    raise invalid("filters", f"There is no column {name[:80]!r}; filters name a column or properties.<key>.")


def _fits(column: Column, operator: Operator) -> bool:
    if column.kind == "text":
        return True
    if column.kind == "list":
        return operator not in COMPARISONS
    if operator in ("is", "isNot", "isNull", "isNotNull"):
        return column.kind == "number" or operator in ("is", "isNot")
    return column.kind == "number" and operator in COMPARISONS


def _text_of(value: Scalar) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise invalid("filters", "A value holds half of a surrogate pair, which is no character.") from error
    return text


def _number(kind: str, text: str) -> float:
    if kind == "flag":
        if text not in ("true", "false"):
            raise invalid("filters", f"{text[:80]!r} is neither true nor false.")
        return float(text == "true")
    try:
        number = float(text)
    except ValueError as error:
        raise invalid("filters", f"{text[:80]!r} is not a number.") from error
    if not math.isfinite(number):
        raise invalid("filters", f"{text[:80]!r} is not a finite number.")
    return number


def _expression(column: Column, bindings: Bindings) -> str:
    if column.name in COLUMNS:
        return column.name
    path = bindings.bind(column.name.removeprefix("properties."), "String")
    return f"toString(getSubcolumn(properties, {path}))"
