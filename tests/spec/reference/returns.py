"""Retention, funnels and the ledger."""

from datetime import date
from statistics import median
from typing import Any

from tests.spec.reference.facts import is_bot, repeats
from tests.spec.reference.rollups import Answer, grouped, monday
from tests.spec.reference.sessions import History
from tests.spec.rows import HOUR_MS, Row


def retention(history: History) -> Answer:
    """(period, cohort, period number, cohort size, retained, rate); derived devices that are nobody's are left out."""
    days: dict[str, set[date]] = {}
    for event in history.events:
        if event["profile"] and (event["is_known"] or event["device_kind"] != "derived"):
            days.setdefault(event["profile"], set()).add(event["day"])
    answer: Answer = []
    for period in ("day", "week", "month"):
        cohorts: dict[date, list[set[int]]] = {}
        for active in days.values():
            first = min(_floor(period, day) for day in active)
            cohorts.setdefault(first, []).append({_distance(period, first, _floor(period, day)) for day in active})
        for cohort, members in cohorts.items():
            for number in set().union(*members):
                retained = sum(number in member for member in members)
                answer.append((period, cohort, number, len(members), retained, round(100 * retained / len(members), 9)))
    return answer


def _floor(period: str, day: date) -> date:
    return {"day": day, "week": monday(day), "month": day.replace(day=1)}[period]


def _distance(period: str, first: date, then: date) -> int:
    months = (then.year - first.year) * 12 + then.month - first.month
    return {"day": (then - first).days, "week": (then - first).days // 7, "month": months}[period]


def funnels_daily(history: History) -> Answer:
    """(funnel, day of entry, step, its name, entered, reached, median seconds from the step before)."""
    answer: Answer = []
    for funnel_id, (names, window_seconds) in history.project.funnels.items():
        best: dict[tuple[date, str], list[int]] = {}
        for device, events in grouped(history.events, lambda event: event["device_id"]).items():
            for entry in [event for event in events if device and event["name"] == names[0]]:
                times = _attempt(entry, events, names, window_seconds * 1000)
                key = (entry["day"], device)
                if key not in best or len(times) > len(best[key]):
                    best[key] = times
        for day, attempts in grouped(best.items(), lambda item: item[0][0]).items():
            for step, name in enumerate(names, 1):
                reached = [times for _, times in attempts if len(times) >= step]
                gaps = [times[step - 1] - times[step - 2] for times in reached] if step > 1 else []
                seconds = median(gaps) / 1000 if gaps else None
                answer.append((funnel_id, day, step, name, len(attempts), len(reached), seconds))
    return answer


def _attempt(entry: Row, events: list[Row], names: list[str], window_ms: int) -> list[int]:
    """Times of the steps reached from `entry`: each takes the first event left that is not before the step before."""
    taken = [entry]
    for name in names[1:]:
        for event in events:
            is_in_time = taken[-1]["created_at"] <= event["created_at"] <= entry["created_at"] + window_ms
            if event["name"] == name and is_in_time and not any(event is other for other in taken):
                taken.append(event)
                break
        else:
            break
    return [event["created_at"] for event in taken]


def ingest_hourly(history: History) -> Answer:
    """(UTC hour, received, accepted, duplicate, bot, rejected)."""
    project = history.project
    classes: list[tuple[int, str]] = [(row["received_at"], "rejected") for row in project.rejected]
    for rows in (project.events, project.operations):
        copies = repeats(project, rows)
        for row in rows:
            is_copy = (row["batch_id"], row["batch_row"]) in copies
            uncopied = "bot" if is_bot(project, row) else "accepted"
            classes.append((row["received_at"], "duplicate" if is_copy else uncopied))
    answer: list[tuple[Any, ...]] = []
    for hour, found in grouped(classes, lambda one: one[0] // HOUR_MS * HOUR_MS).items():
        names = [name for _, name in found]
        counts = [names.count(name) for name in ("accepted", "duplicate", "bot", "rejected")]
        answer.append((hour, len(names), *counts))
    return answer
