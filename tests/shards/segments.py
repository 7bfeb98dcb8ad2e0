"""Segments of events of several projects, as a collector leaves them."""

import uuid
from collections.abc import Sequence

import msgspec

from collector.spool.directory import SpoolDirectory
from collector.spool.segment import SegmentName, frame, new_segment_id
from event_lens.clock import now_ms
from event_lens.contract.rows import EventRow, timestamp
from event_lens.warehouse.client import Warehouse


def put(folder: SpoolDirectory, project_ids: Sequence[str], count: int) -> SegmentName:
    """A sealed segment of `count` events of each project, mixed."""
    now = timestamp(now_ms())
    rows = [
        EventRow(str(uuid.uuid4()), project_id, "a", f"segment-{number}", "client", now, now)
        for number in range(count)
        for project_id in project_ids
    ]
    name = SegmentName(new_segment_id(now_ms), "lens_raw.events", len(rows))
    content = frame([msgspec.json.encode(row) for row in rows], name.segment_id, 0)
    (folder.path / name.file_name).write_bytes(content)
    folder.grew(len(content))
    return name


def raw_counts(warehouse: Warehouse, project_id: str) -> int:
    """How many events of a project are on a shard."""
    count: int = warehouse.value("SELECT count() FROM lens_raw.events WHERE project_id = {p:String}", {"p": project_id})
    return count
