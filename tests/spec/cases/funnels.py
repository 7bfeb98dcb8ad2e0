"""Funnels: who gets from step to step, on which day, and how long it takes."""

import json
from typing import Any

from tests.spec.cases.case import Case
from tests.spec.rows import DAY_MS, HOUR_MS, Project, Row, moment

ROWS = """select toString(day), step, step_name, entered, reached, median_seconds_from_previous
    from lens.funnels_daily where project_id = {project:String} order by day, step"""
COUNTS = """select step, entered, reached from lens.funnels_daily
    where project_id = {project:String} order by funnel_id, day, step"""
BY_VALUE = """select breakdown_value, step, entered, reached from lens.funnels_daily
    where project_id = {project:String} order by breakdown_value, step"""
TIMES = """select step, median_seconds_from_previous, p25_seconds_from_start, median_seconds_from_start,
        p75_seconds_from_start, round(p90_seconds_from_start, 3)
    from lens.funnels_daily where project_id = {project:String} order by step"""


def stored(*step_names: str, window_seconds: int = 3600, **fields: Any) -> dict[str, Any]:
    """The settings of a project with one funnel."""
    row: Row = {"funnel_id": "f", "name": "f", "step_names": step_names, "window_seconds": window_seconds}
    return {"definitions": {"funnel": [row | fields]}}


def fitting(name: str, operator: str, *value: str) -> str:
    return json.dumps([{"name": name, "operator": operator, "value": list(value)}])


def letters(project: Project, **visits: str) -> None:
    """What each device did on 2 February 2026, an event a letter, a minute apart from 10:00; `.` is a pause."""
    for device, names in visits.items():
        for minute, name in enumerate(names):
            if name != ".":
                project.event(moment("2026-02-02 10:00") + minute * 60_000, name, device)


def checkout(project: Project) -> None:
    for device, name, at in (
        ("a", "cart", "02 10:00"),
        ("a", "pay", "02 10:10"),
        ("a", "cart", "02 11:00"),
        ("a", "pay", "02 11:00"),
        ("a", "thank", "02 12:00"),
        ("b", "cart", "02 10:00"),
        ("b", "thank", "02 10:05"),
        ("b", "pay", "02 10:10"),
        ("c", "cart", "02 10:00"),
        ("c", "pay", "02 11:00"),
        ("c", "thank", "02 11:00:00.001"),
        ("d", "pay", "02 10:00"),
        ("e", "cart", "02 23:30"),
        ("e", "pay", "03 00:00"),
        ("e", "cart", "03 00:10"),
    ):
        project.event(f"2026-02-{at}", name, device)


def twice_the_same_step(project: Project) -> None:
    project.event("2026-02-02 10:00", "view", "a")
    project.event("2026-02-02 10:00", "view", "b")
    project.event("2026-02-02 10:01", "view", "b")


def orders(project: Project) -> None:
    letters(project, straight="abc", other_between="axbxc", late_start="aabc", backwards="cba", again="abab")


def at_one_instant(project: Project) -> None:
    project.event("2026-02-02 10:00", "a", "d1")
    for name in ("x", "b"):
        project.event("2026-02-02 10:01", name, "d1")
    project.event("2026-02-02 10:02", "c", "d1")


def shared(project: Project) -> None:
    """Of the three steps named `a`, two want one with a plan; `few` has one such event, `enough` has two."""
    plans = {"few": ("", "pro", ""), "enough": ("pro", "", "pro")}
    for device, of_events in plans.items():
        for minute, plan in enumerate(of_events):
            properties = {"plan": plan} if plan else {}
            project.event(f"2026-02-02 10:0{minute}", "a", device, properties=properties)


def entities(project: Project) -> None:
    """One person on two devices, and one device over two sessions."""
    project.event("2026-02-02 10:00", "a", "phone", profile_id="ann")
    project.event("2026-02-02 10:40", "b", "desk", profile_id="ann")
    project.event("2026-02-02 10:00", "a", "tablet")
    project.event("2026-02-02 10:40", "b", "tablet")
    project.event("2026-02-02 10:00", "a", "quick")
    project.event("2026-02-02 10:10", "b", "quick")
    project.event("2026-02-02 10:00", "a", "")


def filtered(project: Project) -> None:
    for device, plan, amount in (("d1", "pro", "20"), ("d2", "pro", "5"), ("d3", "free's", "20"), ("d4", "", "20")):
        properties = {"plan": plan, "seats": {"paid": 3}} if plan else {}
        project.event("2026-02-02 10:00", "cart", device, properties=properties, groups=["g1", device])
        project.event("2026-02-02 10:05", "pay", device, revenue=amount)


def by_source(project: Project) -> None:
    for device, source in (("d1", "news"), ("d2", "news"), ("d3", "")):
        project.event("2026-02-02 10:00", "cart", device, utm_source=source)
        project.event("2026-02-02 10:01", "cart", device, utm_source="later")
    project.event("2026-02-02 10:05", "pay", "d2", utm_source="other")


def ninety_days(project: Project) -> None:
    start = moment("2026-01-31 23:59:59.999")
    for device, late_ms in (("in_time", 0), ("too_late", 1)):
        project.event(start, "signup", device)
        project.event(start + 90 * DAY_MS + late_ms, "buy", device)


def spans(project: Project) -> None:
    for minutes in (1, 2, 3, 4, 10):
        project.event("2026-02-02 10:00", "a", f"d{minutes}")
        project.event(moment("2026-02-02 10:00") + minutes * 60_000, "b", f"d{minutes}")
        project.event(moment("2026-02-02 10:00") + minutes * 120_000, "c", f"d{minutes}")


