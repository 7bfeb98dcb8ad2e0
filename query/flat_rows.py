"""The rows of a table that has all of an answer, however it is nested: for CSV."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from query.schema import bare

Cells = dict[str, Any]


@dataclass(frozen=True)
class Flat:
    """The columns of a table, and its rows: values by column. A row may lack columns."""

    columns: list[str]
    rows: list[Cells]


def flat_rows(answer: Any, data: Mapping[str, Any]) -> Flat:
    """Return the data of an answer of the type `answer`, an object, as a table.

    Each row has the fields of the object, and one item of one of its lists of objects, whose columns are named
    `list.field`; fields of an object within are `object.field`. Without any item there is one row. Other lists and
    dictionaries are single values.
    """
    parts = _Parts()
    parts.add(answer, data)
    return Flat([*parts.own, *parts.of_items], [parts.own | item for item in parts.items] or [parts.own])


@dataclass
class _Parts:
    """The values beside the lists, the columns of the lists' items, and the items."""

    own: Cells = field(default_factory=dict)
    of_items: list[str] = field(default_factory=list)
    items: list[Cells] = field(default_factory=list)

    def add(self, kind: Any, data: Mapping[str, Any] | None, prefix: str = "") -> None:
        for name, inner, item in _fields(kind):
            value = None if data is None else data.get(name)
            if inner is not None:
                self.add(inner, value, f"{prefix}{name}.")
            elif item is not None:
                columns = [each for each, _, _ in _fields(item)]
                self.of_items += [f"{prefix}{name}.{column}" for column in columns]
                self.items += [
                    {f"{prefix}{name}.{column}": row.get(column) for column in columns} for row in value or ()
                ]
            else:
                self.own[f"{prefix}{name}"] = value


def _fields(kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name of each field of a struct, the struct that it holds, and the struct of which it holds a list."""
    for each in msgspec.structs.fields(kind):
        held = _present(each.type)
        listed = bare(held.item_type) if isinstance(held, msgspec.inspect.ListType) else None
        yield each.encode_name, _struct_of(held), _struct_of(listed)


def _present(kind: Any) -> msgspec.inspect.Type:
    """Return the type of a field's values that are not null."""
    held = bare(msgspec.inspect.type_info(kind))
    if isinstance(held, msgspec.inspect.UnionType):
        structs = [each for each in map(bare, held.types) if isinstance(each, msgspec.inspect.StructType)]
        return structs[0] if structs else held
    return held


def _struct_of(kind: msgspec.inspect.Type | None) -> Any:
    return kind.cls if isinstance(kind, msgspec.inspect.StructType) else None
