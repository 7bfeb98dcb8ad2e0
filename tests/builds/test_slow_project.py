"""A project for which a statement takes too long, as for an old pattern, is set aside, and the others are built."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from event_lens.contract.filters import RawFilter
from event_lens.errors import Refused
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.goals import create_goal, remove_goal
from tests.builds.aside import Seen, add_goal, built, order
from tests.builds.site import Site, fronted_site
from tests.command import run_command
from tests.conftest import EmbeddedServer
from tests.spec.rows import Project

DAY = "2026-03-02"
SECONDS = 16
# RE2 needs milliseconds for each on a path of 2,000 characters: minutes for all.
SLOW = {name: f"[a-q][^u-z]{{60}}{name}" for name in ("A", "B", "C", "D")}
SLOW_ORDERS = 3_000

pytestmark = pytest.mark.timeout(900)


@dataclass
class Story:
    """Goals of `slow`, stored before patterns were checked, make a statement slow; then they are removed."""

    good: str
    slow: str
    aside: Seen
    status: str
    answer: dict[str, Any]
    mended: Seen


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    server = EmbeddedServer(tmp_path_factory.mktemp("site") / "home")
    try:
        with fronted_site(server.wait()) as site:
            yield _told(site)
    finally:
        server.stop()


def _told(site: Site) -> Story:
    good, slow = site.create("Good", "UTC"), site.create("Slow", "UTC")
    add_goal(site, good, "good", "^/")
    order(site, f"{DAY} 10:00", **{good: 3})
    for name, pattern in SLOW.items():
        add_goal(site, slow, name, pattern)
    _order_on_long_paths(site, slow)
    aside = built(site, EVENTLENS_BUILD_STATEMENT_SECONDS=f"{SECONDS}")
    status = run_command(site.environment | {"COLUMNS": "160"}, "status").stdout
    asked = run_command(site.environment, "ask", "metrics", "--project", slow, "--json")
    registry = open_registry(site.settings)
    for name in SLOW:
        remove_goal(registry, name)
    with pytest.raises(Refused, match="would take too long"):
        create_goal(registry, slow, "again", "order", (RawFilter("path", "regex", SLOW["A"]),))
    registry.close()
    add_goal(site, slow, "quick", "^/")
    return Story(good, slow, aside, status, json.loads(asked.stdout), built(site))


def _order_on_long_paths(site: Site, project: str) -> None:
    letters, sent = Random(1), Project(project)
    for number in range(SLOW_ORDERS):
        path = "/" + "".join(letters.choices("abcdefghijklmnopqrst/-0", k=2_000))
        sent.event(
            f"{DAY} {11 + number // 3600}:{number // 60 % 60:02}:{number % 60:02}", "order", path=path, profile_id="ann"
        )
    site.land(sent)


def test_it_is_set_aside_with_the_statement_and_the_reason(story: Story) -> None:
    assert set(story.aside.aside) == {story.slow}
    assert story.aside.aside[story.slow].model == "int_conversions"
    assert "TIMEOUT_EXCEEDED" in story.aside.aside[story.slow].reason


def test_the_others_are_built_with_right_numbers(story: Story) -> None:
    assert story.aside.orders[story.good] == 3
    assert story.aside.conversions == {story.good: 3}
    assert not story.aside.waiting


def test_status_and_its_own_answers_name_it(story: Story) -> None:
    [told] = [line for line in story.status.splitlines() if line.startswith("Builds leave out")]
    assert told.startswith(f"Builds leave out {story.slow}: tried once since")
    assert "int_conversions failed" in told
    assert "TIMEOUT_EXCEEDED" in told
    assert "int_conversions" in json.dumps(story.answer["meta"]["setAside"])


def test_without_the_slow_patterns_it_is_built_whole(story: Story) -> None:
    assert story.mended.aside == {}
    assert story.mended.orders == {story.good: 3, story.slow: SLOW_ORDERS}
    assert story.mended.conversions == {story.good: 3, story.slow: SLOW_ORDERS}
