"""What a session is, and a bounce."""

from collections.abc import Callable

from tests.spec.cases.case import Case
from tests.spec.rows import HOUR_MS, Project, moment

STARTS = """select toString(day), formatDateTime(started_at, '%d %H:%i:%S'), event_count, duration_seconds
    from lens.sessions where project_id = {project:String} order by started_at"""
BOUNCES = """select entry_path, exit_path, screen_view_count, is_bounce
    from lens.sessions where project_id = {project:String} order by started_at"""
DAYS = """select toString(day), sessions, events, unique_visitors
    from lens.metrics_daily where project_id = {project:String} order by day"""
HOURS = """select toString(hour), events from lens.metrics_hourly where project_id = {project:String} order by hour"""


def views(*moments: str) -> Callable[[Project], None]:
    """Screen views of one device at `moments` of January to November 2026, in UTC."""

    def send(project: Project) -> None:
        for at in moments:
            project.view(f"2026-{at}")

    return send


def with_client_sessions(*sent: tuple[str, str]) -> Callable[[Project], None]:
    """Screen views at a moment each, with the client session id beside it."""

    def send(project: Project) -> None:
        for at, client_session_id in sent:
            project.view(f"2026-{at}", client_session_id=client_session_id)

    return send


def every_twenty_minutes(first: str, last: str) -> Callable[[Project], None]:
    def send(project: Project) -> None:
        for at in range(moment(first), moment(last) + 1, HOUR_MS // 3):
            project.view(at)

    return send


def two_at_once(project: Project) -> None:
    """The row sent second has the smaller id, so it comes first."""
    project.view("2026-02-02 10:00", "/late", event_id="ffffffff-0000-0000-0000-000000000000")
    project.view("2026-02-02 10:00", "/early", event_id="0fffffff-ffff-ffff-ffff-ffffffffffff")


def click_after_view(project: Project) -> None:
    project.view("2026-02-02 10:00", "/a")
    project.event("2026-02-02 10:01", "click")
    project.event("2026-02-02 12:00", "click")


CASES = {
    "gap": Case(
        "A gap of exactly the timeout starts a session, a millisecond less does not.",
        views("02-02 10:00", "02-02 10:29:59.999", "02-02 10:59:59.999"),
        STARTS,
        [("2026-02-02", "02 10:00:00", 2, 1799), ("2026-02-02", "02 10:59:59", 1, 0)],
    ),
    "timeout": Case(
        "The timeout is the project's.",
        views("02-02 10:00", "02-02 10:09", "02-02 10:19"),
        STARTS,
        [("2026-02-02", "02 10:00:00", 2, 540), ("2026-02-02", "02 10:19:00", 1, 0)],
        {"session_timeout_seconds": 600},
    ),
    "client_session": Case(
        "Another client session id starts a session; an empty one does not, and the first one joins what came before.",
        with_client_sessions(
            ("02-02 10:00", ""), ("02-02 10:01", "x"), ("02-02 10:02", ""), ("02-02 10:03", "x"), ("02-02 10:04", "y")
        ),
        STARTS,
        [("2026-02-02", "02 10:00:00", 4, 180), ("2026-02-02", "02 10:04:00", 1, 0)],
    ),
    "client_session_gap": Case(
        "A client session id never joins events across the timeout.",
        with_client_sessions(("02-02 10:00", "x"), ("02-02 11:00", "x")),
        STARTS,
        [("2026-02-02", "02 10:00:00", 1, 0), ("2026-02-02", "02 11:00:00", 1, 0)],
    ),
    "midnight": Case(
        "A session goes on over midnight and belongs to the day it started.",
        views("02-02 23:50", "02-03 00:10"),
        STARTS,
        [("2026-02-02", "02 23:50:00", 2, 1200)],
    ),
    "midnight_metrics": Case(
        "Sessions count on the day they start, events and visitors on their own.",
        views("02-02 23:50", "02-03 00:10"),
        DAYS,
        [("2026-02-02", 1, 1, 1), ("2026-02-03", 0, 1, 1)],
    ),
    "endless": Case(
        "A device that never stops starts a session on its third local day and each one after: none reaches 48 hours.",
        every_twenty_minutes("2026-02-02 00:20", "2026-02-05 23:40"),
        STARTS,
        [
            ("2026-02-02", "02 00:20:00", 143, 170400),
            ("2026-02-04", "04 00:00:00", 72, 85200),
            ("2026-02-05", "05 00:00:00", 72, 85200),
        ],
    ),
    "zone": Case(
        "The local day is the project's: in Kolkata it begins at 18:30 UTC.",
        views("02-02 18:20", "02-02 18:40"),
        STARTS,
        [("2026-02-02", "02 18:20:00", 2, 1200)],
        {"timezone": "Asia/Kolkata"},
    ),
    "zone_days": Case(
        "Half-hour zones: 18:20 UTC is the 2nd in Kolkata, 18:40 the 3rd.",
        views("02-02 18:20", "02-02 18:40"),
        DAYS,
        [("2026-02-02", 1, 1, 1), ("2026-02-03", 0, 1, 1)],
        {"timezone": "Asia/Kolkata"},
    ),
    "zone_hours": Case(
        "Half-hour zones: a local hour starts at :30 UTC.",
        views("02-02 18:20", "02-02 18:40"),
        HOURS,
        [("2026-02-02 17:30:00", 1), ("2026-02-02 18:30:00", 1)],
        {"timezone": "Asia/Kolkata"},
    ),
    "autumn": Case(
        "The hour that happens twice in autumn is two rows.",
        views("10-25 00:10", "10-25 01:10", "10-25 02:10"),
        HOURS,
        [("2026-10-25 00:00:00", 1), ("2026-10-25 01:00:00", 1), ("2026-10-25 02:00:00", 1)],
        {"timezone": "Europe/Berlin"},
    ),
    "spring": Case(
        "A day of 23 hours: 22:59 UTC and 22:01 UTC lie a local day apart.",
        views("03-28 22:59", "03-29 21:59", "03-29 22:01"),
        DAYS,
        [("2026-03-28", 1, 1, 1), ("2026-03-29", 1, 1, 1), ("2026-03-30", 0, 1, 1)],
        {"timezone": "Europe/Berlin"},
    ),
    "ties": Case(
        "Events at the same instant are ordered by event id.",
        two_at_once,
        BOUNCES,
        [("/early", "/late", 2, False)],
    ),
    "bounce": Case(
        "A bounce has exactly one screen view: clicks neither save a session from being one nor make one.",
        click_after_view,
        BOUNCES,
        [("/a", "/a", 1, True), ("", "", 0, False)],
    ),
}
