"""Parameters: what a question takes, declared as structs, and how it is read. What is not declared is refused."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, get_args

import msgspec

from query.errors import invalid
from query.schema import bare

P = TypeVar("P", bound=msgspec.Struct)

Start = Annotated[str | None, msgspec.Meta(description="First date (inclusive) or instant.")]
End = Annotated[str | None, msgspec.Meta(description="Last date (inclusive), or instant (exclusive).")]
Named = Annotated[str | None, msgspec.Meta(description="Such as 7d, 24h, 12w, 6m, today, lastMonth.")]
Filters = Annotated[str | None, msgspec.Meta(description="JSON array of {name, operator, value[]}.")]
Compare = Annotated[str | None, msgspec.Meta(description="`previous`: the period before too; `year`: the year before.")]
Limit = Annotated[int | None, msgspec.Meta(description="The most rows, 1 to 10000; default 100.")]

LIVE = "live"
FRESHNESSES = ("built", LIVE)

Cursor = Annotated[str | None, msgspec.Meta(description="`meta.nextCursor` of the page before.")]


def one_of(words: Collection[str]) -> msgspec.Meta:
    """The declaration of a parameter that is one of these; `choose` refuses others."""
    return msgspec.Meta(description=f"One of {', '.join(words)}.", extra_json_schema={"enum": list(words)})


Freshness = Annotated[
    str | None,
    msgspec.Meta(
        description="`live`: what landed and is not built yet counts too; `built` does not, the default.",
        extra_json_schema={"enum": list(FRESHNESSES)},
    ),
]

PERIOD_NAMES = {"start_date": "startDate", "end_date": "endDate"}
"""How a body that is in snake case names its period."""


class NoParameters(msgspec.Struct, forbid_unknown_fields=True):
    """For questions that are asked by their name alone."""


class PeriodParameters(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Which time is asked about."""

    start_date: Start = None
    end_date: End = None
    range: Named = None


class FilteredParameters(PeriodParameters, kw_only=True):
    """Which time, and which events and sessions in it."""

    filters: Filters = None


class RankedParameters(PeriodParameters, kw_only=True):
    """Those of rows of which the first are shown, from a table that knows no filters."""

    limit: Limit = None


class TrendParameters(FilteredParameters, kw_only=True):
    """Those of numbers that can stand beside those of the period before."""

    compare: Compare = None
    freshness: Freshness = None


class ListParameters(FilteredParameters, kw_only=True):
    """Those of rows of which the first are shown."""

    limit: Limit = None


class LiveListParameters(ListParameters, kw_only=True):
    """Those of rows that can count what is not built yet."""

    freshness: Freshness = None


def read_parameters(question: str, kind: type[P], written: Iterable[tuple[str, str]]) -> P:
    """The parameters of a query string as `kind`. Raises `Refused` that names the parameter."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, text in written:
        if name not in fields:
            _refuse_live(question, name)
            raise invalid("parameter", _unknown("parameter", name, f"`{question}`", fields))
        if name in values:
            raise invalid(name, f"{name} is given twice; give it once.")
        try:
            values[name] = msgspec.convert(text, fields[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise invalid(name, f"{name} is {text[:80]!r}: {error}.") from error
    for field in fields.values():
        if field.required and field.encode_name not in values:
            raise invalid(field.encode_name, f"{field.encode_name} must be given; {_described(field)}")
    return msgspec.convert(values, kind)


def read_body(question: str, kind: type[P], body: bytes) -> P:
    """The parameters of a JSON body as `kind`. Raises `Refused` that names the field."""
    try:
        written = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise invalid("request", f"The body of {question} is not JSON: {error}.") from error
    return convert_body(question, kind, written)


def convert_body(question: str, kind: type[P], written: object) -> P:
    """A decoded body as `kind`. Raises `Refused` that names the field."""
    _check_fields(question, msgspec.inspect.type_info(kind), written)
    try:
        return msgspec.convert(written, kind)
    except msgspec.ValidationError as error:
        raise invalid("request", f"The body of {question} cannot be meant: {error}.") from error


def texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Parameters as they stand in a query string; those that are None are not there."""
    return [(name, as_text(value)) for name, value in values.items() if value is not None]


def as_text(value: Any) -> str:
    """A value in a query string: dates as ISO 8601, lists and objects as JSON."""
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _described(field: msgspec.structs.FieldInfo) -> str:
    """What a parameter's declaration says of it, or where it stands."""
    told = [part.description for part in get_args(field.type)[1:] if isinstance(part, msgspec.Meta)]
    return next((text for text in told if text), "it stands in the question's address.")


def _check_fields(where: str, kind: msgspec.inspect.Type, value: object) -> None:
    """Refuse fields that no struct of `kind` has; the rest is for msgspec to judge."""
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
    """Say of `freshness` that the question does not take it because it cannot."""
    if name == "freshness":
        raise invalid(
            "freshness", f"`{question}` cannot be asked with 'freshness': builds alone make what it is answered from."
        )


def _unknown(what: str, name: str, where: str, known: Iterable[str]) -> str:
    near = nearest(name, list(known))
    said = f"Unknown {what} {name[:80]!r}"
    if near is not None:
        return f"{said}; did you mean {near!r}?"
    listed = ", ".join(sorted(known))
    return f"{said}; {where} takes {listed}." if listed else f"{said}; {where} takes none."


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that `name` was probably meant to be, if any is near."""
    by_lower = {word.lower(): word for word in known}
    near = get_close_matches(name[:80].lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None
