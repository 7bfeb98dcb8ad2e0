"""What is never stored, at whatever depth it was sent: addresses of clients, and secrets of ours."""

from typing import Any

REDACTED = frozenset({"__ip", "clientSecret"})
DEEPEST = 64  # levels; properties have fewer, and what else is nested so deeply means nothing


def is_redacted(key: str) -> bool:
    """Whether `key`, or a part of it, names what is never stored; to the JSON column `a.__ip` is `__ip` within `a`."""
    return key in REDACTED or ("." in key and not REDACTED.isdisjoint(key.split(".")))


def redact(value: Any, levels: int = DEEPEST) -> Any:
    """`value` without what is never stored, and without what lies deeper than `levels`."""
    kind = type(value)
    if kind is dict:
        below = levels - 1
        return {key: redact(each, below) for key, each in value.items() if not is_redacted(key)} if levels else None
    if kind is list:
        return [redact(each, levels - 1) for each in value] if levels else None
    return value
