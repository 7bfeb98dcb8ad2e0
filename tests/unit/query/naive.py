"""Plain answers over a `History`, to hold the query layer's against."""

from collections.abc import Callable, Iterable
from datetime import date
from itertools import combinations, permutations
from statistics import median
from typing import Any

from tests.spec.rows import Row
from tests.unit.query.history import SCREEN_VIEWS, History, Session
from tests.unit.query.rollups import grouped, metrics

Takes = Callable[[Row], bool]
FILTER_ALL = '[{"name": "name", "operator": "isNotNull"}]'
EVERY_EVENT = '[{"name": "device_kind", "operator": "isNot", "value": ["none"]}]'
"""A filter that takes all events and that only `events` can answer."""


def narrowed(history: History, takes: Takes = lambda event: True, session_takes: Takes = lambda event: True) -> History:
    """The history of the events that `takes`, in sessions whose first event `session_takes`, and of those sessions."""
    sessions = [one for one in history.sessions if session_takes(one.events[0]) and any(map(takes, one.events))]
    kept = {session.key for session in history.sessions if session_takes(session.events[0])}
    events = [event for event in history.events if takes(event) and event["session_key"] in kept]
    return History(history.project, events, sessions)


def measures(history: History, of_event: Callable[[Row], Any]) -> dict[Any, Row]:
    """The metrics of the API by bucket. Sessions count where they start, so both kinds of bucket are merged."""
    answer: dict[Any, Row] = {}
    starts = grouped(history.sessions, lambda session: of_event(session.events[0]))
    of_events = {row[0]: row for row in metrics(history, of_event)}
    for bucket in {*starts, *of_events}:
        _, visitors, people, _, views, events, _, _, revenue = of_events.get(bucket, (bucket, *[0] * 8))
        sessions = starts.get(bucket, [])
        answer[bucket] = {
            "unique_visitors": visitors,
            "people": people,
            "total_sessions": len(sessions),
            "total_screen_views": views,
            "total_events": events,
            "avg_session_duration": _ratio(sum(one.duration_ms // 1000 for one in sessions), len(sessions)),
            "bounce_rate": _ratio(100 * sum(one.is_bounce for one in sessions), len(sessions)),
            "views_per_session": _ratio(views, len(sessions)),
            "total_revenue": revenue,
        }
    return answer


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def entity_of(by: str) -> Callable[[Row], str]:
    return {
        "device": lambda event: event["device_id"],
        "profile": lambda event: event["profile"],
        "session": lambda event: str(event["session_key"] or ""),
    }[by]


def funnel(
    history: History, steps: list[Takes], *, window_ms: int, by: str, order: str
) -> list[tuple[int, float | None]]:
    """(count, median seconds from the step before) by step."""
    best = [times for times, _ in deepest_attempts(history, steps, window_ms=window_ms, by=by, order=order)]
    answer: list[tuple[int, float | None]] = []
    for place in range(len(steps)):
        there = [times for times in best if len(times) > place]
        gaps = [times[place] - times[place - 1] for times in there] if place else []
        answer.append((len(there), median(gaps) / 1000 if gaps else None))
    return answer


def deepest_attempts(
    history: History, steps: list[Takes], *, window_ms: int, by: str, order: str
) -> list[tuple[list[int], Row]]:
    """The times and the first event of the attempt of each entity that counts."""
    attempt = {"ordered": _ordered, "strict": _strict, "any": _any}[order]
    best: list[tuple[list[int], Row]] = []
    for entity, events in grouped(history.events, entity_of(by)).items():
        attempts = [(attempt(events, steps, at, window_ms), at) for at in range(len(events))] if entity else []
        if deep := [(times, at) for times, at in attempts if times]:
            times, first = min(deep, key=lambda each: (-len(each[0]), each[0], each[1]))
            best.append((times, events[first]))
    return best


def _ordered(events: list[Row], steps: list[Takes], first: int, window_ms: int) -> list[int]:
    """Each step takes the earliest event left; of several at one instant every one is tried."""

    def following(taken: list[int], fits: list[int]) -> list[int]:
        earliest = min((events[index]["created_at"] for index in fits), default=0)
        return [index for index in fits if events[index]["created_at"] == earliest]

    return _deepest(events, steps, first, window_ms, following)


def _strict(events: list[Row], steps: list[Takes], first: int, window_ms: int) -> list[int]:
    """The next step is done at the same instant or at the next one; every event there is tried."""

    def following(taken: list[int], fits: list[int]) -> list[int]:
        last = events[taken[-1]]["created_at"]
        later = min((event["created_at"] for event in events if event["created_at"] > last), default=last)
        return [index for index in fits if events[index]["created_at"] <= later]

    return _deepest(events, steps, first, window_ms, following)


def _deepest(
    events: list[Row],
    steps: list[Takes],
    first: int,
    window_ms: int,
    following: Callable[[list[int], list[int]], list[int]],
) -> list[int]:
    """The times of the longest choice of events that begins with `first`, the earliest of several."""
    if not steps[0](events[first]):
        return []
    end = events[first]["created_at"] + window_ms
    chosen: list[list[int]] = []
    open_choices = [[first]]
    while open_choices:
        taken = open_choices.pop()
        chosen.append([events[index]["created_at"] for index in taken])
        if len(taken) == len(steps):
            continue
        fits = [
            index
            for index, event in enumerate(events)
            if index not in taken
            and events[taken[-1]]["created_at"] <= event["created_at"] <= end
            and steps[len(taken)](event)
        ]
        open_choices += [[*taken, index] for index in following(taken, fits)]
    return min(chosen, key=lambda times: (-len(times), times))


def _any(events: list[Row], steps: list[Takes], first: int, window_ms: int) -> list[int]:
    """When 1, 2, ... different steps have an event each, all from `first` on: every choice of events is tried."""
    start = events[first]["created_at"]
    near = [event for event in events if start <= event["created_at"] <= start + window_ms]
    if not any(step(events[first]) for step in steps):
        return []
    times: list[int] = []
    for count in range(1, len(steps) + 1):
        ends = [
            max(event["created_at"] for event in chosen)
            for chosen in permutations(near, count)
            for some in combinations(steps, count)
            if all(step(event) for step, event in zip(some, chosen, strict=True))
        ]
        if not ends:
            break
        times.append(min(ends))
    return times


def retention(
    history: History,
    number: Callable[[date], int],
    *,
    mode: str,
    criteria: str,
    by: str,
    starts: Takes,
    returns: Takes,
) -> dict[int, tuple[int, dict[int, int]]]:
    """Cohort number: (size, retained by period number)."""
    answer: dict[int, list[set[int]]] = {}
    for entity, events in grouped(history.events, entity_of(by)).items():
        lasting = [event for event in events if event["is_known"] or event["device_kind"] != "derived"]
        begun = sorted({number(event["day"]) for event in lasting if starts(event)})
        back = {number(event["day"]) for event in lasting if returns(event)}
        if not entity:
            continue
        for cohort in begun[:1] if mode == "first" else begun:
            later = {at - cohort for at in back if at > cohort}
            if criteria == "on_or_after":
                later = set(range(1, max(later, default=0) + 1))
            answer.setdefault(cohort, []).append({0} | later)
    return {
        cohort: (len(members), {at: sum(at in member for member in members) for at in set().union(*members)})
        for cohort, members in answer.items()
    }


def views(events: Iterable[Row]) -> list[Row]:
    return [event for event in events if event["name"] in SCREEN_VIEWS]


def first_of(session: Session) -> Row:
    return session.events[0]
