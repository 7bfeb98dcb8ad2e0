"""Shapes: the declared types of answers. An answer has every field of its shape and no other."""

from typing import Annotated, Any, Literal, cast

import msgspec

from query.schema import bare

DateTime = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Date = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
Percent = Annotated[float, msgspec.Meta(description="In percent.")]
Money = Annotated[float, msgspec.Meta(description="In units of the currency.")]


BucketStart = Annotated[
    str,
    msgspec.Meta(description="A bucket's first day, or for hours its start.", extra_json_schema={"format": "bucket"}),
]


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    """The base of all structs in answers."""


class StoredFilter(Shape):
    """A filter as it is stored in a definition."""

    name: str
    operator: str
    value: list[str]


class SetAsideMeta(Shape, rename="camel"):
    """Why builds leave the project out: a build failed because of the project's rows or definitions."""

    since: DateTime
    reason: Annotated[str, msgspec.Meta(description="The model that failed, and the warehouse's code.")]


class FailedCheckMeta(Shape, rename="camel"):
    """A failed check of a table that the answer was read from, found by the last build that ran the check; Dagster's
    page of the table has the details.
    """

    name: str
    severity: Annotated[
        Literal["error", "warn"],
        msgspec.Meta(description="Nothing is built upon the table while one of `error` fails."),
    ]
    since: DateTime


class PendingDaysMeta(Shape, rename="camel"):
    """The days whose numbers the next build of the project changes."""

    first: Annotated[Date | None, msgspec.Meta(description="The first of these days; null when it may be every day.")]
    last: Annotated[Date | None, msgspec.Meta(description="The last of these days; null when it may be every day.")]


class Meta(Shape, rename="camel", kw_only=True):
    """The facts that say how reliable an answer is."""

    complete_through: Annotated[
        DateTime | None,
        msgspec.Meta(
            description="The numbers hold everything that landed up to this instant; null before the first build."
        ),
    ]
    timezone: Annotated[str, msgspec.Meta(description="The time zone in which days and hours are counted.")]
    currency: Annotated[
        str, msgspec.Meta(description="The currency of sums of revenue; empty if the project has none.")
    ]
    table: Annotated[str, msgspec.Meta(description="The table that answered.")]
    cached: Annotated[bool, msgspec.Meta(description="Whether the rows were read for an earlier question.")]
    elapsed_ms: float
    approximate: Annotated[
        dict[str, float] | msgspec.UnsetType,
        msgspec.Meta(description="The numbers that are estimates, and by how many percent they may be off."),
    ] = msgspec.UNSET
    notes: Annotated[
        list[str] | msgspec.UnsetType, msgspec.Meta(description="Sentences on what the numbers leave out or refer to.")
    ] = msgspec.UNSET
    set_aside: Annotated[
        SetAsideMeta | msgspec.UnsetType,
        msgspec.Meta(description="Since when and why builds leave the project out. Its numbers stay as they were."),
    ] = msgspec.UNSET
    pending_days: Annotated[
        PendingDaysMeta | msgspec.UnsetType,
        msgspec.Meta(
            description="The days that still have old numbers: a setting on which all numbers depend has changed, or "
            "builds leave the project out."
        ),
    ] = msgspec.UNSET
    failed_checks: Annotated[
        list[FailedCheckMeta] | msgspec.UnsetType,
        msgspec.Meta(description="The checks that fail for the project on the tables that answered."),
    ] = msgspec.UNSET


class PageMeta(Meta, rename="camel", kw_only=True):
    """The `meta` of a list that is answered page by page."""

    next_cursor: Annotated[str | None, msgspec.Meta(description="`cursor` of the next page; null after the last.")]


def row_place(answer: Any) -> tuple[str | None, msgspec.inspect.StructType]:
    """Return the name of the field with an answer's rows, and the rows' type. The name is None when the data themselves
    are the rows.

    If the data are an object, its rows are its last list of objects; if it has no such list, the object itself is the
    only row.
    """
    kind = msgspec.inspect.type_info(answer)
    if isinstance(kind, msgspec.inspect.ListType):
        return None, cast(msgspec.inspect.StructType, kind.item_type)
    row = cast(msgspec.inspect.StructType, kind)
    for field in reversed(row.fields):
        listed = bare(field.type)
        item = bare(listed.item_type) if isinstance(listed, msgspec.inspect.ListType) else None
        if isinstance(item, msgspec.inspect.StructType):
            return field.encode_name, item
    return None, row


def fields_beside_rows(answer: Any) -> tuple[str, ...]:
    """Return the names of the fields that an answer has beside its rows."""
    place, _ = row_place(answer)
    kind = msgspec.inspect.type_info(answer)
    if place is None or not isinstance(kind, msgspec.inspect.StructType):
        return ()
    return tuple(field.encode_name for field in kind.fields if field.encode_name != place)


def rows_of(answer: Any, data: Any) -> list[dict[str, Any]]:
    """Return the rows of an answer's data, as `row_place` finds them."""
    field, _ = row_place(answer)
    rows: list[dict[str, Any]] = data[field] if field else data if isinstance(data, list) else [data]
    return rows


def answer_of(name: str, data: Any, *, is_compared: bool, is_paged: bool) -> type[msgspec.Struct]:
    """Return the type of a whole answer, `{data, meta}`, with `previous` if the question can be compared with an
    earlier period.
    """
    fields: list[Any] = [("data", data), ("meta", PageMeta if is_paged else Meta)]
    if is_compared:
        fields.append(("previous", data | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(name, fields, bases=(Shape,))
