"""Shapes: what answers hold, declared as types. More than its shape, or less, is never answered."""

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
    """What the structs of answers have in common."""


class SetAsideMeta(Shape, rename="camel"):
    """That builds leave a project out, because one failed for its rows or definitions."""

    since: DateTime
    reason: Annotated[str, msgspec.Meta(description="The model that failed, and the warehouse's code.")]


class FailedCheckMeta(Shape, rename="camel"):
    """A check that failed when a build looked at a table which answered; Dagster's page of the table says more."""

    name: str
    severity: Annotated[
        Literal["error", "warn"],
        msgspec.Meta(description="Nothing is built upon the table while one of `error` fails."),
    ]
    since: DateTime


class Meta(Shape, rename="camel", kw_only=True):
    """What must be known to trust an answer."""

    complete_through: Annotated[
        DateTime | None,
        msgspec.Meta(description="All that landed until then is in the numbers; null before the first build."),
    ]
    timezone: Annotated[str, msgspec.Meta(description="In which days and hours are counted.")]
    table: Annotated[str, msgspec.Meta(description="That answered.")]
    cached: Annotated[bool, msgspec.Meta(description="Whether the rows were read for an earlier question.")]
    elapsed_ms: float
    approximate: Annotated[
        dict[str, float] | msgspec.UnsetType,
        msgspec.Meta(description="The numbers that are estimates, and by how many percent they may be off."),
    ] = msgspec.UNSET
    notes: Annotated[
        list[str] | msgspec.UnsetType, msgspec.Meta(description="What the numbers leave out, or are about.")
    ] = msgspec.UNSET
    set_aside: Annotated[
        SetAsideMeta | msgspec.UnsetType,
        msgspec.Meta(description="Since when and why builds leave the project out. Its numbers stay as they were."),
    ] = msgspec.UNSET
    failed_checks: Annotated[
        list[FailedCheckMeta] | msgspec.UnsetType,
        msgspec.Meta(description="The checks that fail for the project on the tables that answered."),
    ] = msgspec.UNSET


class PageMeta(Meta, rename="camel", kw_only=True):
    """That of a list which is answered page by page."""

    next_cursor: Annotated[str | None, msgspec.Meta(description="`cursor` of the next page; null after the last.")]


def row_place(answer: Any) -> tuple[str | None, msgspec.inspect.StructType]:
    """What the rows of an answer's data are: the field that holds them (None: the data themselves), and their type.

    Of an object the rows are its last list of objects; without one it is itself the only row.
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


def rows_of(answer: Any, data: Any) -> list[dict[str, Any]]:
    """The rows of an answer's data, as `row_place` says."""
    field, _ = row_place(answer)
    rows: list[dict[str, Any]] = data[field] if field else data if isinstance(data, list) else [data]
    return rows


def answer_of(name: str, data: Any, *, is_compared: bool, is_paged: bool) -> type[msgspec.Struct]:
    """The type of a whole answer whose data are `data`: `{data, meta}`, with `previous` where that can be asked."""
    fields: list[Any] = [("data", data), ("meta", PageMeta if is_paged else Meta)]
    if is_compared:
        fields.append(("previous", data | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(name, fields, bases=(Shape,))
