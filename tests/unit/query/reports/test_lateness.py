"""How late events came: by hand, and the days that a build counted anew."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from event_lens.warehouse.client import Warehouse
from tests.unit.query.sample_projects import World

Answer = Callable[..., Any]
JULY = {"startDate": "2026-07-01", "endDate": "2026-07-31"}
PLANNED = """
INSERT INTO lens_staging.planned_batches (build_id, batch_id, planned_at)
SELECT DISTINCT 'query tests', batch_id, now64(3) FROM lens_raw.events WHERE project_id = {project:String}
"""


def test_delays_are_counted_between_their_edges(answer: Answer) -> None:
    told = answer("late", "lateness", **JULY)
    assert {bar["from_seconds"]: bar["events"] for bar in told["histogram"] if bar["events"]} == {
        0: 3,
        60: 1,
        3_600: 1,
        86_400: 1,
        2_592_000: 1,
    }
    assert sum(bar["share"] for bar in told["histogram"]) == pytest.approx(100)
    assert told["histogram"][-1]["to_seconds"] is None
    assert told["imported"] == 1


@pytest.fixture
def planned(world: World, warehouse: Warehouse) -> Iterator[None]:
    """The plan of the build, which the sample projects are built without."""
    warehouse.command(PLANNED, {"project": world.projects["late"].project_id})
    yield
    warehouse.command("DELETE FROM lens_staging.planned_batches WHERE build_id = 'query tests'")


@pytest.mark.usefixtures("planned")
def test_a_build_tells_the_days_it_counted_anew(answer: Answer) -> None:
    (build,) = answer("late", "lateness", filters='[{"name": "path", "operator": "isNotNull"}]', **JULY)["builds"]
    assert (build["build_id"], build["events"], build["late_events"]) == ("query tests", 8, 3)
    assert build["revised_days"] == ["2026-07-01", "2026-07-02"]


def test_without_events_there_is_no_share(answer: Answer) -> None:
    assert {bar["share"] for bar in answer("empty", "lateness")["histogram"]} == {None}
