"""Events of days that lie far apart."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.builds.site import fronted_site
from tests.builds.traffic import FIRST
from tests.conftest import EmbeddedServer
from tests.spec.rows import Project, moment

DAYS = [FIRST - timedelta(days=days) for days in (2000, 900, 400, 0)]


@pytest.mark.timeout(600)
def test_one_run_builds_the_days_of_events_that_are_years_apart(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "home")
    try:
        with fronted_site(server.wait()) as site:
            project = Project(site.create("Far apart", "UTC"))
            for day in DAYS:
                project.event(moment(f"{day}") + 60_000, "screen_view", "d1", path="/")
            site.land(project)
            site.build()
            with site.warehouse() as warehouse:
                built = warehouse.rows("SELECT day FROM lens.metrics_daily ORDER BY day")
                runs = warehouse.value("SELECT count() FROM lens_staging.builds")
    finally:
        server.stop()
    assert [row["day"] for row in built] == DAYS
    assert runs == 1
