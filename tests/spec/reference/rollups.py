"""Counts by hour, day, page, source and name."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.spec.reference.sessions import SCREEN_VIEWS, History, Session
from tests.spec.rows import Row

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


def metrics_hourly(history: History) -> Answer:
    return metrics(history, lambda event: history.project.local_hour(event["created_at"]))


def metrics_daily(history: History) -> Answer:
    return metrics(history, lambda event: event["day"])


def metrics_weekly(history: History) -> Answer:
    return metrics(history, lambda event: monday(event["day"]))


def metrics_monthly(history: History) -> Answer:
    return metrics(history, lambda event: event["day"].replace(day=1))


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def pages_daily(history: History) -> Answer:
    """(day, path, views, visitors, sessions, entries, bounces, seconds, timed views)."""
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
            sum(spent_ms.get(id(view), 0) for view in here) // 1000,
            sum(id(view) in spent_ms for view in here),
        )
        for (day, path), here in grouped(views, lambda view: (view["day"], view["path"])).items()
    ]


def edge_pages(history: History, position: int) -> Answer:
    """(day, path, sessions, visitors, bounces, seconds) of the first (0) or last (-1) screen view of sessions."""
    viewing = [session for session in history.sessions if session.views]
    groups = grouped(viewing, lambda session: (session.day, session.views[position]["path"]))
    return [(*key, *_measured(sessions)) for key, sessions in groups.items()]


def sources_daily(history: History) -> Answer:
    """(day, referrer name, type, UTM source, sessions, visitors, bounces, seconds, views, events, revenue)."""

    def source(session: Session) -> tuple[Any, ...]:
        names = ("referrer_name", "referrer_type", "utm_source")
        return (session.day, *(session.events[0].get(name, "") for name in names))

    return [
        (
            *key,
            *_measured(sessions),
            sum(len(session.views) for session in sessions),
            sum(len(session.events) for session in sessions),
            money(history, [event for session in sessions for event in session.events]),
        )
        for key, sessions in grouped(history.sessions, source).items()
    ]


def event_names_daily(history: History) -> Answer:
    """(day, name, events, visitors, revenue)."""
    groups = grouped(history.events, lambda event: (event["day"], event["name"]))
    return [(*key, len(events), devices(events), money(history, events)) for key, events in groups.items()]


def _measured(sessions: list[Session]) -> tuple[int, int, int, int]:
    return (
        len(sessions),
        len({session.key[0] for session in sessions}),
        sum(session.is_bounce for session in sessions),
        sum(session.duration_ms // 1000 for session in sessions),
    )
