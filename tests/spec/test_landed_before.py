"""The models' tests of landed rows: batches that are settled count as landed, those that no plan saw do not."""

from collections.abc import Iterator

import pytest

from event_lens.warehouse.client import Warehouse
from orchestration.assets.settle import settle_built
from tests.conftest import EmbeddedServer
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.rows import EVENTS, Project

LANDED_TESTS = (
    "every_landed_event_is_counted_or_left_out",
    "every_landed_operation_is_counted_or_left_out",
    "every_receipt_is_counted_once",
)
MARK = "INSERT INTO lens_staging.built_batches SELECT batch_id, 'build', now64(3) FROM lens_raw.batches"
PLAN = """
    INSERT INTO lens_staging.planned_batches (build_id, batch_id, planned_at)
    SELECT 'plan', batch_id, now64(3) FROM lens_raw.batches
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path_factory.mktemp("home"))
    try:
        yield server.wait()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def build(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Two events, an operation and a refusal, built, and their batches settled."""
    project = _project()
    build = Build(server.url, tmp_path_factory.mktemp("dbt"))
    with Warehouse(server.url) as warehouse:
        land_settings(warehouse, [project])
        land(warehouse, rows_of([project]), [])
        facts = ("+int_events__sessionized", "+int_operations", "+ingest_hourly")
        build.run("--full-refresh", "--exclude-resource-types", "test", "--select", *facts)
        warehouse.command(MARK)
        settle_built(warehouse)
        assert not warehouse.value("SELECT count() FROM lens_raw.batches")
    return build


@pytest.fixture
def warehouse(server: EmbeddedServer) -> Iterator[Warehouse]:
    with Warehouse(server.url) as warehouse:
        yield warehouse


def _project() -> Project:
    project = Project("settled")
    project.view("2026-03-10 10:00")
    project.view("2026-03-10 11:00")
    project.operation("2026-03-10 11:00", "increment", "ann")
    project.reject("2026-03-10 11:00")
    return project


def test_checks_pass_when_no_landed_row_is_missing(build: Build) -> None:
    build.check(*LANDED_TESTS)


@pytest.mark.parametrize(
    ("table", "test"),
    [
        ("lens_staging.int_events__sessionized", LANDED_TESTS[0]),
        ("lens_staging.int_operations", LANDED_TESTS[1]),
        ("lens.ingest_hourly", LANDED_TESTS[2]),
    ],
)
def test_a_row_of_a_settled_batch_that_is_lost_is_found(
    build: Build, warehouse: Warehouse, table: str, test: str
) -> None:
    warehouse.command(f"CREATE TABLE {table}__whole CLONE AS {table}")
    warehouse.command(f"ALTER TABLE {table} DELETE WHERE true", settings={"mutations_sync": 1})
    try:
        with pytest.raises(AssertionError, match=test):
            build.check(test)
    finally:
        warehouse.command(f"INSERT INTO {table} SELECT * FROM {table}__whole")
        warehouse.command(f"DROP TABLE {table}__whole SYNC")
    build.check(test)


def test_rows_that_land_after_the_plan_are_not_missing_whatever_their_clock_says(
    build: Build, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector whose clock is behind would write an instant before the run began."""
    warehouse.command(PLAN)
    late = Project("settled")
    late.view("2026-03-10 12:00")
    land(warehouse, [landing for landing in rows_of([late]) if landing[0] == EVENTS], [])
    (batch,) = warehouse.rows("SELECT landed_at < now() - 3600 AS is_old FROM lens_raw.batches")
    monkeypatch.setenv("EVENTLENS_DBT_PLAN", "plan")
    build.check(*LANDED_TESTS)
    assert batch["is_old"]
    warehouse.command(PLAN)
    with pytest.raises(AssertionError, match=LANDED_TESTS[0]):
        build.check(LANDED_TESTS[0])
