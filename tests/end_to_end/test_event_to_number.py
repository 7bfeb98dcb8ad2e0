"""The main job: an event goes in over HTTP, a number comes out of a modelled table."""

import time
from datetime import UTC, datetime

import httpx

from query.freshness import KEPT_SECONDS
from tests.end_to_end.running import House
from tests.end_to_end.site import DAY, Site, event


def test_an_event_sent_over_http_is_in_the_answer(site: Site) -> None:
    data = site.ask("metrics")["data"]
    assert data["unique_visitors"] == 1
    assert data["total_screen_views"] == 2
    assert data["total_sessions"] == 1
    assert data["total_events"] == 4
    assert data["avg_session_duration"] == 180
    assert data["bounce_rate"] == 0
    assert data["total_revenue"] == 12.5


def test_a_day_is_the_projects_own(site: Site) -> None:
    """23:30 UTC is half past one of the next day in Berlin."""
    assert site.ask("metrics", startDate="2026-05-21", endDate="2026-05-21")["data"]["unique_visitors"] == 1


def test_the_login_reaches_back_to_the_first_event(site: Site) -> None:
    with site.house.warehouse() as warehouse:
        rows = warehouse.rows(
            "SELECT profile_id, is_identified, count() AS events FROM lens.events "
            "WHERE project_id = {p:String} AND device_id = 'd1' GROUP BY ALL",
            {"p": site.project},
        )
    assert rows == [{"profile_id": "p1", "is_identified": True, "events": 4}]


def test_the_ledger_says_where_every_receipt_went(site: Site) -> None:
    rows = site.ask("ingest", range="2d")["data"]
    totals = {name: sum(row[name] for row in rows) for name in rows[0] if isinstance(rows[0][name], int)}
    assert totals == {"received": 10, "accepted": 6, "duplicate": 1, "bot": 1, "rejected": 2}


def test_a_refused_event_is_kept_with_its_reason(site: Site) -> None:
    with site.house.warehouse() as warehouse:
        rows = warehouse.rows(
            "SELECT code, body_length FROM lens_raw.quarantine WHERE project_id = {p:String} ORDER BY code",
            {"p": site.project},
        )
    assert [row["code"] for row in rows] == ["body_not_json", "name_too_long"]
    assert all(row["body_length"] > 0 for row in rows)


def _complete_through(site: Site, at_least: datetime) -> datetime:
    """What an answer claims, once it was asked of the warehouse after `at_least`: at most a second later."""
    deadline = time.monotonic() + 5
    while True:
        claimed = datetime.fromisoformat(site.ask("metrics")["meta"]["completeThrough"])
        if claimed >= at_least or time.monotonic() > deadline:
            return claimed
        time.sleep(0.05)


def test_an_answer_is_complete_through_now_after_a_build_and_says_when_something_waits(site: Site) -> None:
    before = datetime.now(UTC)
    assert _complete_through(site, before) >= before
    site.send("/track", event("screen_view", "09:20:00", "d1", "/late"))
    of_evening = [site.send("/track", event("screen_view", f"18:{minute}:00", "d9")).json() for minute in ("05", "25")]
    site.house.wait_until_landed()
    landed = datetime.now(UTC)
    # Freshness is read once a second: only a claim that is newer than the landing knows of the landing.
    time.sleep(KEPT_SECONDS)
    waiting = datetime.fromisoformat(site.ask("metrics")["meta"]["completeThrough"])
    assert before <= waiting < landed
    live = site.ask("metrics", freshness="live")
    assert datetime.fromisoformat(live["meta"]["completeThrough"]) >= landed
    site.house.eventlens("build")
    assert _complete_through(site, landed) >= landed
    answer = site.ask("metrics")
    assert answer["data"] == live["data"]
    assert answer["data"]["total_screen_views"] == 5
    assert answer["data"]["avg_session_duration"] == 1200
    assert {each["sessionId"] for each in of_evening} == _sessions_of(site, "d9")


def _sessions_of(site: Site, device: str) -> set[str]:
    with site.house.warehouse() as warehouse:
        rows = warehouse.rows(
            "SELECT toString(session_id) AS id FROM lens.sessions "
            "WHERE project_id = {p:String} AND device_id = {d:String}",
            {"p": site.project, "d": device},
        )
    return {row["id"] for row in rows}


def test_a_full_refresh_changes_nothing(site: Site) -> None:
    answers = [site.ask(question)["data"] for question in ("metrics", "pages", "retention", "devices")]
    assert "Built everything, from " in site.house.eventlens("build", "--full-refresh")
    assert [site.ask(question)["data"] for question in ("metrics", "pages", "retention", "devices")] == answers


def test_a_setting_changed_back_after_a_build_of_some_days_is_built_again(site: Site) -> None:
    before = site.ask("metrics")["data"]
    site.house.eventlens("project", "change", site.project, "--session-timeout-seconds", "1000")
    site.house.eventlens("build", "--start", DAY, "--end", DAY)
    time.sleep(KEPT_SECONDS)
    during = site.ask("metrics")
    assert during["data"]["total_sessions"] > before["total_sessions"]
    assert during["meta"]["pendingDays"] == {"first": None, "last": None}
    assert [note.partition(".")[0] for note in during["meta"]["notes"]] == [
        "A setting has changed: session_timeout_seconds (1800 to 1000)",
        "A build applies changed settings or definitions",
    ]
    site.house.eventlens("project", "change", site.project, "--session-timeout-seconds", "1800")
    site.house.eventlens("build")
    time.sleep(KEPT_SECONDS)
    after = site.ask("metrics")
    assert after["data"] == before
    assert {"pendingDays", "notes"}.isdisjoint(after["meta"])


def test_a_bot_counts_again_when_its_rule_is_re_included(site: Site) -> None:
    with site.house.warehouse() as warehouse:
        reason = warehouse.value(
            "SELECT bot_reason FROM lens_raw.events WHERE project_id = {p:String} AND is_bot", {"p": site.project}
        )
    before = site.ask("metrics")["data"]["unique_visitors"]
    site.house.eventlens("project", "change", site.project, "--allow-bot", reason)
    assert f"Built the days from {DAY} to {DAY}." in site.house.eventlens("build", "--start", DAY, "--end", DAY)
    assert site.ask("metrics")["data"]["unique_visitors"] == before + 1
    assert sum(row["bot"] for row in site.ask("ingest", range="2d")["data"]) == 0


def test_a_read_key_of_another_project_gets_nothing(site: Site, house: House) -> None:
    other = Site(house, "Other")
    answer = httpx.get(f"{house.query}/insights/{site.project}/metrics?range=7d", headers=other.reader)
    assert answer.status_code in (403, 404)
    assert set(answer.json()) == {"error"}
