"""How a part's line looks in a terminal that all parts share."""

import msgspec

QUIET_LEVELS = ("debug", "info")
# Of what is logged at these levels, a person at the terminal waits for the end of a build.
ALWAYS = ("built",)
# As Dagster writes them.
ERROR_MARKS = (" - ERROR - ", " - CRITICAL - ")
NOT_SHOWN = ("part", "event", "level", "timestamp")


def shown(line: str, *, is_plain: bool) -> str:
    """The line as it is shown; empty when it stays in the log files: what goes well.

    `is_plain` says whether the part writes nothing but our logs and what goes wrong: then lines of any other kind are
    shown. Of a part that writes more, dbt's progress say, those that call themselves an error are.
    """
    fields = _fields(line)
    if fields is None:
        return line.rstrip() if is_plain or any(mark in line for mark in ERROR_MARKS) else ""
    event = str(fields["event"])
    is_well = fields.get("level") in QUIET_LEVELS
    if is_well and event not in ALWAYS:
        return ""
    level = "" if is_well else f"{fields.get('level')}: "
    return level + " ".join([event, *(f"{name}={value}" for name, value in fields.items() if name not in NOT_SHOWN)])


def _fields(line: str) -> dict[str, object] | None:
    """The fields of a line of our logs; `None` for a line of any other kind."""
    if not line.startswith("{"):
        return None
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return fields if isinstance(fields, dict) and "event" in fields else None
