"""Parameters: structs that declare what a question takes, and functions that read them. Undeclared parameters are
refused.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Annotated, Any, TypeVar, get_args

import msgspec

from event_lens.contract.filters import RawFilter
from event_lens.nearest import nearest
from query.errors import invalid
from query.json_keys import key_given_twice
from query.schema import bare

P = TypeVar("P", bound=msgspec.Struct)

Start = Annotated[str | None, msgspec.Meta(description="First date or instant, both inclusive.")]
End = Annotated[str | None, msgspec.Meta(description="Last date (inclusive), or instant (exclusive).")]
Named = Annotated[str | None, msgspec.Meta(description="Such as 7d, 24h, 12w, 6m, today, lastMonth.")]
FilterList = Annotated[
    list[RawFilter],
    msgspec.Meta(description="Each is {name, operator, value}. All must hold; the values of one are alternatives."),
]
"""Filters in a body."""
Filters = Annotated[str | None, msgspec.Meta(description="JSON array of {name, operator, value[]}.")]
Compare = Annotated[
    str | None,
    msgspec.Meta(description="`previous` adds the period before; `year` adds the same period a year before."),
]
Limit = Annotated[int | None, msgspec.Meta(description="The most rows, 1 to 10000; default 100.")]

DIGITS = "-?[0-9]{1,18}"
"""A number in a query string. The decoder would also take `1e2`, and `null` as no number."""

LIVE = "live"
FRESHNESSES = ("built", LIVE)

Cursor = Annotated[str | None, msgspec.Meta(description="`meta.nextCursor` of the page before this one.")]


def one_of(words: Collection[str]) -> msgspec.Meta:
    """Return the description of a parameter that takes one of `words`; `choose` refuses other words."""
    return msgspec.Meta(description=f"One of {', '.join(words)}.", extra_json_schema={"enum": list(words)})


Freshness = Annotated[
    str | None,
    msgspec.Meta(
        description="`live`: what landed and is not built yet counts too; `built` does not, the default.",
        extra_json_schema={"enum": list(FRESHNESSES)},
    ),
]

PERIOD_NAMES = {"start_date": "startDate", "end_date": "endDate"}
"""The names of the period in a body in snake case."""


class NoParameters(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of questions that take none."""


class PeriodParameters(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The period that is asked about."""

    start_date: Start = None
    end_date: End = None
    range: Named = None


class FilteredParameters(PeriodParameters, kw_only=True):
    """The period, and which of its events and sessions count."""

    filters: Filters = None


class RankedParameters(PeriodParameters, kw_only=True):
    """The period and the number of rows, for tables that cannot be filtered."""

    limit: Limit = None


class TrendParameters(FilteredParameters, kw_only=True):
    """The period and filters, and whether to add the same numbers for an earlier period."""

    compare: Compare = None
    freshness: Freshness = None


class ListParameters(FilteredParameters, kw_only=True):
    """The period, the filters and the number of rows."""

    limit: Limit = None


class LiveListParameters(ListParameters, kw_only=True):
    """Parameters of a list of rows that can also count events that are not built yet."""

    freshness: Freshness = None


def read_parameters(question: str, kind: type[P], written: Iterable[tuple[str, str]]) -> P:
    """Return the parameters of a query string as `kind`. Raises `Refused`, which names the invalid parameter."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, text in written:
        if name not in fields:
            _refuse_live(question, name)
            raise invalid("parameter", _unknown("parameter", name, f"`{question}`", fields))
        # Codes are in snake case, such as `max_steps_invalid`.
        noun = fields[name].name
        if name in values:
            raise invalid(noun, f"{name} is given twice; give it once.")
        if _is_number(fields[name].type) and not re.fullmatch(DIGITS, text):
            raise invalid(noun, f"{name} is {text[:80]!r}: it is a whole number in digits, such as 10.")
        try:
            values[name] = msgspec.convert(text, fields[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise invalid(noun, f"{name} is {text[:80]!r}: {error}.") from error
    for field in fields.values():
        if field.required and field.encode_name not in values:
            raise invalid(field.name, f"{field.encode_name} must be given; {_described(field)}")
    return msgspec.convert(values, kind)


def read_body(question: str, kind: type[P], body: bytes) -> P:
    """Return the parameters in a JSON body as `kind`. Raises `Refused`, which names the invalid field."""
    try:
        written = msgspec.json.decode(body)
        repeated = key_given_twice(body)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise invalid("request", f"The body of {question} is not JSON: {error}.") from error
    if repeated is not None:
        raise invalid("request", f"The body of {question} gives {repeated[:80]!r} twice; give it once.")
    return convert_body(question, kind, written)


def convert_body(question: str, kind: type[P], written: object) -> P:
    """Return a decoded body as `kind`. Raises `Refused`, which names the invalid field."""
    _check_fields(question, msgspec.inspect.type_info(kind), written)
    try:
        return msgspec.convert(written, kind)
    except msgspec.ValidationError as error:
        raise invalid("request", f"The body of {question} cannot be meant: {error}.") from error


def texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return parameters as names and texts for a query string, without those that are None."""
    return [(name, as_text(value)) for name, value in values.items() if value is not None]


def as_text(value: Any) -> str:
    """Return a value as a query string holds it: dates as ISO 8601, lists and objects as JSON."""
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _is_number(kind: Any) -> bool:
    described = bare(msgspec.inspect.type_info(kind))
    kinds = described.types if isinstance(described, msgspec.inspect.UnionType) else (described,)
    return any(isinstance(each, msgspec.inspect.IntType) for each in kinds)


def _described(field: msgspec.structs.FieldInfo) -> str:
    """Return the description in a parameter's declaration. A parameter without a description is part of the address,
    and the returned text says so.
    """
    told = [part.description for part in get_args(field.type)[1:] if isinstance(part, msgspec.Meta)]
    return next((text for text in told if text), "it stands in the question's address.")


def _check_fields(where: str, kind: msgspec.inspect.Type, value: object) -> None:
    """Refuse fields that no struct of `kind` declares; msgspec checks everything else."""
    kind = bare(kind)
    if isinstance(kind, msgspec.inspect.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in kind.fields}
        for name, inner in value.items():
            if name not in fields:
                _refuse_live(where, name)
                raise invalid("parameter", _unknown("field", name, where, fields))
            _check_fields(f"{where}.{name}", fields[name], inner)
    elif isinstance(kind, msgspec.inspect.ListType) and isinstance(value, list):
        for place, inner in enumerate(value):
            _check_fields(f"{where}[{place}]", kind.item_type, inner)


def _refuse_live(question: str, name: str) -> None:
    """Refuse `freshness` with a message that says that the question cannot count unbuilt events."""
    if name == "freshness":
        raise invalid(
            "freshness", f"`{question}` cannot be asked with 'freshness': builds alone make what it is answered from."
        )


def _unknown(what: str, name: str, where: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    said = f"Unknown {what} {name[:80]!r}"
    if near is not None:
        return f"{said}; did you mean {near!r}?"
    listed = ", ".join(sorted(known))
    return f"{said}; {where} takes {listed}." if listed else f"{said}; {where} takes none."
