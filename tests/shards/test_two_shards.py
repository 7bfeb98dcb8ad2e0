"""Two embedded warehouses as the two shards of one: landed apart, built apart, asked together."""

import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from cli.doctor import examine
from cli.status import read_status
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.registry.sql_users import create_sql_user
from event_lens.settings import read_settings
from event_lens.warehouse.access import read_access
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.moving import hide_project
from event_lens.warehouse.spanning import span_shards
from tests.conftest import EmbeddedServer
from tests.end_to_end.site import DAY
from tests.ports import free_port
from tests.reference.comparison import compare
from tests.reference.keys import KEYS
from tests.reference.recomputed import recompute
from tests.shards.conftest import Filled

SPANNING = {"optimize_skip_unused_shards": 1}


def ask(filled: Filled, shard: int, sql: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    user = headers or {"X-ClickHouse-User": "analyst"}
    return httpx.post(filled.shards.guarded(shard), content=sql, headers=user, timeout=30)


@pytest.fixture(scope="module")
def ana(filled: Filled) -> dict[str, str]:
    """The headers of a SQL user who sees the project on the second shard."""
    with filled.shards.registry() as registry:
        name = f"ana_{uuid.uuid4().hex[:8]}"
        _, password = create_sql_user(registry, name, [filled.tenants[1].project_id])
    return {"X-ClickHouse-User": name, "X-ClickHouse-Key": password}


def test_rows_land_on_the_shard_of_their_project_alone(filled: Filled) -> None:
    first, second = filled.tenants
    for shard, own, other, count in ((1, first, second, 3), (2, second, first, 4)):
        with filled.shards.on(shard) as warehouse:
            counted = "SELECT count() FROM lens_raw.events WHERE project_id = {p:String} AND device_id LIKE 'device-%'"
            assert warehouse.value(counted, {"p": own.project_id}) == count
            assert warehouse.value(counted, {"p": other.project_id}) == 0


@pytest.mark.parametrize("shard", [1, 2])
def test_every_table_over_two_shards_equals_the_reference(filled: Filled, shard: int) -> None:
    """What the first shard says of all of them is right for the projects of each."""
    ids = [project.project_id for project in filled.histories[shard]]
    with filled.shards.on(shard) as own, recompute(own, ids) as reference, filled.shards.on(1) as spanning:
        compared = [compare(spanning, reference, table, ids) for table in KEYS]
    assert not [str(each) for each in compared if each.differences]
    assert sum(each.rows for each in compared) > 500


def test_the_api_answers_from_the_shard_of_the_project(filled: Filled) -> None:
    for tenant, count in zip(filled.tenants, (3, 4), strict=True):
        assert tenant.ask("metrics")["data"]["unique_visitors"] == count
        exported = httpx.get(
            f"{filled.shards.query}/export/{tenant.project_id}/events.ndjson",
            params={"startDate": DAY, "endDate": DAY},
            headers=tenant.reader,
            timeout=30,
        )
        assert len(exported.text.splitlines()) == count


def test_status_and_doctor_look_at_every_shard(filled: Filled) -> None:
    status = read_status(filled.shards.settings)
    fresh = {project.project_id: project for project in status.freshness}
    for tenant in filled.tenants:
        assert fresh[tenant.project_id].shard == tenant.shard
        assert fresh[tenant.project_id].complete_through
    assert not status.problems
    looked_at = {finding.subject: finding.level for finding in examine(filled.shards.settings)}
    for shard in (1, 2):
        assert looked_at[f"warehouse of shard {shard}"] == "ok"
        assert looked_at[f"builds of shard {shard}"] == "ok"


@pytest.mark.parametrize("shard", [1, 2])
def test_an_analyst_sees_every_shard_from_each(filled: Filled, shard: int) -> None:
    ids = [tenant.project_id for tenant in filled.tenants]
    answer = ask(filled, shard, f"SELECT count() FROM lens.events WHERE project_id IN ('{ids[0]}', '{ids[1]}')")
    assert answer.text == "7\n"


def test_a_question_about_one_project_reads_one_shard(filled: Filled) -> None:
    first, second = filled.tenants
    plan = "EXPLAIN SELECT sum(event_count) FROM lens.sessions WHERE project_id = {p:String}"
    with filled.shards.on(1) as warehouse:
        here, there = (
            "\n".join(row["explain"] for row in warehouse.rows(plan, {"p": tenant.project_id}, SPANNING))
            for tenant in (first, second)
        )
    assert "ReadFromRemote" not in here
    assert "lens_shard.sessions" in here
    assert "ReadFromRemote" in there
    assert "lens_shard.sessions" not in there


def test_a_subquery_about_a_project_of_another_shard_is_answered_from_there(filled: Filled) -> None:
    first, second = filled.tenants
    answer = ask(
        filled,
        1,
        f"SELECT count() FROM lens.events WHERE project_id = '{first.project_id}' AND device_id IN "
        f"(SELECT device_id FROM lens.sessions WHERE project_id = '{second.project_id}') FORMAT TabSeparated",
    )
    assert answer.text == "3\n"


@pytest.mark.parametrize("shard", [1, 2])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT project_id FROM lens.events",
        "SELECT DISTINCT s.project_id FROM lens.events AS e JOIN lens.sessions AS s USING (device_id)",
        "SELECT DISTINCT project_id FROM lens.events WHERE device_id IN (SELECT device_id FROM lens.sessions)",
        "SELECT DISTINCT project_id FROM (SELECT * FROM lens.events UNION ALL SELECT * FROM lens.events)",
    ],
)
def test_a_sql_user_sees_the_rows_of_its_projects_only(
    filled: Filled, ana: dict[str, str], shard: int, sql: str
) -> None:
    assert ask(filled, shard, sql, ana).text == f"{filled.tenants[1].project_id}\n"


