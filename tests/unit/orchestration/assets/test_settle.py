"""What is built leaves the working set, and nothing else does, whatever clocks say and whenever it dies."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from event_lens.contract.rows import timestamp
from event_lens.errors import Unavailable
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import change_project, create_project, list_projects
from event_lens.registry.tables import Project
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.built_settings import BuiltSettings, read_built_settings, settings_of
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.freshness import Freshness, read_freshness
from orchestration.assets.built_batches import mark_built
from orchestration.assets.registry_sync import copy_registry
from orchestration.assets.settle import settle_built
from orchestration.planning.plan import has_unbuilt_batches, make_plan, read_plan
from tests.conftest import EmbeddedServer

NOW = datetime.now(UTC).replace(microsecond=0)
NOW_MS = int(NOW.timestamp() * 1000)
SENT = NOW - timedelta(days=10)

Built = tuple[Registry, Project]


class Dying(Warehouse):
    """A connection that is cut off at its `last` command: before it, or with only the answer lost."""

    def __init__(self, url: str, last: int, *, is_done: bool) -> None:
        super().__init__(url)
        self._left = last
        self._is_done = is_done

    def command(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> None:
        self._left -= 1
        if self._left >= 0 or self._is_done:
            super().command(sql, parameters, settings)
        if self._left < 0:
            raise Unavailable("cut off")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path_factory.mktemp("home"))
    try:
        yield server.wait()
    finally:
        server.stop()


@pytest.fixture
def warehouse(server: EmbeddedServer) -> Iterator[Warehouse]:
    """A warehouse where nothing has landed and nothing was built."""
    with Warehouse(server.url) as warehouse:
        for table in ("lens_raw.events", "lens_raw.batches", "lens_raw.settled_batches"):
            warehouse.command(f"TRUNCATE TABLE {table}")
        for table in ("built_batches", "built_batch_days", "built_projects", "builds", "planned_batches"):
            warehouse.command(f"TRUNCATE TABLE lens_staging.{table}")
        yield warehouse


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})
    registry = open_registry(settings)
    create_project(registry, "settle")
    registry.close()
    return settings


def land(
    warehouse: Warehouse, landed_at: datetime = NOW, *, count: int = 1, import_id: str = "", project_id: str = "p"
) -> list[str]:
    """Lands `count` batches of one event, by a collector whose clock says `landed_at`; returns their ids."""
    ids = [f"{import_id or 'batch'}-{uuid.uuid4()}" for _ in range(count)]
    sent = timestamp(int(SENT.timestamp() * 1000))
    events = [
        {"event_id": str(uuid.uuid4()), "project_id": project_id, "name": "x", "created_at": sent, "received_at": sent}
        | {"batch_id": batch_id}
        for batch_id in ids
    ]
    batches = [
        {"batch_id": batch_id, "table_name": "lens_raw.events", "landed_at": timestamp(_ms(landed_at)), "row_count": 1}
        | {"first_received_at": sent, "last_received_at": sent, "import_id": import_id}
        for batch_id in ids
    ]
    for table, rows in (("lens_raw.events", events), ("lens_raw.batches", batches)):
        warehouse.insert_lines(table, b"\n".join(map(msgspec.json.encode, rows)), token=str(uuid.uuid4()))
    return ids


def plan(warehouse: Warehouse, settings: Settings) -> str:
    copy_registry(settings, warehouse)
    build = f"build-{uuid.uuid4()}"
    make_plan(warehouse, build)
    return build


def build(warehouse: Warehouse, settings: Settings) -> int:
    """Plans, marks and settles; returns how many batches became built."""
    planned = plan(warehouse, settings)
    marked = mark_built(warehouse, planned, None, settings)
    settle_built(warehouse)
    return marked


def test_a_built_batch_leaves_the_working_set_and_its_summary_is_kept(warehouse: Warehouse, settings: Settings) -> None:
    ids = land(warehouse, count=3)
    assert build(warehouse, settings) == 3
    assert ids_in(warehouse, "lens_raw.batches") == []
    assert ids_in(warehouse, "lens_raw.settled_batches") == sorted(ids)
    # The marks of a build are deleted when the next build settles, so that a reader in between finds the marks of the
    # rows that it saw.
    assert ids_in(warehouse, "lens_staging.built_batches") == sorted(ids)
    others = land(warehouse)
    build(warehouse, settings)
    assert ids_in(warehouse, "lens_staging.built_batches") == others


@pytest.fixture
def built(warehouse: Warehouse, settings: Settings) -> Iterator[Built]:
    """The registry, and its project with one event that is built."""
    registry = open_registry(settings)
    (project,) = list_projects(registry)
    land(warehouse, project_id=project.project_id)
    build(warehouse, settings)
    yield registry, project
    registry.close()


def test_a_build_notes_the_settings_that_its_tables_follow(
    warehouse: Warehouse, settings: Settings, built: Built
) -> None:
    registry, project = built
    first = settings_of(project)
    assert noted(warehouse, project) == BuiltSettings(first)
    changed = change_project(registry, project.project_id, timezone="Asia/Kolkata", allowed_bots=["sign:b", "sign:a"])
    planned = plan(warehouse, settings)
    assert noted(warehouse, project) == BuiltSettings(first, is_in_change=True)
    # A copy of the registry that was made since is not what this build followed.
    change_project(registry, project.project_id, currency="EUR")
    copy_registry(settings, warehouse)
    mark_built(warehouse, planned, None, settings)
    assert noted(warehouse, project) is None
    change_project(registry, project.project_id, currency="")
    build(warehouse, settings)
    assert noted(warehouse, project) == BuiltSettings(settings_of(changed))


def test_a_setting_that_is_changed_back_is_built_after_a_build_that_did_not_finish(
    warehouse: Warehouse, settings: Settings, built: Built
) -> None:
    """The build that died can have written some days with the other setting."""
    registry, project = built
    versions = "SELECT count() FROM lens_staging.builds"
    before = warehouse.value(versions)
    change_project(registry, project.project_id, currency="USD")
    plan(warehouse, settings)
    plan(warehouse, settings)
    assert warehouse.value(versions) == before + 1
    change_project(registry, project.project_id, currency="")
    planned = plan(warehouse, settings)
    assert read_plan(warehouse, planned, settings).days != []
    assert noted(warehouse, project) == BuiltSettings(settings_of(project), is_in_change=True)
    mark_built(warehouse, planned, None, settings)
    assert noted(warehouse, project) == BuiltSettings(settings_of(project))
    assert read_plan(warehouse, plan(warehouse, settings), settings).days == []


def test_days_of_changed_settings_do_not_count_after_other_settings_were_built(
    warehouse: Warehouse, settings: Settings, built: Built
) -> None:
    registry, project = built
    everything = read_plan(warehouse, changed_plan(warehouse, settings, registry, project, "USD"), settings).days
    first, rest = everything[:2], everything[2:]
    mark_built(warehouse, changed_plan(warehouse, settings, registry, project, "USD"), first, settings)
    mark_built(warehouse, changed_plan(warehouse, settings, registry, project, ""), rest, settings)
    mark_built(warehouse, changed_plan(warehouse, settings, registry, project, "USD"), rest, settings)
    assert noted(warehouse, project) == BuiltSettings(settings_of(project), is_in_change=True)
    mark_built(warehouse, changed_plan(warehouse, settings, registry, project, "USD"), first, settings)
    assert noted(warehouse, project) == BuiltSettings({**settings_of(project), "currency": "USD"})


def noted(warehouse: Warehouse, project: Project) -> BuiltSettings | None:
    return read_built_settings(warehouse).get(project.project_id)


def changed_plan(warehouse: Warehouse, settings: Settings, registry: Registry, project: Project, currency: str) -> str:
    change_project(registry, project.project_id, currency=currency)
    return plan(warehouse, settings)


def test_an_unbuilt_batch_stays_when_others_are_settled(warehouse: Warehouse, settings: Settings) -> None:
    land(warehouse)
    planned = plan(warehouse, settings)
    during = land(warehouse, NOW - timedelta(minutes=5))
    mark_built(warehouse, planned, None, settings)
    settle_built(warehouse)
    assert unbuilt(warehouse) == during
    assert through(warehouse) == _ms(NOW - timedelta(minutes=5)) - 1


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("last", range(3))
def test_killed_at_any_statement_nothing_is_forgotten_and_the_next_build_goes_on(
    server: EmbeddedServer, warehouse: Warehouse, settings: Settings, last: int, is_done: bool
) -> None:
    settled = land(warehouse)
    build(warehouse, settings)
    built = land(warehouse, count=2, import_id="import")
    planned = plan(warehouse, settings)
    waiting = land(warehouse, NOW - timedelta(days=400))
    mark_built(warehouse, planned, None, settings)
    with Dying(server.url, last, is_done=is_done) as dying, pytest.raises(Unavailable):
        settle_built(dying)
    assert unbuilt(warehouse) == waiting
    assert through(warehouse) == _ms(NOW - timedelta(days=400)) - 1
    assert listed(warehouse) == sorted(settled + built + waiting)
    assert build(warehouse, settings) == 1
    assert not has_unbuilt_batches(warehouse)
    assert ids_in(warehouse, "lens_raw.settled_batches FINAL") == sorted(settled + built + waiting)


def test_a_batch_that_lands_late_waits_however_old_it_says_it_is(warehouse: Warehouse, settings: Settings) -> None:
    land(warehouse, count=2)
    build(warehouse, settings)
    assert through(warehouse) == NOW_MS
    late = land(warehouse, NOW - timedelta(days=9000))
    assert through(warehouse) == _ms(NOW - timedelta(days=9000)) - 1
    assert has_unbuilt_batches(warehouse)
    assert read_plan(warehouse, plan(warehouse, settings), settings).batch_count == 1
    assert unbuilt(warehouse) == late
    assert build(warehouse, settings) == 1
    assert through(warehouse) == NOW_MS


def test_collectors_whose_clocks_differ_hide_nothing_from_each_other(warehouse: Warehouse, settings: Settings) -> None:
    clocks = [NOW + timedelta(days=2), NOW, NOW - timedelta(hours=30)]
    for _ in range(3):
        planned_ids = [batch_id for clock in clocks for batch_id in land(warehouse, clock)]
        planned = plan(warehouse, settings)
        during = [batch_id for clock in clocks for batch_id in land(warehouse, clock)]
        assert read_plan(warehouse, planned, settings).batch_count == len(planned_ids)
        mark_built(warehouse, planned, None, settings)
        settle_built(warehouse)
        assert unbuilt(warehouse) == sorted(during)
        assert through(warehouse) == _ms(clocks[-1]) - 1
        assert build(warehouse, settings) == len(during)
        assert through(warehouse) == NOW_MS


def test_an_adopted_backlog_is_planned_built_and_settled_at_once(warehouse: Warehouse, settings: Settings) -> None:
    land(warehouse, NOW)
    build(warehouse, settings)
    backlog = land(warehouse, NOW - timedelta(days=3), count=5000)
    assert through(warehouse) == _ms(NOW - timedelta(days=3)) - 1
    assert build(warehouse, settings) == len(backlog)
    assert ids_in(warehouse, "lens_raw.batches") == []
    assert through(warehouse) == NOW_MS


def test_a_build_notes_its_end_before_its_batches_count_as_built(
    server: EmbeddedServer, warehouse: Warehouse, settings: Settings
) -> None:
    """The other way round, kept answers of the build before would be called complete for a moment."""

    class CutOff(Warehouse):
        def insert_lines(self, table: str, body: bytes, *, token: str) -> int:
            if table == "lens_staging.built_batches":
                raise Unavailable("cut off")
            return super().insert_lines(table, body, token=token)

    land(warehouse)
    build(warehouse, settings)
    land(warehouse, NOW - timedelta(days=1))
    planned = plan(warehouse, settings)
    with CutOff(server.url) as cut_off, pytest.raises(Unavailable):
        mark_built(cut_off, planned, None, settings)
    assert read_freshness(warehouse, NOW_MS) == Freshness(_ms(NOW - timedelta(days=1)) - 1, 2)


def test_a_batch_whose_row_is_written_again_is_built_again(warehouse: Warehouse, settings: Settings) -> None:
    """Restored from a backup, say: what is not known to be built is built."""
    land(warehouse)
    build(warehouse, settings)
    land(warehouse)
    build(warehouse, settings)
    warehouse.command(
        "INSERT INTO lens_raw.batches (batch_id, table_name, first_received_at, last_received_at) "
        "SELECT batch_id, 'lens_raw.events', received_at, received_at FROM lens_raw.events "
        "WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
    )
    assert build(warehouse, settings) == 1
    assert ids_in(warehouse, "lens_raw.batches") == []


def test_a_home_from_before_opens_and_says_the_same(settings: Settings, tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "old")
    try:
        with Warehouse(server.wait().url) as warehouse:
            built = land(warehouse, NOW - timedelta(days=2), count=3)
            mark_built(warehouse, plan(warehouse, settings), None, settings)
            waiting = land(warehouse, NOW - timedelta(days=1))
            # As the earlier version left the tables.
            warehouse.command("DROP TABLE lens_raw.settled_batches SYNC")
            warehouse.command(
                "ALTER TABLE lens_raw.migrations DELETE WHERE name >= '0005_watermark.sql'",
                settings={"mutations_sync": 1},
            )
            before = read_freshness(warehouse, NOW_MS)
        server.stop()
        server.restart()
        with Warehouse(server.url) as warehouse:
            assert read_freshness(warehouse, NOW_MS) == before == Freshness(_ms(NOW - timedelta(days=1)) - 1, 1)
            assert unbuilt(warehouse) == waiting
            assert build(warehouse, settings) == 1
            assert ids_in(warehouse, "lens_raw.batches") == []
            assert ids_in(warehouse, "lens_raw.settled_batches") == sorted(built + waiting)
            assert through(warehouse) == NOW_MS
    finally:
        server.stop()


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def ids_in(warehouse: Warehouse, table: str) -> list[str]:
    return [row["batch_id"] for row in warehouse.rows(f"SELECT batch_id FROM {table} ORDER BY batch_id")]


def listed(warehouse: Warehouse) -> list[str]:
    """All that ever landed, settled or not."""
    return sorted({*ids_in(warehouse, "lens_raw.batches"), *ids_in(warehouse, "lens_raw.settled_batches")})


def unbuilt(warehouse: Warehouse) -> list[str]:
    """What the next plan takes in."""
    build = f"probe-{uuid.uuid4()}"
    make_plan(warehouse, build)
    rows = warehouse.rows(
        "SELECT batch_id FROM lens_staging.planned_batches WHERE build_id = {build:String} AND project_id = '' "
        "ORDER BY batch_id",
        {"build": build},
    )
    return [row["batch_id"] for row in rows]


def through(warehouse: Warehouse) -> int | None:
    return read_freshness(warehouse, NOW_MS).complete_through
