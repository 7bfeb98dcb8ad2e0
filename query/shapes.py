"""Shapes: what answers hold, declared as types. More than its shape, or less, is never answered."""

from typing import Annotated, Any

import msgspec

DateTime = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Date = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
Percent = Annotated[float, msgspec.Meta(description="In percent.")]
Money = Annotated[float, msgspec.Meta(description="In units of the currency.")]


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    """What the structs of answers have in common."""


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
    notes: Annotated[
        list[str] | msgspec.UnsetType, msgspec.Meta(description="What the numbers leave out, or are about.")
    ] = msgspec.UNSET


class PageMeta(Meta, rename="camel", kw_only=True):
    """That of a list which is answered page by page."""

    next_cursor: Annotated[str | None, msgspec.Meta(description="`cursor` of the next page; null after the last.")]


def answer_of(name: str, data: Any, *, is_compared: bool, is_paged: bool) -> type[msgspec.Struct]:
    """The type of a whole answer whose data are `data`: `{data, meta}`, with `previous` where that can be asked."""
    fields: list[Any] = [("data", data), ("meta", PageMeta if is_paged else Meta)]
    if is_compared:
        fields.append(("previous", data | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(name, fields, bases=(Shape,))
