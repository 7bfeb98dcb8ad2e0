"""Keys of JSON that callers write. A decoder takes the last of two equal keys, and the other would be lost silently."""

import json
from typing import Any


def key_given_twice(text: bytes | str) -> str | None:
    """Return a key that an object in `text`, which is JSON, gives twice; None without one."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        known: set[str] = set()
        for name, _ in pairs:
            if name in known:
                found.append(name)
            known.add(name)

    # Numbers stay texts: Python refuses very long ones.
    json.loads(text, object_pairs_hook=look, parse_int=str, parse_float=str)
    return found[0] if found else None
