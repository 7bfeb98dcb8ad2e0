"""Which events and operations count: no duplicates, no bots, no session_start or session_end."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from tests.spec.rows import DAY_MS, Project, Row

UNCOUNTED_NAMES = ("session_start", "session_end")


def order(row: Row) -> tuple[int, str]:
    """Events of a device go by time, then by id."""
    return row["created_at"], row["event_id"]


def receipt(row: Row) -> tuple[int, str, int]:
    return row["received_at"], row["batch_id"], row["batch_row"]


def arrival(row: Row) -> tuple[int, int, str, int]:
    """Operations on a profile go by time, then as they arrived."""
    return row["created_at"], *receipt(row)


def repeats(project: Project, rows: list[Row]) -> set[tuple[str, int]]:
    """Batch and row of each copy of something received just before."""
    found = set()
    by_id: dict[Any, list[Row]] = defaultdict(list)
    by_body: dict[Any, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=receipt):
        by_id[row["event_id"]].append(row)
        if row["body_hash"] and not row["message_id"] and not row["import_id"]:
            by_body[row["device_id"], row["body_hash"]].append(row)
    for groups, window_ms in ((by_id, 7 * DAY_MS), (by_body, project.duplicate_window_ms)):
        for copies in groups.values():
            for before, copy in pairwise(copies):
                if window_ms and copy["received_at"] - before["received_at"] <= window_ms:
                    found.add((copy["batch_id"], copy["batch_row"]))
    return found


def is_bot(project: Project, row: Row) -> bool:
    reason = row["bot_reason"]
    allowed = any(
        reason.startswith(entry.removesuffix("*")) if entry.endswith("*") else reason == entry
        for entry in project.allowed_bots
    )
    return row["is_bot"] and not allowed


def counted_events(project: Project) -> list[Row]:
    copies = repeats(project, project.events)
    return [
        row
        for row in sorted(project.events, key=order)
        if (row["batch_id"], row["batch_row"]) not in copies
        and not is_bot(project, row)
        and row["name"] not in UNCOUNTED_NAMES
    ]


def counted_operations(project: Project) -> list[Row]:
    copies = repeats(project, project.operations)
    return [
        row
        for row in sorted(project.operations, key=order)
        if (row["batch_id"], row["batch_row"]) not in copies and not is_bot(project, row)
    ]
