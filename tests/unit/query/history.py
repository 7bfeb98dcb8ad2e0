"""What counts of a project, as DuckDB's reference says it, in rows that plain Python recomputes answers from."""

from dataclasses import dataclass, field
from datetime import date

from event_lens.warehouse.client import Warehouse
from tests.reference.recomputed import recompute_events
from tests.spec.rows import Project, Row

SCREEN_VIEWS = ("screen_view", "page_view", "pageview")
COUNTED = """
    select
        batch_id, batch_row, device_id, profile_id as profile, is_identified as is_known, local_day as day, session_key
    from session_events
    order by created_at, event_id, event_key
"""


@dataclass
class Session:
    """Events of one device; `key` is what its id is made of."""

    key: tuple[str, int]
    day: date
    events: list[Row] = field(default_factory=list)

    @property
    def views(self) -> list[Row]:
        return [event for event in self.events if event["name"] in SCREEN_VIEWS]

    @property
    def is_bounce(self) -> bool:
        return len(self.views) == 1

    @property
    def duration_ms(self) -> int:
        return int(self.events[-1]["created_at"] - self.events[0]["created_at"])


@dataclass
class History:
    """Everything that counts of a project: events in order, each with `day`, `profile`, `is_known`; its sessions."""

    project: Project
    events: list[Row]
    sessions: list[Session]


def read_history(warehouse: Warehouse, project: Project) -> History:
    """What was sent to `project`, and what the reference makes of it."""
    sent = {(row["batch_id"], row["batch_row"]): row for row in project.events}
    with recompute_events(warehouse, [project.project_id]) as reference:
        found = reference.execute(COUNTED)
        names = [column[0] for column in found.description or ()]
        counted = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    events: list[Row] = []
    sessions: dict[int, Session] = {}
    for row in counted:
        event = sent[row["batch_id"], row["batch_row"]] | row
        events.append(event)
        if (number := row["session_key"]) is not None:
            key = (event["device_id"], event["created_at"])
            session = sessions.setdefault(number, Session(key, event["day"]))
            session.events.append(event)
            event["session_key"] = session.key
    return History(project, events, list(sessions.values()))
