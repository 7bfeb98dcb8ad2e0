"""The filters of a question: which events or sessions the question reads, as SQL."""

from collections.abc import Mapping

import msgspec

from event_lens.contract.columns import PROPERTIES, QUESTION_COLUMNS, Column, Owner
from event_lens.contract.filters import COMPARISONS, NEGATIVE, Filter, Operator, RawFilter, as_number
from event_lens.contract.filters import resolve_filters as mean
from query.errors import invalid
from query.json_keys import key_given_twice
from query.statement import Bindings

MAX_FILTERS = 50
MAX_VALUES = 1000


def read_filters(
    text: str | None, columns: Mapping[str, Column] = QUESTION_COLUMNS, owner: Owner = "event"
) -> tuple[Filter, ...]:
    """Return the filters in a JSON array of `{name, operator, value}`; none for None or ''. Raises `Refused`
    (`filters_invalid`).
    """
    if not text:
        return ()
    try:
        written = msgspec.json.decode(text.encode(), type=list[RawFilter])
        repeated = key_given_twice(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise invalid("filters", f"filters is a JSON array of {{name, operator, value[]}}: {error}.") from error
    if repeated is not None:
        raise invalid("filters", f"A filter gives {repeated[:80]!r} twice; give it once.")
    return resolve_filters(written, columns, owner)


def resolve_filters(
    written: list[RawFilter], columns: Mapping[str, Column] = QUESTION_COLUMNS, owner: Owner = "event"
) -> tuple[Filter, ...]:
    """Resolve written filters over `columns` and the properties of `owner`. Raises `Refused` (`filters_invalid`)."""
    return mean(written, columns, owner, most=MAX_FILTERS, most_values=MAX_VALUES)


def condition(filter: Filter, bindings: Bindings) -> str:
    """Return the SQL condition of a filter, true or false for every row (never null)."""
    kind = filter.column.kind
    column = column_sql(filter.column, bindings)
    positive = NEGATIVE.get(filter.operator, filter.operator)
    if positive == "isNull":
        holds = f"empty({column})" if kind in ("text", "list") else f"{column} = 0"
    elif positive in COMPARISONS:
        number = f"toFloat64OrNull({column})" if kind == "text" else f"toFloat64({column})"
        sign = COMPARISONS[positive]
        values = bindings.bind([float(value) for value in filter.values], "Array(Float64)")
        holds = f"ifNull(arrayExists(v -> {number} {sign} v, {values}), 0)"
    elif kind == "list":
        holds = f"arrayExists(item -> {_of_text('item', positive, filter.values, bindings)}, {column})"
    elif kind == "text":
        holds = _of_text(column, positive, filter.values, bindings)
    else:
        values = bindings.bind([as_number(kind, value) for value in filter.values], "Array(Float64)")
        holds = f"has({values}, toFloat64({column}))"
    return f"NOT ({holds})" if filter.operator in NEGATIVE else f"({holds})"


def _of_text(text: str, operator: Operator, values: tuple[str, ...], bindings: Bindings) -> str:
    if operator == "regex":
        patterns = [bindings.bind(value, "String") for value in values]
        return " OR ".join(f"match({text}, {pattern})" for pattern in patterns)
    bound = bindings.bind(list(values), "Array(String)")
    test = {
        "is": f"{text} IN {bound}",
        "contains": f"arrayExists(v -> position({text}, v) > 0, {bound})",
        "startsWith": f"arrayExists(v -> startsWith({text}, v), {bound})",
        "endsWith": f"arrayExists(v -> endsWith({text}, v), {bound})",
    }
    return test[operator]


def column_sql(column: Column, bindings: Bindings) -> str:
    """Return the SQL of the column or property that a filter names."""
    if not column.name.startswith(PROPERTIES):
        return column.name
    path = bindings.bind(column.name.removeprefix(PROPERTIES), "String")
    return f"toString(getSubcolumn(properties, {path}))"
