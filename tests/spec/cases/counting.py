"""What counts: duplicates, bots, the ledger, revenue, pages."""

from typing import Any

from tests.spec.cases.case import Case
from tests.spec.rows import Project, moment

NAMES = """select toString(day), name, events from lens.event_names_daily
    where project_id = {project:String} order by day, name"""
LEDGER = """select toString(hour), received, accepted, duplicate, bot, rejected from lens.ingest_hourly
    where project_id = {project:String} order by hour"""
REVENUE = "select toFloat64(revenue) from lens.metrics_daily where project_id = {project:String} order by day"
PAGES = """select path, views, entries, bounces, seconds, timed_views from lens.pages_daily
    where project_id = {project:String} order by path"""
ONE_ID: dict[str, Any] = {"message_id": "m", "event_id": "00000000-0000-0000-0000-0000000000bb"}


def same_id(project: Project) -> None:
    """Three copies of one message over two days of event time; the one received first is not the earliest."""
    project.event("2026-02-02 10:00", "order", received_at=moment("2026-02-03 12:00"), **ONE_ID)
    project.event("2026-02-04 10:00", "order", received_at=moment("2026-02-03 11:00"), **ONE_ID)
    project.event("2026-02-06 10:00", "order", received_at=moment("2026-02-10 12:00"), **ONE_ID)


def emptied(project: Project) -> None:
    """The second row lands later, but was received first."""
    project.event("2026-08-01 10:00", "order", received_at=moment("2026-08-10 12:00"), **ONE_ID)
    project.event("2026-08-05 10:00", "order", received_at=moment("2026-08-09 12:00"), **ONE_ID)


def same_id_later(project: Project) -> None:
    project.event("2026-02-02 10:00", "order", **ONE_ID)
    project.event("2026-02-09 10:00:00.001", "order", **ONE_ID)


def same_body(project: Project) -> None:
    for received_at in ("10:00:00", "10:00:00.100", "10:00:00.201"):
        project.event(f"2026-02-02 {received_at}", "click", body_hash=5)
    project.event("2026-02-02 10:00:00", "click", "d2", body_hash=5)
    project.event("2026-02-02 10:00:00.050", "click", body_hash=6)
    project.event("2026-02-02 10:00:00.050", "click", body_hash=5, import_id="i")


def bots(project: Project) -> None:
    project.event("2026-02-02 10:00", "a")
    project.event("2026-02-02 10:00", "b", is_bot=True, bot_reason="crawler:googlebot")
    project.event("2026-02-02 10:00", "c", is_bot=True, bot_reason="empty_user_agent")
    project.event("2026-02-02 10:00", "d", is_bot=True, bot_reason="crawler:uptime-east")
    project.event("2026-02-02 10:00", "e", bot_reason="soft:headless")
    project.event("2026-02-02 10:00", "session_start")


def ledger(project: Project) -> None:
    bots(project)
    project.event("2026-02-02 10:10", "order", **ONE_ID)
    project.event("2026-02-02 10:20", "order", **ONE_ID | {"is_bot": True, "bot_reason": "crawler:x"})
    project.operation("2026-02-02 10:30", "identify", "ann")
    project.reject("2026-02-02 10:40")
    project.reject("2026-02-02 11:00")


def money(project: Project) -> None:
    for amount, currency in (("10", "EUR"), ("5.25", ""), ("100", "USD"), ("-2", "EUR"), ("5", "eur")):
        project.event("2026-02-02 10:00", "order", revenue=amount, currency=currency)


def pages(project: Project) -> None:
    project.view("2026-02-02 10:00:00", "/a")
    project.view("2026-02-02 10:00:10", "/b")
    project.event("2026-02-02 10:00:30", "click")
    project.view("2026-02-02 10:01:00", "/a")
    project.view("2026-02-02 10:00:00", "/b", "d2")


CASES = {
    "same_id": Case(
        "Of the copies of a message the one received first counts, whatever day they carry.",
        same_id,
        NAMES,
        [("2026-02-04", "order", 1)],
    ),
    "emptied": Case(
        "A day whose only event turns out to be a copy becomes empty.",
        emptied,
        NAMES,
        [("2026-08-05", "order", 1)],
        last_lands_last=True,
    ),
    "same_id_later": Case(
        "A copy received more than 7 days after the one before counts again.",
        same_id_later,
        NAMES,
        [("2026-02-02", "order", 1), ("2026-02-09", "order", 1)],
    ),
    "same_body": Case(
        "Without a message id an equal body of a device counts once within 100 ms of receipt; imports not compared.",
        same_body,
        NAMES,
        [("2026-02-02", "click", 5)],
    ),
    "same_body_off": Case(
        "A duplicate window of 0 compares no bodies.",
        same_body,
        NAMES,
        [("2026-02-02", "click", 6)],
        {"duplicate_window_ms": 0},
    ),
    "bots": Case(
        "Bots are left out, and so are session_start and session_end; bot signals alone exclude nothing.",
        bots,
        NAMES,
        [("2026-02-02", "a", 1), ("2026-02-02", "e", 1)],
    ),
    "allowed_bots": Case(
        "A project may allow a reason, or all that begin with something.",
        bots,
        NAMES,
        [("2026-02-02", name, 1) for name in "acde"],
        {"allowed_bots": ["empty_user_agent", "crawler:uptime*"]},
    ),
    "ledger": Case(
        "Every receipt is in one class, the first that fits: rejected, duplicate, bot, accepted.",
        ledger,
        LEDGER,
        [("2026-02-02 10:00:00", 10, 5, 1, 3, 1), ("2026-02-02 11:00:00", 1, 0, 0, 0, 1)],
    ),
    "revenue": Case(
        "Revenue adds up in the project's currency, however it is written, or without one, refunds included.",
        money,
        REVENUE,
        [(18.25,)],
        {"currency": "EUR"},
    ),
    "revenue_without_a_currency": Case(
        "In a project without a currency, revenue adds up amounts without one alone, so no sum mixes currencies.",
        money,
        REVENUE,
        [(5.25,)],
    ),
    "pages": Case(
        "Time on a page lasts to the next event of the session; bounces count where they entered.",
        pages,
        PAGES,
        [("/a", 2, 1, 0, 10, 1), ("/b", 2, 1, 1, 20, 1)],
    ),
}