def local_days(project: Project) -> None:
    """23:30 in Kolkata, and 00:30 on the day after."""
    project.event("2026-02-02 18:00", "a", "d1")
    project.event(moment("2026-02-02 18:00") + HOUR_MS, "b", "d1")


CASES = {
    "funnel": Case(
        "In order within the inclusive window, equal times in order, the deepest attempt, once per day of entry.",
        checkout,
        ROWS,
        [
            ("2026-02-02", 1, "cart", 4, 4, None),
            ("2026-02-02", 2, "pay", 4, 4, 1200.0),
            ("2026-02-02", 3, "thank", 4, 1, 3600.0),
            ("2026-02-03", 1, "cart", 1, 1, None),
            ("2026-02-03", 2, "pay", 1, 0, None),
            ("2026-02-03", 3, "thank", 1, 0, None),
        ],
        stored("cart", "pay", "thank"),
    ),
    "funnel_repeated_step": Case(
        "A step that stands twice needs two events.",
        twice_the_same_step,
        ROWS,
        [("2026-02-02", 1, "view", 2, 2, None), ("2026-02-02", 2, "view", 2, 1, 60.0)],
        stored("view", "view", window_seconds=60),
    ),
    "funnel_ordered": Case(
        "Other events may lie between the steps of an ordered funnel.",
        orders,
        COUNTS,
        [(1, 5, 5), (2, 5, 4), (3, 5, 3)],
        stored("a", "b", "c"),
    ),
    "funnel_strict": Case(
        "No other event may lie between the steps of a strict funnel, and a later attempt can be the one that counts.",
        orders,
        COUNTS,
        [(1, 5, 5), (2, 5, 3), (3, 5, 2)],
        stored("a", "b", "c", step_order="strict"),
    ),
    "funnel_strict_instant": Case(
        "Events at the instant of a step are not between.",
        at_one_instant,
        COUNTS,
        [(1, 1, 1), (2, 1, 1), (3, 1, 1)],
        stored("a", "b", "c", step_order="strict"),
    ),
    "funnel_any": Case(
        "In any order the k-th row counts who did k different steps, and has no name.",
        orders,
        ROWS,
        [
            ("2026-02-02", 1, "", 5, 5, None),
            ("2026-02-02", 2, "", 5, 5, 60.0),
            ("2026-02-02", 3, "", 5, 4, 60.0),
        ],
        stored("a", "b", "c", step_order="any"),
    ),
    "funnel_any_shared": Case(
        "Each step takes an event of its own: steps of one name share out those that fit.",
        shared,
        COUNTS,
        [(1, 2, 2), (2, 2, 2), (3, 2, 1)],
        stored(
            "a",
            "a",
            "a",
            step_order="any",
            step_filters=["", fitting("properties.plan", "is", "pro"), fitting("properties.plan", "isNotNull")],
        ),
    ),
    "funnel_by_profile": Case(
        "A profile goes on on another device.",
        entities,
        COUNTS,
        [(1, 3, 3), (2, 3, 3)],
        stored("a", "b", counted_by="profile"),
    ),
    "funnel_by_device": Case(
        "By device, who changes it does not get to the second step; an event of no device counts for nobody.",
        entities,
        COUNTS,
        [(1, 3, 3), (2, 3, 2)],
        stored("a", "b"),
    ),
    "funnel_by_session": Case(
        "By session, what the next session does is another attempt.",
        entities,
        COUNTS,
        [(1, 3, 3), (2, 3, 1)],
        stored("a", "b", counted_by="session"),
    ),
    "funnel_filters": Case(
        "Filters of a step hold for the event of that step: properties by path, columns as what they are.",
        filtered,
        COUNTS,
        [(1, 3, 3), (2, 3, 2)],
        stored(
            "cart",
            "pay",
            step_filters=[
                json.dumps(
                    [
                        {"name": "properties.plan", "operator": "is", "value": ["pro", "free's"]},
                        {"name": "properties.seats.paid", "operator": "gte", "value": ["2.5"]},
                        {"name": "groups", "operator": "isNot", "value": ["d9"]},
                    ]
                ),
                fitting("revenue", "gt", "9.5"),
            ],
        ),
    ),
    "funnel_breakdown": Case(
        "A breakdown takes the value at the first event of the attempt that counts.",
        by_source,
        BY_VALUE,
        [("", 1, 1, 1), ("", 2, 1, 0), ("news", 1, 2, 2), ("news", 2, 2, 1)],
        stored("cart", "pay", breakdown="utm_source"),
    ),
    "funnel_window": Case(
        "A window of 90 days ends 90 days after the first event, that millisecond included.",
        ninety_days,
        ROWS,
        [
            ("2026-01-31", 1, "signup", 2, 2, None),
            ("2026-01-31", 2, "buy", 2, 1, 7_776_000.0),
        ],
        stored("signup", "buy", window_seconds=90 * 86_400),
    ),
    "funnel_times": Case(
        "Times from the first step are quantiles of those that came so far, exact, between two values in proportion.",
        spans,
        TIMES,
        [
            (1, None, None, None, None, None),
            (2, 180.0, 120.0, 180.0, 240.0, 456.0),
            (3, 180.0, 240.0, 360.0, 480.0, 912.0),
        ],
        stored("a", "b", "c"),
    ),
    "funnel_local_day": Case(
        "The day of entry is the local day of the attempt's first event.",
        local_days,
        ROWS,
        [("2026-02-02", 1, "a", 1, 1, None), ("2026-02-02", 2, "b", 1, 1, 3600.0)],
        {"timezone": "Asia/Kolkata"} | stored("a", "b"),
    ),
}
