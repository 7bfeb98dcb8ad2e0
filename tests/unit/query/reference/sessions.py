"""Sessions, by walking over the events of each device."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.spec.rows import Project, Row
from tests.unit.query.reference.facts import counted_events
from tests.unit.query.reference.handovers import device_of, handovers
from tests.unit.query.reference.people import aliases, identities, owner

SCREEN_VIEWS = ("screen_view", "page_view", "pageview")
ONE_DAY = timedelta(days=1)


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

    def session_of(self, event: Row) -> Session | None:
        key = event["session_key"]
        return next((session for session in self.sessions if session.key == key), None) if key else None


def history(project: Project) -> History:
    owners, ends, handed = identities(project), aliases(project), handovers(project)
    events, devices = [], defaultdict(list)
    for sent in counted_events(project):
        row = sent | {"device_id": device_of(sent, handed)}
        profile, is_known = owner(row, owners, ends)
        event = row | {"day": project.local_day(row["created_at"]), "profile": profile, "is_known": is_known}
        event |= {"session_key": None, "is_start": False}
        events.append(event)
        if event["device_id"]:
            devices[event["device_id"]].append(event)
    sessions: dict[tuple[str, int], Session] = {}
    for device, of_device in devices.items():
        for event in _cut(of_device, project.session_timeout_seconds * 1000):
            if event["is_start"]:
                key = (device, event["created_at"])
                sessions.setdefault(key, Session(key, event["day"]))
            event["session_key"] = key
            sessions[key].events.append(event)
    return History(project, events, list(sessions.values()))


def _cut(events: list[Row], timeout_ms: int) -> list[Row]:
    """Mark the events that start a session."""
    days_with_cut: set[date] = set()
    named: Row | None = None
    before: Row | None = None
    for event in events:
        is_cut = before is None or event["created_at"] - before["created_at"] >= timeout_ms
        if event["client_session_id"]:
            if named and named["day"] >= event["day"] - ONE_DAY:
                is_cut = is_cut or named["client_session_id"] != event["client_session_id"]
            named = event
        if is_cut:
            days_with_cut.add(event["day"])
        is_first_of_day = before is not None and before["day"] != event["day"]
        event["is_start"] = is_cut or (is_first_of_day and event["day"] - ONE_DAY not in days_with_cut)
        before = event
    return events
