"""Removes values that are never stored, at every depth: clients' addresses, and our own secrets."""

from typing import Any

REDACTED = frozenset({"__ip", "clientSecret"})
DEEPEST = 64  # levels; accepted properties have fewer


def is_redacted(key: str) -> bool:
    """Return whether `key`, or a part of it, names a value that is never stored; the JSON column reads `a.__ip` as
    `__ip` within `a`.
    """
    return key in REDACTED or ("." in key and not REDACTED.isdisjoint(key.split(".")))


def redact(value: Any, levels: int = DEEPEST) -> Any:
    """Return `value` without the keys that are never stored, and without values that are nested more than `levels`
    deep.
    """
    kind = type(value)
    if kind is dict:
        below = levels - 1
        return {key: redact(each, below) for key, each in value.items() if not is_redacted(key)} if levels else None
    if kind is list:
        return [redact(each, levels - 1) for each in value] if levels else None
    return value
