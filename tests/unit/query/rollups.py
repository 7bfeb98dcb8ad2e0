"""Counts by period and by page."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.spec.rows import Row
from tests.unit.query.history import SCREEN_VIEWS, History, Session

Answer = list[tuple[Any, ...]]


def money(history: History, events: Iterable[Row]) -> float:
    """Revenue in the project's currency, or without one."""
    currency = history.project.currency
    amounts = [Decimal(event["revenue"]) for event in events if not currency or event["currency"] in ("", currency)]
    return float(sum(amounts, Decimal(0)))


def grouped(things: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups = defaultdict(list)
    for thing in things:
        groups[key(thing)].append(thing)
    return groups


def devices(events: Iterable[Row]) -> int:
    return len({event["device_id"] for event in events if event["device_id"]})


def metrics(history: History, of_event: Callable[[Row], Any]) -> Answer:
    """(bucket, visitors, people, sessions, views, events, bounces, seconds, revenue) by what `of_event` says."""
    started = grouped(history.sessions, lambda session: of_event(session.events[0]))
    return [
        (
            bucket,
            devices(events),
            len({event["profile"] for event in events if event["profile"]}),
            len(started[bucket]),
            sum(event["name"] in SCREEN_VIEWS for event in events),
            len(events),
            sum(session.is_bounce for session in started[bucket]),
            sum(session.duration_ms // 1000 for session in started[bucket]),
            money(history, events),
        )
        for bucket, events in grouped(history.events, of_event).items()
    ]


def pages_daily(history: History, bucket_of: Callable[[Row], Any] = lambda view: view["day"]) -> Answer:
    """(day or other bucket, path, views, visitors, sessions, entries, bounces, seconds, timed views)."""
    spent_ms: dict[int, int] = {}
    entries: dict[int, Session] = {}
    for session in history.sessions:
        for event, after in pairwise(session.events):
            spent_ms[id(event)] = after["created_at"] - event["created_at"]
        for view in session.views[:1]:
            entries[id(view)] = session
    views = [event for event in history.events if event["name"] in SCREEN_VIEWS]
    return [
        (
            day,
            path,
            len(here),
            devices(here),
            len({view["session_key"] for view in here if view["session_key"]}),
            sum(id(view) in entries for view in here),
            sum(entries[id(view)].is_bounce for view in here if id(view) in entries),
            sum(spent_ms.get(id(view), 0) for view in here) / 1000,
            sum(id(view) in spent_ms for view in here),
        )
        for (day, path), here in grouped(views, lambda view: (bucket_of(view), view["path"])).items()
    ]


def entries_and_exits(history: History) -> tuple[Counter[str], Counter[str]]:
    """How many sessions began, and how many ended, on each path."""
    views = [session.views for session in history.sessions if session.views]
    return Counter(seen[0]["path"] for seen in views), Counter(seen[-1]["path"] for seen in views)
