"""Formats a part's line for the terminal that all parts share."""

import msgspec

QUIET_LEVELS = ("debug", "info")
# The end of a build, which a person at the terminal waits for.
BUILD_MARKS = ("Built ", "The build of ")
# Levels in Dagster's notation.
ERROR_MARKS = (" - ERROR - ", " - CRITICAL - ")
NOT_SHOWN = ("part", "event", "level", "timestamp")


def shown(line: str, *, is_plain: bool) -> str:
    """Return the line as the terminal shows it; empty for a line that goes only to the log files.

    `is_plain` says that the part writes only our logs and errors. Then lines that are not logs are shown, too. Of a
    part that writes more, such as dbt's progress, only the end of a build and lines marked as errors are shown.
    """
    fields = _fields(line)
    if fields is None:
        is_told = is_plain or line.startswith(BUILD_MARKS) or any(mark in line for mark in ERROR_MARKS)
        return line.rstrip() if is_told else ""
    event = str(fields["event"])
    is_well = fields.get("level") in QUIET_LEVELS
    if is_well:
        return ""
    return f"{fields.get('level')}: " + " ".join(
        [event, *(f"{name}={value}" for name, value in fields.items() if name not in NOT_SHOWN)]
    )


def _fields(line: str) -> dict[str, object] | None:
    """Return the fields of a line of our logs by name; `None` for any other line."""
    if not line.startswith("{"):
        return None
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return fields if isinstance(fields, dict) and "event" in fields else None
