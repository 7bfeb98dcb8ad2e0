"""The suggestion for a mistyped name."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to a mistyped `name`, or None when none is close."""
    by_lower = {word.lower(): word for word in known}
    near = get_close_matches(name[:80].lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None
