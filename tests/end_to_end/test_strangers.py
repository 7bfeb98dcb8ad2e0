"""Whatever one tenant or visitor sends, another project's numbers are right and come with the same build."""

from typing import Any

import pytest

from event_lens.contract.filters import RawFilter
from event_lens.errors import Refused
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.cohorts import Count, Criterion, create_cohort
from event_lens.registry.definitions.funnels import create_funnel
from event_lens.registry.definitions.goals import create_goal
from event_lens.registry.definitions.retentions import create_retention
from tests.end_to_end.bombs import BATCH, BOMBS, MANY, clock
from tests.end_to_end.running import House
from tests.end_to_end.site import MadeSite, Site, event


class Stranger(MadeSite):
    """A tenant that sends all bombs; `refused` are the codes of what was not taken."""

    refused: list[str]


@pytest.fixture(scope="module")
def numbers_before(site: Site) -> dict[str, Any]:
    """What the site that was there before them answers, before they send anything."""
    data: dict[str, Any] = site.ask("metrics")["data"]
    return data


@pytest.fixture(scope="module")
def stranger(house: House, numbers_before: dict[str, Any]) -> Stranger:
    """A tenant that sends everything at once, and defines what makes the most of it."""
    stranger = Stranger(house, "Stranger")
    stranger.refused = []
    registry, project = open_registry(house.settings), stranger.project
    create_goal(registry, project, "g", "purchase")
    for order in ("ordered", "strict", "any"):
        create_funnel(registry, project, order, ("tap",) * 10, step_order=order)
    create_retention(registry, project, "r", start_event="tap", return_event="tap")
    create_cohort(registry, project, "c", (Criterion(event="screen_view", count=Count("gte", 2)),))
    registry.close()
    for bomb in BOMBS:
        items = list(bomb())
        for start in range(0, len(items), BATCH):
            answer = stranger.send("/track/batch", items[start : start + BATCH])
            assert answer.status_code == 200, f"{bomb.__name__}: {answer.text}"
            stranger.refused += [each["code"] for each in answer.json()["rejected"]]
    return stranger


@pytest.fixture(scope="module")
def neighbour(house: House, stranger: Stranger) -> Site:
    """A site that has a day of its own meanwhile; both are built at once."""
    neighbour = MadeSite(house, "Neighbour")
    day = [event("screen_view", clock(60 * number), f"d{number % 7}", f"/{number % 5}") for number in range(70)]
    assert neighbour.send("/track/batch", day).json()["accepted"] == len(day)
    house.wait_until_landed()
    house.eventlens("build")
    return neighbour


@pytest.mark.timeout(300)
def test_a_neighbours_numbers_are_right_and_complete(neighbour: Site) -> None:
    answer = neighbour.ask("metrics")
    assert answer["data"]["total_events"] == 70
    assert answer["data"]["unique_visitors"] == 7
    assert answer["data"]["total_sessions"] == 7
    assert "setAside" not in answer["meta"]
    pages = {row["path"]: row["views"] for row in neighbour.ask("pages")["data"]}
    assert pages == {f"/{number}": 14 for number in range(5)}


def test_the_project_that_existed_before_has_the_same_numbers(
    site: Site, numbers_before: dict[str, Any], neighbour: Site
) -> None:
    assert site.ask("metrics")["data"] == numbers_before
    assert numbers_before["total_events"] >= 4


def test_the_stranger_has_every_event_that_was_acknowledged(stranger: Stranger, neighbour: Site) -> None:
    answer = stranger.ask("metrics")
    assert "setAside" not in answer["meta"]
    sent = [item for bomb in BOMBS for item in bomb() if item["type"] == "track"]
    # Properties cannot be stored if a path comes both with a dot and nested, and long keys before many others make too
    # long paths.
    assert set(stranger.refused) == {"properties_not_storable", "properties_too_large"}
    again = sum(1 for item in sent if item["payload"].get("messageId")) - 1
    rows = stranger.ask("ingest", range="2d")["data"]
    assert sum(row["received"] for row in rows) == sum(1 for bomb in BOMBS for _ in bomb())
    assert sum(row["duplicate"] for row in rows) == again
    assert sum(row["rejected"] for row in rows) == len(stranger.refused)
    assert answer["data"]["total_events"] == len(sent) - again


def test_a_stranger_multiplies_only_rows_of_its_own_project(house: House, stranger: Site, neighbour: Site) -> None:
    limits = {"attribution": 20 * MANY, "int_identity_links": 5_000, "page_flows_daily": 5_000, "profiles": 5_000}
    with house.warehouse() as warehouse:
        for table, most in limits.items():
            database = "lens_staging" if table.startswith("int_") else "lens"
            rows = warehouse.value(
                f"SELECT count() FROM {database}.{table} WHERE project_id = {{p:String}}", {"p": stranger.project}
            )
            assert 0 < rows < most, table


def test_an_event_of_years_ago_from_a_visitor_is_refused(house: House) -> None:
    visited = MadeSite(house, "Visited")
    years = [
        {"type": "track", "payload": {"name": "old", "timestamp": f"{2016 + month // 12}-{month % 12 + 1:02}-01"}}
        for month in range(90)
    ]
    answer = visited.send("/track/batch", years, **visited.page).json()
    assert (answer["accepted"], {each["code"] for each in answer["rejected"]}) == (0, {"timestamp_too_old"})


def test_a_pattern_that_would_break_or_delay_builds_is_refused_when_it_is_defined(house: House, stranger: Site) -> None:
    registry = open_registry(house.settings)
    for pattern in (r"[\b]", "[[:foo:]]", "(?=x)", "a" * 5_000, "[a-q][^u-z]{60}x"):
        with pytest.raises(Refused):
            create_goal(registry, stranger.project, "p", "e", (RawFilter("path", "regex", pattern),))
    registry.close()


def test_a_quota_is_answered_with_429_and_a_code(house: House) -> None:
    small = MadeSite(house, "Small", quotas=["events_a_day=150"])
    items = [event("screen_view", clock(number), "d1") for number in range(BATCH)]
    answers = [small.send("/track/batch", items) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()["error"]["code"] == "project_quota"
    assert 0 < int(answers[1].headers["retry-after"]) <= 86_400
