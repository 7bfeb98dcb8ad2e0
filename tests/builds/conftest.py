"""One site through its builds: built, redefined, killed three times while a range is built again, built anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from event_lens.registry.database import open_registry
from event_lens.registry.projects import change_project
from tests.builds.fingerprints import Held, held, leftovers
from tests.builds.reader import Answers, reading
from tests.builds.site import Site, fronted_site
from tests.builds.traffic import DAY_COUNT, FIRST, visits
from tests.conftest import EmbeddedServer
from tests.spec.rows import Project

# Where builds are killed: in the facts, in the folded tables, and just before the mark. Of a finished statement only
# the answer is lost.
SWAP_OF_FACTS = (r"alter table `lens_staging`.`int_events__sessionized`", True)
EXCHANGE_OF_A_FOLD = (r"exchange TABLES `lens`.`profiles", True)
MARK = (r"settings_hash, days FROM lens_staging.planned_batches", False)


@dataclass
class Story:
    """What the tables held after each part, and what a reader saw in the second."""

    site: Site
    moved: str
    """The project whose zone changed."""
    first: Held
    before_the_mark: Held
    finished: Held
    left_over: list[str]
    unmarked: int
    read: Answers
    read_count: int
    refreshed: Held


@pytest.fixture(scope="package")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    server = EmbeddedServer(tmp_path_factory.mktemp("site") / "home")
    try:
        with fronted_site(server.wait()) as site:
            yield _told(site, tmp_path_factory)
    finally:
        server.stop()


def _told(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Story:
    late, moved = site.create("Late", "UTC"), site.create("Moved", "Europe/Berlin")
    site.land(visits(Project(late), 1))
    site.land(visits(Project(moved, timezone="Europe/Berlin"), 2, devices=4))
    site.build()
    with site.warehouse() as warehouse:
        first = held(warehouse)
    site.land(visits(Project(late), 3, days=range(1, 2), devices=6))
    registry = open_registry(site.settings)
    change_project(registry, late, session_timeout_seconds=7200, allowed_bots=["crawler:good"])
    change_project(registry, moved, timezone="Pacific/Auckland")
    registry.close()
    site.change_dbt_var(tmp_path_factory.mktemp("checkout"), "bounce_rule", "screen_views", "engagement")
    # A changed zone moves events by a day at most, and a changed day changes up to four days after it.
    start, end = FIRST - timedelta(days=2), FIRST + timedelta(days=DAY_COUNT + 5)
    with reading(site.server) as reader:
        for at, is_done in (SWAP_OF_FACTS, EXCHANGE_OF_A_FOLD, MARK):
            site.build_killed(at, is_done=is_done, start=start, end=end)
        with site.warehouse() as warehouse:
            before_the_mark = held(warehouse)
        site.build(start=start, end=end)
    with site.warehouse() as warehouse:
        reader.ask(warehouse)
        finished, left_over = held(warehouse), leftovers(warehouse)
        unmarked = warehouse.value(
            "SELECT count() FROM lens_raw.batches "
            "WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
        )
    site.build(is_full_refresh=True)
    with site.warehouse() as warehouse:
        refreshed = held(warehouse)
    return Story(
        site, moved, first, before_the_mark, finished, left_over, unmarked, reader.answers, reader.count, refreshed
    )
