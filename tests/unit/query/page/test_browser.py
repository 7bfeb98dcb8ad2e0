"""The page in a real Chromium: what it shows is what the API answers, for everybody and nowhere else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_lens.clock import now_ms
from query.page.sign_in_tokens import create_token
from tests.sdks.browser_visit import find_chromium
from tests.sdks.client_process import run_scenario
from tests.unit.query.sample_projects import World

NODE = Path(__file__).resolve().parents[2] / "node"
FIRST = {"startDate": "2026-01-12", "endDate": "2026-02-08"}
SHORTER = FIRST | {"startDate": "2026-01-19"}
OF_FIREFOX = SHORTER | {"filters": '[{"name":"browser","operator":"is","value":["Firefox"]}]'}
TOKENS = ("all", "keyboard", "light", "phone", "estimated", "pending", "failing")

Answer = Callable[..., Any]
Seen = dict[str, Any]


@pytest.fixture(scope="module")
def walked(world: World) -> Seen:
    """All that one walk through the page of the project `random` saw."""
    key = world.keys["plain"]
    dates = f"period=custom&from={FIRST['startDate']}&to={FIRST['endDate']}"
    seen: Seen = run_scenario(
        "page.mjs",
        "walk",
        folder=NODE,
        executable=find_chromium(NODE),
        base=world.url,
        query=f"project={world.projects['random'].project_id}&{dates}",
        tokens={name: create_token(world.home, None, now_ms()) for name in TOKENS},
        key={"id": key["openpanel-client-id"], "secret": key["openpanel-client-secret"]},
    )
    return seen


@pytest.fixture(scope="module")
def seen(walked: Seen) -> Seen:
    """Opens the address that the command line prints and returns what the page showed."""
    found: Seen = walked["signedIn"]
    return found


def cards_of(metrics: dict[str, Any]) -> dict[str, Any]:
    """The metrics that have a card where a project has no currency."""
    return {name: value for name, value in metrics.items() if name not in ("people", "total_revenue")}


def test_each_card_shows_the_number_of_the_api(seen: Seen, answer: Answer) -> None:
    metrics = answer("random", "metrics", **FIRST)
    assert seen["first"]["cards"] == cards_of(metrics)
    assert metrics["total_events"] > 100
    assert seen["first"]["written"]["unique_visitors"] == f"{metrics['unique_visitors']:,}"
    assert seen["first"]["written"]["bounce_rate"] == f"{metrics['bounce_rate']:.1f}%"


def test_a_card_says_in_words_how_it_compares(seen: Seen, ask: Callable[..., Any]) -> None:
    both = ask("random", "metrics", compare="previous", **SHORTER).json()
    now, then = both["data"]["total_sessions"], both["previous"]["total_sessions"]
    direction = "up" if now > then else "down"
    said = seen["shorter"]["changes"]["total_sessions"]
    assert f"{direction} {abs(now - then) / then * 100:.1f}%from {then:,} in the 21 days before" in said


def test_lists_funnel_heat_map_and_live_show_what_the_api_answers(seen: Seen, answer: Answer) -> None:
    first = seen["first"]
    assert first["rows"]["pages"] == [
        [row["path"], f"{row['views']:,}", f"{row['unique_visitors']:,}"] for row in answer("random", "pages", **FIRST)
    ]
    assert [row[1:] for row in first["rows"]["places"]] == [
        [f"{row['sessions']:,}", f"{row['unique_visitors']:,}"] for row in answer("random", "geo", **FIRST)
    ]
    assert {row[0] for row in first["rows"]["places"]} == {"Germany", "France", "Unknown"}
    assert first["steps"] == [
        [step["name"], f"{step['count']:,}", f"{step['conversion_from_start']:.1f}%"]
        for step in answer("random", "funnels/buying", **FIRST)["steps"]
    ]
    cohorts = answer("random", "retention", period="week", periods=12, **FIRST)
    assert [row[1] for row in first["heat"]] == [str(cohort["size"]) for cohort in cohorts]
    assert first["heat"][0][2] == f"{cohorts[0]['retention_rate'][1]:.0f}%"
    assert first["live"] == answer("random", "live")["visitors"]
    assert "Complete through" in first["fresh"]


def test_each_panel_shows_the_notes_of_its_answer(seen: Seen, ask: Callable[..., Any]) -> None:
    def notes_of(question: str, **written: Any) -> list[str]:
        return list(ask("random", question, **written, **FIRST).json()["meta"].get("notes", []))

    shown = {panel: notes for panel, notes in seen["first"]["notes"].items() if notes}
    assert shown == {
        "funnel": notes_of("funnels/buying"),
        "retention": notes_of("retention", period="week", periods=12),
    }
    assert any("once a day" in note for note in shown["funnel"])
    assert seen["ownFunnel"]["notes"]["funnel"] == []


def test_a_panel_says_which_of_its_numbers_are_estimates(walked: Seen) -> None:
    assert walked["estimated"]["notes"]["sources"] == ["Visitors: about, ± 1%."]
    assert walked["estimated"]["notes"]["pages"] == []
    assert walked["estimated"]["faults"] == []


def test_numbers_are_shown_in_the_currency_and_zone_of_their_answer_and_a_change_is_told_once(walked: Seen) -> None:
    pending = walked["pending"]
    assert "CHF" in pending["written"]["total_revenue"]
    assert "1 Jul" in pending["fresh"]
    assert pending["fresh"].count("A setting has changed: currency (CHF to none).") == 1
    assert all("A setting has changed" not in note for notes in pending["notes"].values() for note in notes)
    assert pending["faults"] == []


def test_the_ledger_adds_up_to_what_the_api_answers(seen: Seen, answer: Answer) -> None:
    months = answer("random", "ingest", interval="month", **FIRST)
    classes = ("accepted", "duplicate", "bot", "rejected")
    assert seen["first"]["ledger"] == [f"{sum(month[name] for month in months):,}" for name in classes]
    assert sum(month["received"] for month in months) > 100


def test_a_card_draws_its_series_and_the_address_says_so(seen: Seen) -> None:
    assert "metric=total_sessions" in seen["metric"]["url"]
    assert seen["metric"]["legend"][0].startswith("Sessions, 12 Jan")
    assert seen["metric"]["cards"] == seen["first"]["cards"]


def test_choosing_other_days_asks_again(seen: Seen, answer: Answer) -> None:
    assert seen["shorter"]["cards"] == cards_of(answer("random", "metrics", **SHORTER))
    assert seen["shorter"]["cards"] != seen["first"]["cards"]


def test_a_row_filters_the_page_and_the_filter_survives_a_reload_and_going_back(seen: Seen, answer: Answer) -> None:
    filtered = cards_of(answer("random", "metrics", **OF_FIREFOX))
    assert filtered != seen["shorter"]["cards"]
    for name in ("filtered", "reloaded", "back"):
        assert seen[name]["cards"] == filtered, name
        assert seen[name]["chips"] == ["browser is Firefox"], name
        assert "filter=browser%3Ais%3AFirefox" in seen[name]["url"], name
    assert seen["unfiltered"]["chips"] == []
    assert seen["unfiltered"]["cards"] == seen["shorter"]["cards"]


def test_a_funnel_of_two_events_is_built_on_the_page(seen: Seen, answer: Answer) -> None:
    steps = answer("random", "funnel", {"steps": [{"name": "a"}, {"name": "b"}], "filters": _filters()} | SHORTER)[
        "steps"
    ]
    assert [step[:2] for step in seen["ownFunnel"]["steps"]] == [[step["name"], f"{step['count']:,}"] for step in steps]
    assert "funnel=own&step=a&step=b" in seen["ownFunnel"]["url"]


def _filters() -> list[dict[str, Any]]:
    return [{"name": "browser", "operator": "is", "value": ["Firefox"]}]


def test_another_project_is_picked_with_its_currency(seen: Seen) -> None:
    assert seen["shop"]["heading"] == "shop"
    assert seen["shop"]["written"]["total_revenue"] == "€0.00"


def test_a_project_without_events_says_what_to_do(seen: Seen) -> None:
    assert "eventlens client create --project empty-" in seen["empty"]


def test_the_token_leaves_the_address_and_becomes_a_cookie_that_scripts_cannot_read(seen: Seen) -> None:
    assert "token" not in seen["first"]["url"]
    (cookie,) = seen["cookies"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")


def test_a_read_key_signs_in_to_its_project_alone(walked: Seen, world: World) -> None:
    by_key = walked["byKey"]
    assert "was used already" in by_key["used"]
    assert by_key["wrong"] == "There is no client with this id and secret."
    assert by_key["inside"]["heading"] == "plain"
    assert by_key["pickers"] == 0
    assert by_key["faults"] == []
    assert by_key["elsewhere"] == []


def test_a_report_that_fails_says_so_in_its_panel_and_can_be_asked_again(walked: Seen) -> None:
    failing = walked["failing"]
    assert failing["said"] == "Too many questions are being answered; ask again in a moment."
    assert failing["others"] > 0
    assert failing["again"] > 0
    assert "signed in" in failing["ended"]


@pytest.mark.parametrize("look", ["light", "phone"])
def test_nothing_hinders_a_screen_reader_and_nothing_sticks_out(walked: Seen, look: str) -> None:
    found = walked["accessible"][look]
    assert found["faults"] == []
    assert found["overflow"] <= 0


def test_the_dark_is_dark_and_who_wants_no_motion_sees_none(walked: Seen) -> None:
    assert walked["accessible"]["phone"]["background"] != walked["accessible"]["light"]["background"]
    assert walked["accessible"]["phone"]["moving"] == 0


def test_the_keyboard_reaches_everything_in_order_and_reads_the_chart(walked: Seen) -> None:
    keyboard = walked["keyboard"]
    # A date has several parts.
    assert list(dict.fromkeys(keyboard["order"]))[:6] == [
        "Skip to the numbers",
        "Project",
        "Sign out",
        "Period",
        "First day",
        "Last day",
    ]
    assert keyboard["last"].startswith("Sun, 8 Feb 2026")
    assert keyboard["before"].startswith("Sat, 7 Feb 2026")
    assert keyboard["tip"].startswith("Sat, 7 Feb 2026")
    assert (keyboard["focused"], keyboard["rows"]) == ("pages", 28)
    assert keyboard["said"].startswith("Filtered: page is /")


def test_no_request_leaves_the_origin_and_the_console_stays_empty(walked: Seen) -> None:
    for tab in (walked["signedIn"], walked["keyboard"], *walked["accessible"].values()):
        assert tab["complaints"] == []
        assert tab["elsewhere"] == []
