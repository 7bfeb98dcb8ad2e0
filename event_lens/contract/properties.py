"""Checks which properties the warehouse's JSON column can store."""

from collections.abc import Iterator
from typing import Any

import msgspec

from event_lens.contract.limits import (
    MAX_PROPERTIES_BYTES,
    MAX_PROPERTIES_DEPTH,
    MAX_PROPERTIES_KEYS,
    MAX_PROPERTIES_PATHS,
)
from event_lens.contract.rejection import Rejection

CONTAINERS = frozenset({dict, list})

_encode = msgspec.json.Encoder().encode


def check_storable(properties: dict[str, Any]) -> bool:
    """Raise `Rejection` for properties that the JSON column cannot store, or would return changed. Return whether they
    are flat: plain values, under keys without a dot.

    Integers beyond 64 bits are taken: the column keeps them as text, digit by digit.
    """
    is_flat = True
    for key, value in properties.items():
        if type(value) in CONTAINERS or "." in key:
            is_flat = False
            break
    keys, has_dots = (len(properties), False) if is_flat else _measure(properties)
    if keys > MAX_PROPERTIES_KEYS:
        raise Rejection(
            f"The properties have more than {MAX_PROPERTIES_KEYS} keys; send fewer.", code="properties_too_large"
        )
    try:
        size = len(_encode(properties))
    except UnicodeEncodeError:
        raise Rejection(
            "A text of the properties holds half of a surrogate pair, which is not Unicode; send whole characters.",
            code="properties_not_storable",
        ) from None
    if size > MAX_PROPERTIES_BYTES:
        raise Rejection(
            f"The properties are {size} bytes of JSON; send up to {MAX_PROPERTIES_BYTES}.", code="properties_too_large"
        )
    if has_dots:
        for scope in _scopes(properties):
            _check_paths(scope)
    return is_flat


def lists_of_values(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the same properties with lists of plain values only: an object or a list within a list becomes its JSON
    text (`[[2]]` becomes `["[2]"]`).

    The column stores a list of objects like a table of its own, with a file for each path and type when parts are
    merged: a dozen requests with many such lists opened 20,000 files.
    """
    for value in properties.values():
        if type(value) in CONTAINERS:
            return {key: _plain(below) for key, below in properties.items()}
    return properties


def _plain(value: Any) -> Any:
    if type(value) is dict:
        return {key: _plain(below) for key, below in value.items()}
    if type(value) is list:
        return [_encode(below).decode() if type(below) in CONTAINERS else below for below in value]
    return value


def _measure(properties: dict[str, Any]) -> tuple[int, bool]:
    """Return the number of keys on all levels, and whether one of them contains a dot. Raises `Rejection` when they are
    nested too deeply. Also raises it when many keys lie below long keys: the warehouse stores each path in full, so the
    paths would be a multiple of the sent size.
    """
    keys = written = 0
    has_dots = False
    level: list[tuple[Any, int]] = [(properties, 0)]
    for _ in range(MAX_PROPERTIES_DEPTH):
        below: list[tuple[Any, int]] = []
        for container, prefix in level:
            if type(container) is dict:
                keys += len(container)
                for key, value in container.items():
                    length = prefix + len(key) + 1
                    written += length
                    has_dots = has_dots or "." in key
                    if type(value) in CONTAINERS:
                        below.append((value, length))
            else:
                # The warehouse stores the items of a list as text, without a path.
                below += [(value, 0) for value in container if type(value) in CONTAINERS]
        if written > MAX_PROPERTIES_PATHS:
            raise Rejection(
                f"The paths of the properties have over {MAX_PROPERTIES_PATHS} characters together; send shorter keys.",
                code="properties_too_large",
            )
        if not below:
            return keys, has_dots
        level = below
    raise _too_deep()


def _scopes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects that have paths of their own: the properties, and each object in an array."""
    pending = [(value, True)]
    while pending:
        container, is_scope = pending.pop()
        if type(container) is dict:
            if is_scope:
                yield container
            pending += [(below, False) for below in container.values() if type(below) in CONTAINERS]
        else:
            pending += [(below, True) for below in container if type(below) in CONTAINERS]


def _check_paths(scope: dict[str, Any]) -> None:
    """Raise `Rejection` for a path that is too deep, occurs twice, or is both a value and an object: the column reads
    `{"a.b": 1}` as `{"a": {"b": 1}}`.
    """
    paths: set[str] = set()
    for path in _paths(scope, ""):
        if path.count(".") >= MAX_PROPERTIES_DEPTH:  # each dot is a level to the column
            raise _too_deep()
        if path in paths:
            raise _ambiguous(path)
        paths.add(path)
    for path in paths:
        above = path
        while "." in above:
            above = above.rpartition(".")[0]
            if above in paths:
                raise _ambiguous(above)


def _paths(container: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, value in container.items():
        if type(value) is dict:
            yield from _paths(value, f"{prefix}{key}.")
        elif value is not None:
            yield prefix + key


def _too_deep() -> Rejection:
    return Rejection(
        f"The properties are nested deeper than {MAX_PROPERTIES_DEPTH} levels; flatten them.",
        code="properties_too_deep",
    )


def _ambiguous(path: str) -> Rejection:
    return Rejection(
        f"The property {path[:64]!r} is given twice, with a dot and nested; send it one way.",
        code="properties_not_storable",
    )