@pytest.mark.parametrize(
    ("path", "sql"),
    [
        ("/?log_comment={other}", "SELECT DISTINCT project_id FROM lens.events"),
        ("/", "SELECT DISTINCT project_id FROM lens.events SETTINGS log_comment = '{other}'"),
        ("/", "SELECT DISTINCT project_id FROM lens_shard.events"),
        ("/", "SELECT * FROM lens_raw.hidden_projects"),
        ("/", "SELECT * FROM cluster('shards', lens_shard.events)"),
        ("/?max_result_rows=0", "SELECT DISTINCT project_id FROM lens.events"),
    ],
)
def test_a_sql_user_cannot_say_which_projects_are_its_own(
    filled: Filled, ana: dict[str, str], path: str, sql: str
) -> None:
    other = filled.tenants[0].project_id
    address = f"{filled.shards.guarded(1)}{path.format(other=other)}"
    answer = httpx.post(address, content=sql.format(other=other), headers=ana, timeout=30)
    assert answer.status_code >= 400
    assert other not in answer.text


def test_a_hidden_project_is_left_out_of_questions_over_all_shards(filled: Filled) -> None:
    project_id = filled.histories[2][0].project_id
    counted = f"SELECT count() > 0 FROM lens.events WHERE project_id = '{project_id}'"
    with filled.shards.on(2) as warehouse:
        hide_project(warehouse, project_id, is_hidden=True)
        assert ask(filled, 1, counted).text == "0\n"
        hide_project(warehouse, project_id, is_hidden=False)
    assert ask(filled, 1, counted).text == "1\n"


def test_shards_know_one_another_without_a_password(filled: Filled) -> None:
    with filled.shards.on(1) as warehouse:
        known = warehouse.rows(
            "SELECT is_local, user FROM system.clusters WHERE cluster = 'shards' ORDER BY shard_num",
        )
    assert [row["is_local"] for row in known] == [1, 0]
    passwords = read_access(filled.shards.servers[1].home).passwords.values()
    assert not [password for password in passwords if password in json.dumps(known)]


def test_tables_of_a_single_warehouse_are_replaced_and_removed_when_no_build_makes_them(filled: Filled) -> None:
    kinds = "SELECT name, engine FROM system.tables WHERE database = 'lens' AND startsWith(name, 'probe') ORDER BY name"
    with filled.shards.on(1) as warehouse:
        for database in ("lens", "lens_shard"):
            columns = "(project_id String) ENGINE = MergeTree ORDER BY project_id"
            warehouse.command(f"CREATE TABLE {database}.probe {columns}")
            warehouse.command(f"CREATE VIEW {database}.probe_weekly AS SELECT project_id FROM {database}.probe")
        assert span_shards(warehouse, filled.shards.settings, filled.shard_of) == ["probe", "probe_weekly"]
        assert [row["engine"] for row in warehouse.rows(kinds)] == ["Distributed", "Distributed"]
        warehouse.command("DROP VIEW lens_shard.probe_weekly SYNC")
        warehouse.command("DROP TABLE lens_shard.probe SYNC")
        assert span_shards(warehouse, filled.shards.settings, filled.shard_of) == []
        assert warehouse.rows(kinds) == []


def test_tables_of_a_single_warehouse_belong_to_its_shard_from_the_start(
    start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else SQL users, whose row policies are on the tables of a shard, would read those that are left in `lens`."""
    alone = start_embedded(tmp_path / "home").wait()
    with Warehouse(alone.url) as warehouse:
        warehouse.command("CREATE TABLE lens.probe (project_id String) ENGINE = MergeTree ORDER BY project_id")
        warehouse.command("INSERT INTO lens.probe VALUES ('a'), ('b')")
        warehouse.command("CREATE VIEW lens.probe_names AS SELECT project_id FROM lens.probe")
    homes = f"{tmp_path / 'home'}:{alone.native_port},{tmp_path / 'other'}:{free_port()}"
    alone.environment |= {"EVENTLENS_SHARD_HOMES": homes}
    alone.process.terminate()
    alone.restart()
    with Warehouse(alone.url) as warehouse:
        kinds = (
            "SELECT database, name, engine FROM system.tables WHERE startsWith(name, 'probe') ORDER BY database, name"
        )
        assert [tuple(row.values()) for row in warehouse.rows(kinds)] == [
            ("lens", "probe", "Distributed"),
            ("lens_shard", "probe", "MergeTree"),
        ]
        assert warehouse.value("SELECT count() FROM lens_shard.probe") == 2
    with closing(open_registry(read_settings(alone.environment))) as registry:
        create_project(registry, "elsewhere", 2)
    del alone.environment["EVENTLENS_SHARD_HOMES"]
    alone.process.terminate()
    with pytest.raises(AssertionError, match="shards_missing: 1 projects are on other shards"):
        alone.restart()
